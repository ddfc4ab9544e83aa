"""Which rules a request could match, found without trying each: exact texts in a dictionary, patterns in RE2 sets."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from emulator.conditions import Facts, TextCondition, texts
from emulator.patterns import AnyOf, Glob, Not, Pattern, Regex, literals
from emulator.scenario import Rule

INDEXED_ABOVE = 8
"""With more rules than this they are indexed by what they ask of `to`, `from` or `body`."""

_SET_MEMORY = 64 << 20
"""Bytes RE2 may use for one set; it frees and refills its cache within that."""


class RuleIndex:
    """Rules in their order, and which of them a request could match."""

    __slots__ = ("_always", "_by_field", "rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._always: tuple[int, ...] = tuple(range(len(rules)))
        self._by_field: list[_FieldIndex] = []
        if len(rules) > INDEXED_ABOVE:
            self._build()

    def candidates(self, facts: Facts) -> Iterator[Rule] | Sequence[Rule]:
        """The rules that may match, in order."""
        if not self._by_field:
            return self.rules
        positions = set(self._always)
        for field in self._by_field:
            positions.update(field.positions(texts(field.key, facts)))
        return (self.rules[position] for position in sorted(positions))

    def _build(self) -> None:
        fields = {key: _FieldIndex(key) for key in ("to", "from", "body")}
        always = []
        for position, rule in enumerate(self.rules):
            condition = _indexable(rule)
            if condition is None:
                always.append(position)
            else:
                fields[condition.key].add(position, condition.pattern)
        for field in fields.values():
            always += field.finish()
        self._always = tuple(always)
        self._by_field = [field for field in fields.values() if field]


class _FieldIndex:
    """Positions of rules by the text they want."""

    __slots__ = ("_exact", "_owners", "_patterns", "_set", "key")

    def __init__(self, key: str) -> None:
        self.key = key
        self._exact: dict[str, list[int]] = {}
        self._patterns: list[str] = []
        self._owners: list[int] = []
        self._set: Any = None  # re2.Set, which has no type stubs

    def __bool__(self) -> bool:
        return bool(self._exact) or self._set is not None

    def add(self, position: int, pattern: Pattern) -> None:
        exact = literals(pattern)
        if exact is not None:
            for text in exact:
                self._exact.setdefault(text, []).append(position)
            return
        for source in _re2_sources(pattern):
            self._patterns.append(source)
            self._owners.append(position)

    def finish(self) -> list[int]:
        """Compile the patterns; returns the positions of those that are too large together and so must be tried."""
        if not self._patterns:
            return []
        import re2  # noqa: PLC0415 - only scenarios with many patterns pay

        options = re2.Options()
        options.log_errors = False
        options.max_mem = _SET_MEMORY
        patterns = re2.Set.SearchSet(options)
        try:
            for source in self._patterns:
                patterns.Add(source)
            patterns.Compile()
        except re2.error:
            return self._owners
        self._set = patterns
        return []

    def positions(self, values: Sequence[str]) -> Iterator[int]:
        for value in values:
            yield from self._exact.get(value, ())
            if self._set is not None:
                for found in self._set.Match(value) or ():
                    yield self._owners[found]


def _indexable(rule: Rule) -> TextCondition | None:
    found = {
        condition.key: condition
        for condition in rule.when
        if isinstance(condition, TextCondition) and not isinstance(condition.pattern, Not)
    }
    return found.get("to") or found.get("from") or found.get("body")


def _re2_sources(pattern: Pattern) -> Iterator[str]:
    if isinstance(pattern, AnyOf):
        for each in pattern.patterns:
            yield from _re2_sources(each)
    elif isinstance(pattern, Glob):
        yield "(?s)^" + ".*".join(re.escape(part) for part in pattern.text.split("*")) + "$"
    elif isinstance(pattern, Regex):
        body, _, flags = pattern.text[1:].rpartition("/")
        yield f"(?i){body}" if flags else body
    else:
        yield ""
