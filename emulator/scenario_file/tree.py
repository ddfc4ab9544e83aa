"""A scenario's text as a tree of texts, lists and mappings that know where they stand, and the problems found in it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from emulator.errors import Problem
from emulator.scenario_file.grammar import printable

PROBLEMS_LIMIT = 200
"""About how many problems of one scenario are listed."""


class Node(Struct, kw_only=True, eq=False):
    """Something in the text: line and column from 1, and where in the text it starts and ends."""

    line: int
    column: int
    start: int
    end: int


class Text(Node, kw_only=True, eq=False):
    """A scalar. `plain` when it stands without quotes."""

    value: str
    plain: bool = True


class Items(Node, kw_only=True, eq=False):
    """A list."""

    items: list[Node]
    flow: bool = False


class Entry(Struct, eq=False):
    """A key and its value."""

    key: Text
    value: Node


class Entries(Node, kw_only=True, eq=False):
    """A mapping."""

    entries: list[Entry]
    flow: bool = False

    def find(self, key: str) -> Node | None:
        """The value of a key, None when it is not there."""
        return next((entry.value for entry in self.entries if entry.key.value == key), None)


class Broken(Node, kw_only=True, eq=False):
    """Something whose problem has been told already: nobody complains about it again."""


class Enough(Exception):
    """So many problems that looking for more helps nobody."""


class Findings:
    """The problems found so far, each with the node it is about."""

    def __init__(self) -> None:
        self._found: list[tuple[Node, str, str, str]] = []
        self.expressions = 0
        """How large the regular expressions are that were read so far, taken together."""

    def error(self, node: Node, message: str, remedy: str = "") -> None:
        """Something that must be changed."""
        self._add(node, message, remedy, "error")

    def warn(self, node: Node, message: str, remedy: str = "") -> None:
        """Something that is allowed, but probably not meant."""
        self._add(node, message, remedy, "warning")

    def problems(self, root: Node | None) -> tuple[Problem, ...]:
        """All of them in the order of the text; `root` is the tree that the nodes belong to."""
        found = sorted(self._found, key=lambda each: (each[0].line, each[0].column))
        return tuple(
            Problem(message, remedy=remedy, line=node.line, column=node.column, path=path(root, node), level=level)
            for node, message, remedy, level in found
        )

    def _add(self, node: Node, message: str, remedy: str, level: str) -> None:
        full = len(self._found) >= PROBLEMS_LIMIT
        if level == "error" or not full:
            self._found.append((node, message, remedy, level))
        if level == "error" and full:
            raise Enough


def path(root: Node | None, target: Node) -> str:
    """Where a node is in the tree, as in `rules[2].then[1]`; empty for the root."""
    return "" if root is None else (_path(root, target) or "").lstrip(".")


def children(node: Node | None) -> Iterator[Node]:
    """The nodes directly inside: items, or the values of entries."""
    if isinstance(node, Items):
        yield from node.items
    elif isinstance(node, Entries):
        yield from (entry.value for entry in node.entries)


def texts(node: Node) -> Iterator[Text]:
    """Every text inside a node, itself included, keys not."""
    if isinstance(node, Text):
        yield node
    for child in children(node):
        yield from texts(child)


def kind(node: Node) -> str:
    """What a node is, in words."""
    if isinstance(node, Text):
        return "nothing" if node.plain and not node.value else "text"
    return "a list" if isinstance(node, Items) else "a mapping"


def _path(node: Node, target: Node) -> str | None:
    if node is target:
        return ""
    if isinstance(node, Items):
        return _within(node.items, lambda number: f"[{number}]", target)
    if isinstance(node, Entries):
        keys = [entry.key for entry in node.entries]
        if target in keys:
            return _name(target)
        return _within(list(children(node)), lambda number: _name(keys[number]), target)
    return None


def _name(key: Node) -> str:
    return f".{printable(key.value[:40])}" if isinstance(key, Text) else ""


def _within(nodes: Sequence[Node], name: Callable[[int], str], target: Node) -> str | None:
    # children stand in the order of the text, so only those around the target's place can hold it
    position = bisect_right(nodes, target.start, key=lambda each: each.start)
    for number in range(min(position, len(nodes) - 1), max(-1, position - 3), -1):
        found = _path(nodes[number], target)
        if found is not None:
            return name(number) + found
    return None
