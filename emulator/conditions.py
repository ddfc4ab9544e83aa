"""What a rule asks of a request: the matchers of `when`, each able to say in words what it wanted.

Patterns come from untrusted files and run on untrusted text, so regular expressions are RE2's (time linear in the
text, no backtracking) and globs are searched star by star.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from emulator.clock import format_duration
from emulator.ids import draw
from emulator.model import channel_of, number_of

DAY = 86_400_000
BUCKETS_LIMIT = 10_000
"""How many senders or recipients one account's rates are counted for; the one seen longest ago is forgotten first."""


class Facts(Struct, kw_only=True):
    """Everything a rule may ask about one request. Instants in milliseconds."""

    request: str = "send"
    to: str = ""
    sender: str = ""
    body: str = ""
    media: tuple[str, ...] = ()
    segments: int = 1
    nth: int = 1
    state: str = "none"
    mode: str = "normal"
    now: int = 0
    started: int = 0
    seed: int = 0

    @property
    def recipient(self) -> str:
        """The recipient's number without its channel."""
        return number_of(self.to)

    @property
    def channel(self) -> str:
        """The channel of the recipient."""
        return channel_of(self.to)


class Buckets:
    """Token buckets of `over`: a rate's burst is one period's worth. Bounded by `BUCKETS_LIMIT`."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def take(self, key: tuple[str, str], *, limit: int, period: int, now: int) -> bool:
        """Take one token; False when there is none, and then nothing is counted."""
        tokens, since = self._buckets.pop(key, (float(limit), now))
        tokens = min(float(limit), tokens + max(0, now - since) * limit / period)
        passed = tokens >= 1
        self._buckets[key] = (tokens - 1 if passed else tokens, now)
        if len(self._buckets) > BUCKETS_LIMIT:
            self._buckets.popitem(last=False)
        return passed

    def clear(self) -> None:
        """Forget every count."""
        self._buckets.clear()


class Trial:
    """One rule tried on one request: the facts, what was captured on the way, and the rates to count against."""

    __slots__ = ("buckets", "captures", "facts", "rule")

    def __init__(self, facts: Facts, rule: str, buckets: Buckets | None) -> None:
        self.facts = facts
        self.rule = rule
        self.buckets = buckets
        self.captures: dict[str, str] = {}


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


class Condition(Protocol):
    """One line of `when`."""

    @property
    def key(self) -> str:
        """Its key in the language."""

    @property
    def expected(self) -> str:
        """What it wants, in words."""

    def actual(self, facts: Facts) -> str:
        """What the request has instead."""

    def holds(self, trial: Trial) -> bool:
        """Whether the request satisfies it."""


class TextCondition(Struct, frozen=True):
    """`to`, `from`, `body` or `media` against a pattern; identities with and without their channel prefix."""

    key: str
    pattern: Pattern

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return self.pattern.text

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return ", ".join(facts.media) if self.key == "media" else texts(self.key, facts)[0]

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        return self.pattern.found(texts(self.key, trial.facts), trial.captures)


class WordCondition(Struct, frozen=True):
    """`channel`, `request`, `state` or `mode`: one of some words."""

    key: str
    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return " or ".join(self.words)

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return str(getattr(facts, self.key))

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        return getattr(trial.facts, self.key) in self.words


class CountCondition(Struct, frozen=True, kw_only=True):
    """`segments` or `nth`: a number, a range with both ends included, or `every` so many."""

    key: str
    low: int = 1
    high: int | None = None
    every: int = 0

    @property
    def expected(self) -> str:
        """See `Condition`."""
        if self.every:
            return f"every {self.every}"
        if self.low == self.high:
            return str(self.low)
        return f"{self.low}..{self.high if self.high is not None else ''}"

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return str(getattr(facts, self.key))

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        count: int = getattr(trial.facts, self.key)
        if self.every:
            return count % self.every == 0
        return self.low <= count and (self.high is None or count <= self.high)


class ChanceCondition(Struct, frozen=True):
    """`chance: 2%`: a draw that stays with the recipient, the request's number and the rule."""

    share: float
    key: str = "chance"

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return f"{self.share * 100:g}%"

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return "drawn otherwise"

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        facts = trial.facts
        return draw(facts.seed, facts.recipient, facts.nth, trial.rule, "chance") < self.share


class OverCondition(Struct, frozen=True, kw_only=True):
    """`over: 5/s per from`: this request is one too many; counts only what it lets pass."""

    limit: int
    period: int
    per: str
    text: str
    key: str = "over"

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return f"over {self.text}"

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return "within the rate"

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        facts = trial.facts
        whose = {"from": number_of(facts.sender), "to": facts.recipient}.get(self.per, "")
        if trial.buckets is None:
            return False
        return not trial.buckets.take((trial.rule, whose), limit=self.limit, period=self.period, now=facts.now)


class DuringCondition(Struct, frozen=True, kw_only=True):
    """`during: 1h..1h10m` since the account's clock started; the end is not included."""

    low: int = 0
    high: int | None = None
    key: str = "during"

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return f"{format_duration(self.low)}..{'' if self.high is None else format_duration(self.high)}"

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return format_duration(max(0, facts.now - facts.started))

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        passed = trial.facts.now - trial.facts.started
        return self.low <= passed and (self.high is None or passed < self.high)


class BetweenCondition(Struct, frozen=True, kw_only=True):
    """`between: 22:00..06:00`: time of day in UTC, over midnight if it must; the end is not included."""

    low: int
    high: int
    key: str = "between"

    @property
    def expected(self) -> str:
        """See `Condition`."""
        return f"{_time_of_day(self.low)}..{_time_of_day(self.high)}"

    def actual(self, facts: Facts) -> str:
        """See `Condition`."""
        return _time_of_day(facts.now % DAY)

    def holds(self, trial: Trial) -> bool:
        """See `Condition`."""
        moment = trial.facts.now % DAY
        if self.low <= self.high:
            return self.low <= moment < self.high
        return moment >= self.low or moment < self.high


def compile_regex(pattern: str, *, ignore_case: bool = False) -> Regex:
    """A regular expression in RE2's syntax. Raises ValueError saying what is wrong with it."""
    import re2  # noqa: PLC0415 - 11 ms that only scenarios with regular expressions pay

    options = re2.Options()
    options.log_errors = False
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


def texts(key: str, facts: Facts) -> Sequence[str]:
    """What a text condition looks at."""
    if key == "to":
        return facts.to, number_of(facts.to)
    if key == "from":
        return facts.sender, number_of(facts.sender)
    return (facts.body,) if key == "body" else facts.media


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


def _time_of_day(moment: int) -> str:
    return f"{moment // 3_600_000:02d}:{moment // 60_000 % 60:02d}"
