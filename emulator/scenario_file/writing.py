"""Values as YAML: a whole value on one line, quoted only where it must be."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from emulator.scenario_file.tree import Entries, Items, Node, Text

Value: TypeAlias = "str | Sequence[Value] | Mapping[str, Value]"
"""What a scenario is written from: texts, lists and mappings."""

_PLAIN = re.compile(r"[A-Za-z0-9~][A-Za-z0-9~+%._/-]*( [A-Za-z0-9~+%._/-]+)*")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def flow(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    return "[" + ", ".join(flow(each) for each in value) + "]"


def block(body: Mapping[str, Value], indent: str) -> str:
    """A mapping with a line for each key, the later ones indented."""
    return f"\n{indent}".join(f"{scalar(key)}: {flow(value)}" for key, value in body.items())


def scalar(text: str) -> str:
    """A text, in quotes unless it is as plain as can be."""
    return text if _PLAIN.fullmatch(text) and text not in ("null", "~") else quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, for YAML and JSON alike."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def plain(node: Node) -> dict[str, Value]:
    """The keys and values of a mapping of the tree."""
    return {entry.key.value: _plain(entry.value) for entry in node.entries} if isinstance(node, Entries) else {}


def _plain(node: Node) -> Value:
    if isinstance(node, Text):
        return node.value
    return [_plain(each) for each in node.items] if isinstance(node, Items) else plain(node)
