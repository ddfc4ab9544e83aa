"""What a value can be: each kind reads a node of the tree, and tells an editor the same in JSON Schema.

One object does both, so what is read and what an editor is told cannot drift apart.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar, cast

from emulator.scenario_file.grammar import Unreadable, nearest, quoted
from emulator.scenario_file.tree import Broken, Entries, Findings, Items, Node, Text, kind

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)

Schema = dict[str, object]

_TYPED = {"number": ("1", "42", "503", "30003", "+15550100001"), "boolean": ("true",)}
"""Texts that an editor takes for something else when they are not quoted."""


class Kind(ABC, Generic[T_co]):
    """A kind of value. `what` is how one would say it: `a duration`; `example` is what one could write."""

    what: str
    example = ""

    def read(self, node: Node, findings: Findings) -> T_co | None:
        """The value of a node; None when it has none, which the findings then tell."""
        return None if isinstance(node, Broken) else self._read(node, findings)

    @abstractmethod
    def schema(self, definitions: Schema) -> Schema:
        """The same in JSON Schema; shared parts go to `definitions`."""

    @abstractmethod
    def _read(self, node: Node, findings: Findings) -> T_co | None: ...

    def _expected(self, node: Node, findings: Findings, remedy: str = "") -> None:
        remedy = remedy or (f"write {self.example}" if self.example else "")
        findings.error(node, f"expected {self.what}, found {kind(node)}", remedy)


class Scalar(Kind[T_co]):
    """A text that a grammar reads. `shape` is a regular expression, or the words there are."""

    def __init__(
        self, what: str, parse: Callable[[str], T_co], shape: str | Sequence[str] = "", example: str = ""
    ) -> None:
        self.what = what
        self._parse = parse
        self._shape = shape
        self.example = example

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        if not isinstance(node, Text) or is_nothing(node):
            self._expected(node, findings)
            return None
        try:
            return self._parse(node.value)
        except Unreadable as error:
            findings.error(node, error.message, error.remedy)
            return None

    def schema(self, definitions: Schema) -> Schema:
        if not isinstance(self._shape, str):
            return {"enum": [value for word in self._shape for value in _as_typed(word)]}
        # an editor sees numbers and booleans where this reader sees text
        typed = [name for name, texts in _TYPED.items() if any(re.search(self._shape, text) for text in texts)]
        found: Schema = {"type": ["string", *typed]}
        return found | {"pattern": self._shape} if self._shape else found


def words(what: str, meanings: Mapping[str, T]) -> Scalar[T]:
    """One of some words, each with its meaning."""

    def parse(text: str) -> T:
        if text not in meanings:
            raise Unreadable(f"{quoted(text)} is not {what}", nearest(text, meanings))
        return meanings[text]

    return Scalar(what, parse, tuple(meanings), next(iter(meanings)))


class ListOf(Kind[tuple[T_co, ...]]):
    """A list of one kind, of `least` to `most`; with `single`, one value alone stands for a list of it."""

    def __init__(
        self, what: str, item: Kind[T_co], *, most: int, least: int = 0, single: bool = False, example: str = ""
    ) -> None:
        self.what = what
        self.example = example
        self.item = item
        self._most = most
        self._least = least
        self._single = single

    def _read(self, node: Node, findings: Findings) -> tuple[T_co, ...] | None:
        if not isinstance(node, Items):
            if not self._single:
                self._expected(node, findings)
                return None
            value = self.item.read(node, findings)
            return None if value is None else (value,)
        if not self._least <= len(node.items) <= self._most:
            findings.error(node, f"{len(node.items)} entries", f"write {self._least} to {self._most}")
            return None
        values = [self.item.read(each, findings) for each in node.items]
        return tuple(value for value in values if value is not None)

    def schema(self, definitions: Schema) -> Schema:
        inner = self.item.schema(definitions)
        found: Schema = {"type": "array", "items": inner, "maxItems": self._most, "minItems": self._least}
        return {"anyOf": [inner, found]} if self._single else found


class MapOf(Kind[dict[str, T_co]]):
    """A mapping from names that a grammar reads to one kind."""

    def __init__(
        self, what: str, name: Callable[[str], str], shape: str, value: Kind[T_co], *, most: int, example: str
    ) -> None:
        self.what = what
        self.example = example
        self._name = name
        self._shape = shape
        self._value = value
        self._most = most

    def _read(self, node: Node, findings: Findings) -> dict[str, T_co] | None:
        if not isinstance(node, Entries):
            self._expected(node, findings)
            return None
        if len(node.entries) > self._most:
            findings.error(node, f"{len(node.entries)} entries", f"write at most {self._most}")
            return None
        found = {}
        for entry in node.entries:
            try:
                name = self._name(entry.key.value)
            except Unreadable as error:
                findings.error(entry.key, error.message, error.remedy)
                continue
            value = self._value.read(entry.value, findings)
            if value is not None:
                found[name] = value
        return found

    def schema(self, definitions: Schema) -> Schema:
        inner = self._value.schema(definitions)
        return {"type": "object", "propertyNames": {"pattern": self._shape}, "additionalProperties": inner}


class Either(Kind[T_co]):
    """One kind when it is written as a text, others when it is a list or a mapping."""

    def __init__(
        self,
        what: str,
        *,
        text: Kind[T_co] | None = None,
        items: Kind[T_co] | None = None,
        entries: Kind[T_co] | None = None,
        example: str = "",
    ) -> None:
        self.what = what
        self.example = example
        self._kinds = {Text: text, Items: items, Entries: entries}

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        chosen = self._kinds.get(type(node))
        if chosen is None or (isinstance(node, Text) and is_nothing(node)):
            self._expected(node, findings)
            return None
        return chosen.read(node, findings)

    def schema(self, definitions: Schema) -> Schema:
        return {"anyOf": [kind.schema(definitions) for kind in self._kinds.values() if kind is not None]}


class As(Kind[T_co]):
    """Another kind, its value made into something else."""

    def __init__(self, inner: Kind[U], make: Callable[[U], T_co]) -> None:
        self.what = inner.what
        self._inner: Kind[object] = inner
        self._make = cast("Callable[[object], T_co]", make)

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        value = self._inner.read(node, findings)
        return None if value is None else self._make(value)

    def schema(self, definitions: Schema) -> Schema:
        return self._inner.schema(definitions)


class Named(Kind[T_co]):
    """A kind that stands under a name in the schema, because several places or itself refer to it."""

    def __init__(self, name: str, inner: Kind[T_co]) -> None:
        self.what = inner.what
        self._name = name
        self._inner = inner

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        return self._inner.read(node, findings)

    def schema(self, definitions: Schema) -> Schema:
        if self._name not in definitions:
            definitions[self._name] = True  # holds the place while the inner kind refers to itself
            definitions[self._name] = self._inner.schema(definitions)
        return {"$ref": f"#/definitions/{self._name}"}


class Empty(Kind[T_co]):
    """Another kind, which may also be left empty: a key with nothing after it has the value `empty`."""

    def __init__(self, inner: Kind[T_co], empty: T_co) -> None:
        self.what = inner.what
        self._inner = inner
        self._empty = empty

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        return self._empty if isinstance(node, Text) and is_nothing(node) else self._inner.read(node, findings)

    def schema(self, definitions: Schema) -> Schema:
        return {"anyOf": [self._inner.schema(definitions), {"type": "null"}]}


def is_nothing(node: Text) -> bool:
    """Whether a key has nothing after it."""
    return node.plain and not node.value


def _as_typed(word: str) -> list[object]:
    """A word, and what an editor takes it for when it is not quoted."""
    typed: dict[str, object] = {"yes": True, "true": True, "no": False, "false": False}
    if word.isdigit():
        return [word, int(word)]
    return [word, typed[word]] if word in ("true", "false") else [word]
