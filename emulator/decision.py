"""Deciding: message in, fate out. Pure; first match wins; every draw keyed, so arrival order changes nothing.

The order is: the scenario's rules, the zero-config numbers, `happy`; and what the channel cannot carry fails.
"""

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from emulator import zero_config
from emulator.clock import LATEST
from emulator.conditions import Buckets, Facts, Trial
from emulator.errors import CHANNEL_LACKS_CAPABILITY, UNKNOWN_ERROR
from emulator.ids import draw
from emulator.model import PLAINLY, Status, Step, Telling
from emulator.rule_index import RuleIndex
from emulator.scenario import (
    AS_IT_HAPPENS,
    CallbackWords,
    Delay,
    DelayShape,
    InboundRule,
    Reply,
    Rule,
    Scenario,
    ScriptStep,
    Then,
)

_CAPTURE = re.compile(r"\$\{(\w+)\}")
_CANNOT_CARRY = (
    ScriptStep(status=Status.SENDING),
    ScriptStep(status=Status.FAILED, after=Delay(low=100), error=str(CHANNEL_LACKS_CAPABILITY)),
)


class Decision(Struct, frozen=True, kw_only=True):
    """The fate of one request: the rule that decided, the answer, and for an accepted message its timeline."""

    rule: str | None = None
    reply: Reply | None = None
    reply_after: int = 0
    steps: tuple[Step, ...] = ()
    set: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message lives."""
        return self.reply is None or self.reply.accepts


class Tried(Struct, frozen=True, kw_only=True):
    """One line of an explanation: a rule, and the first condition that failed (None when it matched)."""

    rule: str
    matched: bool
    condition: str | None = None
    expected: str | None = None
    actual: str | None = None


NOTHING_SPECIAL = Decision()


class Decider:
    """A scenario ready to decide, with the rates it counts."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._buckets = Buckets()
        self._rules = {
            request: RuleIndex([rule for rule in scenario.rules if request in rule.requests])
            for request in ("send", "fetch", "list")
        }
        # the same for every message, but for the instant it begins at
        self._fixed = {
            name: _resolve(script, Facts(), name, {})
            for name, script in scenario.timelines.items()
            if all(map(_is_fixed, script))
        }

    def watches(self, request: str) -> bool:
        """Whether any rule is about this kind of request: if not, it need not be counted."""
        return bool(self._rules[request].rules)

    def decide(self, facts: Facts) -> Decision:
        """The fate of a request. `steps` are due from `facts.now` on."""
        for rule in self._rules[facts.request].candidates(facts):
            trial = Trial(facts, rule.name, self._buckets)
            if rule.first_difference(trial) is None:
                return self._apply(rule, facts, trial.captures)
        if facts.request != "send":
            return NOTHING_SPECIAL
        rule = zero_config.fate(facts.recipient) or _UNTOUCHED
        return self._apply(rule, facts, {"body": facts.body})

    def handset_state(self, facts: Facts) -> str | None:
        """The state that a text from a handset brings it to; None when no inbound rule matches."""
        for rule in self.scenario.inbound:
            if _matches(rule, facts):
                return rule.set
        return None

    def explain(self, facts: Facts, matched: str | None) -> list[Tried]:
        """Each rule tried, top down to the one that decided, and why the others did not.

        Rates cannot be replayed, so of a rule that asks `over` only `matched` says whether it was exceeded.
        """
        tried: list[Tried] = []
        for rule in self._rules[facts.request].rules:
            if rule.name == matched:
                return [*tried, Tried(rule=rule.name, matched=True)]
            tried.append(_tried(rule, facts))
        return [*tried, Tried(rule=matched or "happy", matched=True)] if facts.request == "send" else tried

    def _apply(self, rule: Rule, facts: Facts, captures: dict[str, str]) -> Decision:
        reply = rule.reply
        after = reply.after.sample(*_key(facts, rule.name, "reply")) if reply and reply.after else 0
        accepted = facts.request == "send" and (reply is None or reply.accepts)
        return Decision(
            rule=None if rule is _UNTOUCHED else rule.name,
            reply=reply,
            reply_after=after,
            steps=self._timeline(rule, facts, captures) if accepted else (),
            set=rule.set,
        )

    def _timeline(self, rule: Rule, facts: Facts, captures: dict[str, str]) -> tuple[Step, ...]:
        if facts.media and not self.scenario.carries_media.get(facts.channel, True):
            return _resolve(_CANNOT_CARRY, facts, rule.name, captures)
        then = rule.then if rule.then is not None else "happy"
        if isinstance(then, str) and then in self._fixed:
            return tuple([replace(step, due=min(facts.now + step.due, LATEST)) for step in self._fixed[then]])
        return _resolve(self._choose(then, facts, rule.name), facts, rule.name, captures)

    def _choose(self, then: Then, facts: Facts, rule: str) -> tuple[ScriptStep, ...]:
        if isinstance(then, str):
            return self.scenario.timelines[then]
        if isinstance(then, tuple):
            return then
        share = draw(*_key(facts, rule, "mix"))
        for part, chosen in then.shares:
            if part is None or share < part:
                return self._choose(chosen, facts, rule)
            share -= part
        return self.scenario.timelines["happy"]


