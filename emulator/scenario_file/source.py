"""Scenario text to tree: the only reader of YAML, and of JSON, which is YAML too.

The text may come from anybody. Events are taken one by one and counted, so depth, size and time are bounded; what
could make a small text large (anchors, aliases, merges) or strange (tags, several documents) is refused.
"""

import re
from typing import NoReturn, Protocol

import yaml
from msgspec import Struct, field

from emulator.scenario_file.grammar import quoted
from emulator.scenario_file.tree import Broken, Entries, Entry, Findings, Items, Node, Text

SIZE_LIMIT = 1 << 20
DEPTH_LIMIT = 20
NODES_LIMIT = 200_000

_TOO_DEEP = (f"nested more than {DEPTH_LIMIT} deep", "nothing in a scenario goes that deep")

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TAG_DIRECTIVE = re.compile("^%TAG", re.MULTILINE)
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_QUOTES = "put quotes around a text with : # { } [ ] , in it, or beginning with * & ! | > @ ` % or a quote"


class Unusable(Exception):
    """The text has no tree at all, because of the last of the findings."""


def decoded(source: str | bytes, findings: Findings, *, name: str) -> str:
    """The text of a file or body, without its byte order mark. Raises Unusable."""
    size = len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        _refuse(findings, f"{name} has {size} bytes", f"a scenario has at most {SIZE_LIMIT}")
    text = source if isinstance(source, str) else _utf8(source, findings)
    text = text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(text):
        remedy = f'inside double quotes write it as an escape: "\\u{ord(found[0]):04x}"'
        _refuse(findings, f"character U+{ord(found[0]):04X} is not allowed", remedy, at=text[: found.start()])
    if text.lstrip().startswith("{"):
        # JSON writes what lies beyond the basic plane as two escapes, YAML as one
        text = _SURROGATES.sub(_joined, text)
    return text


def _utf8(source: bytes, findings: Findings) -> str:
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8")
        _refuse(findings, f"byte 0x{source[error.start]:02x} is not UTF-8", "save the file as UTF-8", at=before)


def tree(text: str, findings: Findings, *, name: str) -> Node:
    """The tree of a text that was `decoded`. Raises Unusable."""
    if found := _TAG_DIRECTIVE.search(text):
        _refuse(findings, "a scenario has no tags", "leave %TAG out", at=text[: found.start()])
    composer = _Composer(findings, name)
    try:
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        _explain(error, text, findings)
        raise Unusable from None
    if composer.root is None:
        _refuse(findings, f"{name} is empty", "write version: 1, and rules below it")
    return composer.root


class _Open(Struct):
    """A list or mapping whose end has not come yet: of a mapping also the key that waits, and the keys so far."""

    node: Items | Entries
    key: Text | None = None
    seen: dict[str, int] = field(default_factory=dict)


class _Composer:
    """Builds the tree from events, in a loop: no depth of nesting can exhaust the stack."""

    def __init__(self, findings: Findings, name: str) -> None:
        self.root: Node | None = None
        self._findings = findings
        self._name = name
        self._open: list[_Open] = []
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        place = _place(event.start_mark, event.end_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(place)
        elif isinstance(event, yaml.AliasEvent):
            name = (event.anchor or "")[:40]
            remedy = f'for a text that begins with * write "*{name}"; to say steps once, name a timeline'
            alias = Broken(**_where(place))
            self._findings.error(alias, "aliases are not read", remedy)
            self._put(alias)
        elif isinstance(event, yaml.ScalarEvent):
            text = Text(**_where(place), value=event.value, plain=not event.style)
            self._properties(event, text)
            self._put(text)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, place)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop().node.end = place.end

    def _document(self, place: Node) -> None:
        if self.root is not None:
            self._findings.error(place, f"a second document begins in {self._name}", "keep one scenario in a file")
            raise Unusable

    def _properties(self, event: yaml.NodeEvent, node: Node) -> None:
        if event.anchor is not None:
            remedy = "for a text that begins with & use quotes; to say steps once, name a timeline"
            self._findings.error(node, "anchors are not read", remedy)
        if getattr(event, "tag", None) is not None:
            self._findings.error(
                node, "tags are not read", "every value is text; put quotes around one that begins with !"
            )

    def _begin(self, event: yaml.CollectionStartEvent, place: Node) -> None:
        if len(self._open) >= DEPTH_LIMIT:
            self._findings.error(place, *_TOO_DEEP)
            raise Unusable
        flow = bool(event.flow_style)
        node: Items | Entries
        if isinstance(event, yaml.SequenceStartEvent):
            node = Items(**_where(place), items=[], flow=flow)
        else:
            node = Entries(**_where(place), entries=[], flow=flow)
        self._properties(event, node)
        self._put(node)
        self._open.append(_Open(node))

    def _put(self, node: Node) -> None:
        self._count += 1
        if self._count > NODES_LIMIT:
            self._findings.error(node, f"more than {NODES_LIMIT} values", "split the scenario")
            raise Unusable
        if not self._open:
            self.root = node
            return
        inside = self._open[-1]
        if isinstance(inside.node, Items):
            inside.node.items.append(node)
        elif inside.key is None:
            inside.key = self._as_key(node, inside.seen)
        else:
            inside.node.entries.append(Entry(inside.key, node))
            inside.key = None

    def _as_key(self, node: Node, seen: dict[str, int]) -> Text:
        if not isinstance(node, Text):
            self._findings.error(node, "a key is one word, not a list or mapping", _QUOTES)
            raise Unusable
        if node.value in seen:
            remedy = f"it stands on line {seen[node.value]} already; keep one of them"
            self._findings.error(node, f"key {quoted(node.value)} is written twice", remedy)
        seen.setdefault(node.value, node.line)
        return node


