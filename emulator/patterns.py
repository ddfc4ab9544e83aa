"""What a text is compared with: text with `*`, regular expressions, lists of them, negations.

Patterns come from untrusted files and run on untrusted text, so regular expressions are RE2's (time linear in the
text, no backtracking) and globs are searched star by star.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

REGEX_MEMORY = 1 << 18
"""Bytes RE2 may use for one expression, program and cache; a larger expression is refused."""


class Pattern(Protocol):
    """Text with `*`, a regular expression, or a combination of them."""

    @property
    def text(self) -> str:
        """As it was written."""

    def found(self, values: Sequence[str], captures: dict[str, str]) -> bool:
        """Whether any of the values matches; named groups go to `captures`."""


class Glob(Struct, frozen=True):
    """Text in which `*` stands for any text, also none; the whole value must match."""

    text: str

    def found(self, values: Sequence[str], captures: dict[str, str]) -> bool:
        """See `Pattern`."""
        if "*" not in self.text:
            return self.text in values
        parts = self.text.split("*")
        return any(_glob(parts, value) for value in values)


class Regex(Struct, frozen=True, eq=False):
    """`/regex/` or `/regex/i`, found anywhere in the value. The same text is the same expression."""

    text: str
    compiled: Any  # re2's pattern type has no public name

    @property
    def size(self) -> int:
        """How large it is, in RE2's instructions."""
        return int(self.compiled.programsize)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regex) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def found(self, values: Sequence[str], captures: dict[str, str]) -> bool:
        """See `Pattern`."""
        for value in values:
            if match := self.compiled.search(value):
                captures.update((k, v) for k, v in match.groupdict().items() if v is not None)
                return True
        return False


class AnyOf(Struct, frozen=True):
    """A list: one of them must match."""

    patterns: tuple[Pattern, ...]

    @property
    def text(self) -> str:
        """The list as one would say it."""
        return "any of " + ", ".join(pattern.text for pattern in self.patterns)

    def found(self, values: Sequence[str], captures: dict[str, str]) -> bool:
        """See `Pattern`."""
        return any(pattern.found(values, captures) for pattern in self.patterns)


class Not(Struct, frozen=True):
    """`{not: …}`: none of the values may match."""

    pattern: Pattern

    @property
    def text(self) -> str:
        """The negation in words."""
        return f"not {self.pattern.text}"

    def found(self, values: Sequence[str], captures: dict[str, str]) -> bool:
        """See `Pattern`."""
        return not self.pattern.found(values, {})


def compile_regex(pattern: str, *, ignore_case: bool = False) -> Regex:
    """A regular expression in RE2's syntax. Raises ValueError saying what is wrong with it."""
    import re2  # noqa: PLC0415 - 11 ms that only scenarios with regular expressions pay

    options = re2.Options()
    options.log_errors = False
    options.max_mem = REGEX_MEMORY
    options.case_sensitive = not ignore_case
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as wrong:
        reason = wrong.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    return Regex(f"/{pattern}/{'i' if ignore_case else ''}", compiled)


def pattern(text: str) -> Pattern:
    """Read `text with *`, `/regex/` or `/regex/i`. Raises ValueError saying what is wrong with the expression."""
    if len(text) > 1 and text.startswith("/"):
        body, slash, flags = text[1:].rpartition("/")
        if slash and flags in ("", "i"):
            return compile_regex(body, ignore_case=flags == "i")
    return Glob(text)


def literals(pattern: Pattern) -> Iterable[str] | None:
    """The exact texts a pattern can match, or None when it can match others."""
    if isinstance(pattern, Glob) and "*" not in pattern.text:
        return (pattern.text,)
    if isinstance(pattern, AnyOf):
        found = [literals(each) for each in pattern.patterns]
        if all(each is not None for each in found):
            return [text for each in found for text in each or ()]
    return None


def _glob(parts: list[str], value: str) -> bool:
    first, last = parts[0], parts[-1]
    if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
        return False
    start, end = len(first), len(value) - len(last)
    for part in parts[1:-1]:
        start = value.find(part, start, end)
        if start < 0:
            return False
        start += len(part)
    return True
