"""The words a scenario is made of: rules, replies, steps, delays, callback words. No YAML, no decisions."""

import math
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from emulator.clock import ClockMode
from emulator.conditions import DAY, Condition, OverCondition, Trial
from emulator.ids import draw
from emulator.model import Status

_NINETY_NINTH = 2.3263478740408408
"""Standard normal quantile of 0.99: where 'one in 100 beyond' lies."""


class DelayShape(StrEnum):
    """How a delay is drawn."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"


class Delay(Struct, frozen=True, kw_only=True):
    """A duration in milliseconds, or a distribution of them.

    Uniform: from `low` to `high`. Lognormal: median `low`, one in 100 beyond `high`, cut at ten times `high`.
    """

    shape: DelayShape = DelayShape.FIXED
    low: int
    high: int = 0
    text: str = ""

    def sample(self, *key: object) -> int:
        """The delay that belongs to `key`, in milliseconds."""
        if self.shape is DelayShape.FIXED:
            return self.low
        share = draw(*key)
        if self.shape is DelayShape.UNIFORM:
            return round(self.low + share * (self.high - self.low))
        from statistics import NormalDist  # noqa: PLC0415 - 10 ms that only lognormal delays pay

        spread = math.log(self.high / self.low) / _NINETY_NINTH
        z = NormalDist().inv_cdf(min(max(share, 1e-12), 1 - 1e-12))
        return min(round(self.low * math.exp(spread * z)), 10 * self.high)


class CallbackWords(Struct, frozen=True, kw_only=True):
    """The words after `callback` of one step."""

    lost: bool = False
    late: Delay | None = None
    times: int = 1
    gap: Delay | None = None
    first: bool = False
    forged: bool = False
    garbled: bool = False


AS_IT_HAPPENS = CallbackWords()


class ScriptStep(Struct, frozen=True, kw_only=True):
    """A step as written: a status or a handset's reply, its delay, its error code (digits or `${name}`)."""

    status: Status | None = None
    replies: str | None = None
    after: Delay | None = None
    at: Delay | None = None
    error: str | None = None
    callback: CallbackWords = AS_IT_HAPPENS


class Mix(Struct, frozen=True):
    """Messages split by share; a share of None is the rest."""

    shares: tuple[tuple[float | None, "Then"], ...]


Then = tuple[ScriptStep, ...] | str | Mix
"""A list of steps, a timeline's name, or a mix."""


class Fault(StrEnum):
    """What happens on the wire instead of an answer."""

    RESET = "reset"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    HANG = "hang"


class Reply(Struct, frozen=True, kw_only=True):
    """How a request is answered when not as the platform does. `hang` is the fault's length in milliseconds."""

    status: int | None = None
    code: int | None = None
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    after: Delay | None = None
    fault: Fault | None = None
    hang: int = 30_000
    accept: bool = False

    @property
    def accepts(self) -> bool:
        """Whether the message lives although (or because) of this reply."""
        return self.accept or (self.fault is None and (self.status is None or 200 <= self.status < 300))


class Rule(Struct, frozen=True, kw_only=True):
    """When this, reply that, then these things happen."""

    name: str
    when: tuple[Condition, ...] = ()
    requests: frozenset[str] = frozenset({"send"})
    reply: Reply | None = None
    then: Then | None = None
    set: str | None = None
    line: int = 0

    def first_difference(self, trial: Trial) -> Condition | None:
        """The first condition that fails, or None when the rule matches. Rates are counted last."""
        rates: list[Condition] = []
        for condition in self.when:
            if isinstance(condition, OverCondition):
                rates.append(condition)
            elif not condition.holds(trial):
                return condition
        return next((rate for rate in rates if not rate.holds(trial)), None)


class InboundRule(Struct, frozen=True, kw_only=True):
    """What a text from a handset does to that handset's state."""

    when: tuple[Condition, ...] = ()
    set: str = "none"


class NumberBinding(Struct, frozen=True, kw_only=True):
    """A number that the account has without provisioning it: where the app listens for its texts."""

    number: str
    friendly_name: str = ""
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"


class Retry(Struct, frozen=True, kw_only=True):
    """Callback retries: `times` more attempts, `first` ms after the first, each delay `factor` times the last."""

    times: int
    first: int = 5_000
    factor: float = 2.0
    on: frozenset[str] = frozenset({"connect", "timeout", "5xx"})

    def delay(self, attempt: int) -> int:
        """Milliseconds to wait after attempt number `attempt` (1 is the first); at most a day."""
        return round(min(self.first * self.factor ** (attempt - 1), DAY))


class CallbackPolicy(Struct, frozen=True, kw_only=True):
    """Defaults for every status callback and inbound request; 6 s is the platform's stock time-out."""

    timeout: int = 6_000
    retry: Retry | None = None


HAPPY: tuple[ScriptStep, ...] = (
    ScriptStep(status=Status.SENDING),
    ScriptStep(status=Status.SENT, after=Delay(low=100)),
    ScriptStep(status=Status.DELIVERED, after=Delay(low=250)),
)


class Scenario(Struct, frozen=True, kw_only=True):
    """One scenario file, understood. `seed` is None when the file names none."""

    seed: int | None = None
    clock: ClockMode | None = None
    list_all: bool = False
    callback: CallbackPolicy = CallbackPolicy()
    carries_media: Mapping[str, bool] = field(default_factory=lambda: {"sms": False, "mms": True})
    timelines: Mapping[str, tuple[ScriptStep, ...]] = field(default_factory=lambda: {"happy": HAPPY})
    rules: tuple[Rule, ...] = ()
    inbound: tuple[InboundRule, ...] = ()
    numbers: tuple[NumberBinding, ...] = ()
    text: str = "version: 1\n"

    def watches(self, request: str) -> bool:
        """Whether any rule is about this kind of request."""
        return any(request in rule.requests for rule in self.rules)