_UNTOUCHED = Rule(name="happy")


def _matches(rule: InboundRule, facts: Facts) -> bool:
    trial = Trial(facts, "inbound", None)
    return all(condition.holds(trial) for condition in rule.when)


def _tried(rule: Rule, facts: Facts) -> Tried:
    difference = rule.first_difference(Trial(facts, rule.name, None))
    if difference is None:
        return Tried(rule=rule.name, matched=False)
    return Tried(
        rule=rule.name,
        matched=False,
        condition=difference.key,
        expected=difference.expected,
        actual=difference.actual(facts),
    )


def _key(facts: Facts, rule: str, step: object) -> tuple[object, ...]:
    return facts.seed, facts.recipient, facts.nth, rule, step


def _resolve(script: Sequence[ScriptStep], facts: Facts, rule: str, captures: dict[str, str]) -> tuple[Step, ...]:
    steps = []
    moment = facts.now
    for number, step in enumerate(script):
        if step.at is not None:
            moment = facts.now + _sample(step.at, facts, rule, number)
        elif step.after is not None:
            moment += _sample(step.after, facts, rule, number)
        steps.append(
            Step(
                due=min(moment, LATEST),
                status=step.status,
                replies=None if step.replies is None else _filled(step.replies, captures),
                error=None if step.error is None else _code(step.error, captures),
                callback=PLAINLY if step.callback is AS_IT_HAPPENS else _telling(step.callback, facts, rule, number),
            )
        )
    return tuple(sorted(steps, key=_due))


def _is_fixed(step: ScriptStep) -> bool:
    """Whether nothing about the step is drawn, captured, or told otherwise than it happens."""
    drawn = [delay for delay in (step.after, step.at) if delay is not None and delay.shape is not DelayShape.FIXED]
    return not drawn and step.replies is None and "$" not in (step.error or "") and step.callback is AS_IT_HAPPENS


def _due(step: Step) -> int:
    return step.due


def _sample(delay: Delay | None, facts: Facts, rule: str, step: int, what: str = "") -> int:
    if delay is None:
        return 0
    return delay.low if delay.shape is DelayShape.FIXED else delay.sample(*_key(facts, rule, f"{step}{what}"))


def _telling(words: CallbackWords, facts: Facts, rule: str, step: int) -> Telling:
    return Telling(
        lost=words.lost,
        late=_sample(words.late, facts, rule, step, "late"),
        times=words.times,
        gap=_sample(words.gap, facts, rule, step, "gap"),
        first=words.first,
        forged=words.forged,
        garbled=words.garbled,
    )


def _filled(template: str, captures: dict[str, str]) -> str:
    return _CAPTURE.sub(lambda name: captures.get(name[1], ""), template)


def _code(template: str, captures: dict[str, str]) -> int:
    code = _filled(template, captures)
    # a capture may hold anything; the platform knows one code for that
    return int(code) if code.isascii() and code.isdigit() and len(code) <= 9 else UNKNOWN_ERROR
