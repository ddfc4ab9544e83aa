"""The zero-config numbers: recipients whose fate is known without any scenario file."""

from functools import cache

from emulator.model import Status
from emulator.scenario import (
    AS_IT_HAPPENS,
    HAPPY,
    CallbackWords,
    Delay,
    Fault,
    Reply,
    Rule,
    ScriptStep,
)

PREFIX = "+15005"
CODE_DIGITS = 5
_DIGITS = frozenset("0123456789")

_SENDING, _SENT, _DELIVERED = HAPPY


def fate(number: str) -> Rule | None:
    """The rule of a zero-config number, None for any other number."""
    if not number.startswith(PREFIX) or not _DIGITS.issuperset(number[1:]):
        return None
    if number in _FATES:
        return _FATES[number]
    family, code = _FAMILIES.get(number[:8]), number[8:]
    return family(code) if family and len(code) == CODE_DIGITS else None


@cache
def _undelivered(code: str) -> Rule:
    ending = ScriptStep(status=Status.UNDELIVERED, after=Delay(low=250), error=code)
    return Rule(name="number +1500550NNNNN", then=(_SENDING, _SENT, ending))


@cache
def _failed(code: str) -> Rule:
    ending = ScriptStep(status=Status.FAILED, after=Delay(low=100), error=code)
    return Rule(name="number +1500551NNNNN", then=(_SENDING, ending))


@cache
def _refused(code: str) -> Rule:
    return Rule(name="number +1500552NNNNN", reply=Reply(status=400, code=int(code)))


def _steps(callback: CallbackWords = AS_IT_HAPPENS) -> tuple[ScriptStep, ...]:
    return tuple(
        ScriptStep(status=step.status, after=step.after, callback=callback) for step in (_SENDING, _SENT, _DELIVERED)
    )


_FAMILIES = {"+1500550": _undelivered, "+1500551": _failed, "+1500552": _refused}

_OUT_OF_ORDER = (
    ScriptStep(status=Status.SENDING, callback=CallbackWords(late=Delay(low=700))),
    ScriptStep(status=Status.SENT, after=Delay(low=100), callback=CallbackWords(late=Delay(low=400))),
    _DELIVERED,
)
_TEXTS_BACK = ScriptStep(replies="${body}", after=Delay(low=500))

_FATES = {
    rule.name.removeprefix("number "): rule
    for rule in (
        Rule(name="number +15005590001", then=(_SENDING,)),
        Rule(name="number +15005590002", then=(_SENDING, _SENT)),
        Rule(name="number +15005590003", then=_steps(CallbackWords(lost=True))),
        Rule(name="number +15005590004", then=_OUT_OF_ORDER),
        Rule(name="number +15005590005", then=_steps(CallbackWords(times=2))),
        Rule(name="number +15005590006", reply=Reply(fault=Fault.RESET)),
        Rule(name="number +15005590007", reply=Reply(fault=Fault.HANG, accept=True)),
        Rule(name="number +15005590008", then=(*HAPPY, _TEXTS_BACK)),
    )
}