class _Mark(Protocol):
    """A place as the parser in C or the one in Python tells it, from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def index(self) -> int: ...


def _explain(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> None:
    """Say what the parser found in words for somebody who writes scenarios."""
    mark = _place(error.problem_mark, error.problem_mark)
    begun = _place(error.context_mark, error.context_mark)
    problem, context = str(error.problem), str(error.context or "")
    char = text[mark.start : mark.start + 1]
    message, remedy = _SAID.get(problem, (f"not YAML: {problem}", _QUOTES))
    if problem == "found character that cannot start any token" and char == "\t":
        message, remedy = "a tab cannot indent", "indent with spaces"
    elif problem == "found character that cannot start any token":
        message, remedy = f"a text that begins with {char} needs quotes", f'write "{char}…"'
    elif context == "while scanning an alias":
        mark, message, remedy = begun, "a text that begins with * needs quotes", 'write "*…"'
    elif problem == "found unexpected end of stream":
        mark, message, remedy = begun, "a quote is opened here and never closed", f"close it, or {_QUOTES}"
    elif problem in _UNCLOSED:
        message = f"the {_UNCLOSED[problem]} opened on line {begun.line} is not closed before this"
        remedy = f"close it, or {_QUOTES}"
    elif problem in _OUT_OF_LINE:
        message, remedy = "this does not fit in here", f"indent it like its neighbours; {_QUOTES}"
    findings.error(mark, message, remedy)


_SAID = {
    "found unknown escape character": (
        "unknown escape in double quotes",
        "in single quotes a backslash stands for itself: '/\\d{6}/'",
    ),
    "did not find expected node content": (
        "a value is missing here, or a bracket is not closed",
        f"write it, or {_QUOTES}",
    ),
    "mapping values are not allowed in this context": ("a colon where no key can stand", _QUOTES),
    # the parser's own limit, which it meets while it reads ahead of what it tells
    "exceeded maximum nesting depth": _TOO_DEEP,
}
_UNCLOSED = {
    "did not find expected ',' or ']'": "bracket [",
    "did not find expected ',' or '}'": "brace {",
}
_OUT_OF_LINE = {"did not find expected key", "did not find expected '-' indicator", "could not find expected ':'"}


def _refuse(findings: Findings, message: str, remedy: str, *, at: str = "") -> NoReturn:
    """Report a problem at the end of `at`, the text before it, and give up."""
    line_start = at.rfind("\n") + 1
    column = len(at) - line_start + 1
    findings.error(Node(line=at.count("\n") + 1, column=column, start=len(at), end=len(at)), message, remedy)
    raise Unusable


def _place(start: _Mark | None, end: _Mark | None) -> Node:
    if start is None or end is None:
        return Node(line=1, column=1, start=0, end=0)
    return Node(line=start.line + 1, column=start.column + 1, start=start.index, end=end.index)


def _where(place: Node) -> dict[str, int]:
    return {"line": place.line, "column": place.column, "start": place.start, "end": place.end}


def _joined(found: re.Match[str]) -> str:
    high, low = int(found[2], 16) - 0xD800, int(found[3], 16) - 0xDC00
    return f"{found[1]}\\U{0x10000 + (high << 10) + low:08X}"
