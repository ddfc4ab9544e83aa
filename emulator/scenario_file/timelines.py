"""The kinds of `then` and `timelines`: steps in either form, lists of them, names, and `mix`."""

from functools import reduce
from typing import NamedTuple

from emulator.model import TERMINAL, Status
from emulator.scenario import AS_IT_HAPPENS, CallbackWords, Delay, DelayShape, Mix, ScriptStep, Then
from emulator.scenario_file import grammar
from emulator.scenario_file.grammar import Unreadable, quoted
from emulator.scenario_file.kinds import As, Either, Kind, ListOf, Named, Scalar, Schema, words
from emulator.scenario_file.records import Field, Fields, Record
from emulator.scenario_file.replies import DELAY, YES
from emulator.scenario_file.steps import (
    CALLBACK_SHAPE,
    STATUSES,
    STEP_SHAPE,
    TIMES_LIMIT,
    callback,
    contradictions,
    joined,
    step,
)
from emulator.scenario_file.tree import Entries, Findings, Items, Node

STEPS_LIMIT = 100
MIX_LIMIT = 100
NAME_LIMIT = 100
NAME_SHAPE = r"^[^\x00-\x1f\x7f]{1,100}$"
_SHARE_SHAPE = rf"{grammar.SHARE_SHAPE}|^rest$"
_STATUS = Field("status", words("a status", STATUSES), "What the message becomes")
_AFTER = Field("after", DELAY, "Due this long after the step before: 2s, 1s..3s, ~2s, ~2s..20s")
_AT = Field("at", DELAY, "Due this long after the message was accepted")


def name(text: str) -> str:
    """The name of a timeline or rule."""
    if not grammar.matches(NAME_SHAPE, text):
        raise Unreadable(f"{quoted(text)} is not a name", f"write 1 to {NAME_LIMIT} characters on one line")
    return text


def _reply(text: str) -> str:
    if not text:
        raise Unreadable("the text of a reply is empty", "write what the handset texts back")
    return text


_REPLIES = Field("replies", Scalar("a text", _reply), "The handset texts this back; ${name} is what a matcher captured")
_ERROR = Field(
    "error", Scalar("an error code", grammar.code, f"^{grammar.CODE}$", "30003"), "The error code: digits or ${name}"
)
_LOST = Field("lost", YES, "Never told")
_LATE = Field("late", DELAY, "Told this much later than it happens")
_TIMES = Field(
    "times",
    Scalar(
        "a number of times",
        lambda text: grammar.number(text, low=1, high=TIMES_LIMIT, what="a number of times"),
        "^[0-9]{1,3}$",
        "2",
    ),
    f"Told so many times, at most {TIMES_LIMIT}",
)
_GAP = Field("gap", DELAY, "The time between one telling and the next")
_FIRST = Field("first", YES, "Told before the request is answered")
_FORGED = Field("forged", YES, "Carries a MessageSid that does not exist")
_GARBLED = Field("garbled", YES, "The body is not what its content type says")


def _words(got: Fields) -> CallbackWords:
    return CallbackWords(
        lost=got.given(_LOST, False),
        late=got.get(_LATE),
        times=got.given(_TIMES, 1),
        gap=got.get(_GAP),
        first=got.given(_FIRST, False),
        forged=got.given(_FORGED, False),
        garbled=got.given(_GARBLED, False),
    )


def _together(several: tuple[CallbackWords, ...]) -> CallbackWords:
    return reduce(joined, several, AS_IT_HAPPENS)


_ONE_CALLBACK = Scalar("what follows callback", callback, CALLBACK_SHAPE, "late 5s")
_CALLBACK = Field(
    "callback",
    Named(
        "callback",
        Either(
            "what follows callback",
            text=_ONE_CALLBACK,
            items=As(ListOf("words for a callback", _ONE_CALLBACK, least=1, most=7), _together),
            entries=Record("callback", (_LOST, _LATE, _TIMES, _GAP, _FIRST, _FORGED, _GARBLED), _words),
            example="late 5s, or {late: 5s}",
        ),
    ),
    "How the app is told, when not once and on time",
)


def _line(text: str) -> ScriptStep:
    found = step(text)
    for _, message, remedy in contradictions(found):
        raise Unreadable(message, remedy)
    return found


def _step(got: Fields) -> ScriptStep:
    found = ScriptStep(
        status=got.get(_STATUS),
        replies=got.get(_REPLIES),
        after=got.get(_AFTER),
        at=got.get(_AT),
        error=got.get(_ERROR),
        callback=got.given(_CALLBACK, AS_IT_HAPPENS),
    )
    if (_STATUS in got) is (_REPLIES in got) and not got.strangers:
        got.findings.error(got.node, "a step has either the key status or the key replies", "write {status: sent}")
    for key, message, remedy in contradictions(found):
        got.findings.error(got.node.find(key) or got.node, message, remedy)
    return found


STEP: Kind[ScriptStep] = Named(
    "step",
    Either(
        "a step",
        text=Scalar("a step", _line, STEP_SHAPE),
        entries=Record("a step", (_STATUS, _REPLIES, _AFTER, _AT, _ERROR, _CALLBACK), _step),
        example="sent after 200ms, or {status: sent, after: 200ms}",
    ),
)


