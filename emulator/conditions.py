"""What a rule asks of a request: the matchers of `when`, each able to say in words what it wanted."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from emulator.clock import format_duration
from emulator.ids import draw
from emulator.model import channel_of, number_of
from emulator.patterns import Pattern

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


class Trial:
    """One rule tried on one request: the facts, what was captured on the way, and the rates to count against."""

    __slots__ = ("buckets", "captures", "facts", "rule")

    def __init__(self, facts: Facts, rule: str, buckets: Buckets | None) -> None:
        self.facts = facts
        self.rule = rule
        self.buckets = buckets
        self.captures: dict[str, str] = {}


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


def texts(key: str, facts: Facts) -> Sequence[str]:
    """What a text condition looks at."""
    if key == "to":
        return facts.to, number_of(facts.to)
    if key == "from":
        return facts.sender, number_of(facts.sender)
    return (facts.body,) if key == "body" else facts.media


def _time_of_day(moment: int) -> str:
    return f"{moment // 3_600_000:02d}:{moment // 60_000 % 60:02d}"