class Steps(Kind[tuple[ScriptStep, ...]]):
    """A list of steps, which must make sense one after the other."""

    what = "a list of steps"

    def _read(self, node: Node, findings: Findings) -> tuple[ScriptStep, ...] | None:
        if not isinstance(node, Items):
            self._expected(node, findings, "write [sending, sent after 200ms, delivered after 1s]")
            return None
        if len(node.items) > STEPS_LIMIT:
            findings.error(node, f"{len(node.items)} steps", f"a timeline has at most {STEPS_LIMIT}")
            return None
        read = ((each, STEP.read(each, findings)) for each in node.items)
        placed = _placed([(each, found) for each, found in read if found is not None])
        _check_first(placed, findings)
        _check_endings(placed, findings)
        return tuple(each.step for each in placed)

    def schema(self, definitions: Schema) -> Schema:
        return {"type": "array", "items": STEP.schema(definitions), "maxItems": STEPS_LIMIT}


class _Placed(NamedTuple):
    """A step, where it stands, and when it is due: about, and at the latest."""

    node: Node
    step: ScriptStep
    due: float
    latest: int


def _placed(steps: list[tuple[Node, ScriptStep]]) -> list[_Placed]:
    found = []
    due: float = 0
    latest = 0
    for node, each in steps:
        if each.at is not None:
            due, latest = _typical(each.at), _longest(each.at)
        elif each.after is not None:
            due, latest = due + _typical(each.after), latest + _longest(each.after)
        found.append(_Placed(node, each, due, latest))
    return found


def _typical(delay: Delay) -> float:
    return (delay.low + delay.high) / 2 if delay.shape is DelayShape.UNIFORM else delay.low


def _longest(delay: Delay) -> int:
    return max(delay.low, delay.high)


def _check_first(placed: list[_Placed], findings: Findings) -> None:
    for each in placed:
        if each.step.callback.first and each.latest > 0:
            remedy = "leave the delays out, up to here, or leave out first"
            findings.error(each.node, "a callback that comes first belongs to a step that is due at once", remedy)


def _check_endings(placed: list[_Placed], findings: Findings) -> None:
    ending: Status | None = None
    for each in sorted(placed, key=lambda each: each.due):
        if each.step.status is not None and ending is not None:
            remedy = "right if the app is to be confused; otherwise leave one of them out"
            findings.warn(each.node, f"two endings: {each.step.status.value} comes after {ending.value}", remedy)
            return
        if each.step.status in TERMINAL:
            ending = each.step.status


STEPS: Kind[tuple[ScriptStep, ...]] = Named("steps", Steps())
NAME = Scalar("a timeline's name", name, NAME_SHAPE, "happy")
_CHOSEN: Kind[Then] = Either(
    "a list of steps or a timeline's name", text=NAME, items=STEPS, example="[sent, delivered after 1s] or happy"
)


class _Share(Kind[tuple[float | None, Then]]):
    """One part of a mix: `2%: [...]` or `rest: happy`."""

    what = "a share and its steps"

    def _read(self, node: Node, findings: Findings) -> tuple[float | None, Then] | None:
        if not isinstance(node, Entries) or len(node.entries) != 1:
            self._expected(node, findings, "write each share as an entry of its own: - 2%: [failed]")
            return None
        key, value = node.entries[0].key, node.entries[0].value
        share: float | None = None
        if key.value != "rest":
            try:
                share = grammar.share(key.value)
            except Unreadable as error:
                findings.error(key, error.message, f"{error.remedy}, or rest")
                return None
        if isinstance(value, Entries):
            findings.error(value, "a mix cannot stand in a mix", "multiply the shares: 50% of 10% is 5%")
            return None
        then = _CHOSEN.read(value, findings)
        return None if then is None else (share, then)

    def schema(self, definitions: Schema) -> Schema:
        chosen = {_SHARE_SHAPE: _CHOSEN.schema(definitions)}
        one: Schema = {"type": "object", "minProperties": 1, "maxProperties": 1}
        return one | {"patternProperties": chosen, "additionalProperties": False}


_MIX = Field(
    "mix",
    ListOf("a list of shares", _Share(), least=1, most=MIX_LIMIT, example="[{2%: [failed]}, {rest: happy}]"),
    "Messages split by share; what is left over meets the happy timeline",
    required=True,
)


def _mix(got: Fields) -> Then | None:
    shares = got.get(_MIX)
    if shares is None:
        return None
    node = got.at(_MIX)
    total = sum(share for share, _ in shares if share is not None)
    if total > 1 + 1e-9:
        got.findings.error(node, f"the shares add up to {total * 100:g}%", "let them add up to 100% or less")
    *before, _ = node.items if isinstance(node, Items) else [node]
    for each in before:
        if isinstance(each, Entries) and each.find("rest"):
            got.findings.error(each, "rest is what is left over, so nothing can follow it", "put rest last")
    return Mix(shares)


class _Mixed(Record[Then]):
    """The mapping `{mix: […]}`, for which a single step is easily mistaken."""

    def _read(self, node: Node, findings: Findings) -> Then | None:
        if isinstance(node, Entries) and (node.find("status") or node.find("replies")):
            findings.error(node, "a step stands in a list of steps", "write then: [{status: sent}]")
            return None
        return super()._read(node, findings)


THEN: Kind[Then] = Either(
    "a list of steps, a timeline's name or mix",
    text=NAME,
    items=STEPS,
    entries=_Mixed("then", (_MIX,), _mix),
    example="[sent, delivered after 1s] or happy",
)
