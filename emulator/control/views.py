"""What the control API says of messages, steps, callbacks: the shapes of its answers. Times are ISO 8601 in UTC."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from emulator import telling
from emulator.clock import format_duration, iso
from emulator.decision import Tried
from emulator.errors import error_message
from emulator.events import Event
from emulator.model import Attempt, Direction, Media, Message, Outcome, Status, Step, Telling, channel_of
from emulator.store import messages
from emulator.store.journals import Request
from emulator.tenant import Tenant


class StepView(Struct, frozen=True, kw_only=True):
    """A step of a timeline, happened or still due. `callback` has the words that change what the app is told."""

    status: Status | None
    replies: str | None
    error_code: int | None
    due: str
    happened: str | None
    callback: str


class MessageView(Struct, frozen=True, kw_only=True):
    """A message. `cursor` is its arrival number, for `after` of a wait and `before` of a list."""

    sid: str
    account_sid: str
    cursor: int
    channel: str
    sender: str = field(name="from")
    to: str
    body: str
    media: tuple[Media, ...]
    direction: Direction
    status: Status
    error_code: int | None
    error_message: str | None
    num_segments: int
    created: str
    updated: str
    sent: str | None
    next_due: str | None
    callback_url: str | None
    callback_method: str
    rule: str | None
    nth: int
    state: str
    mode: str


class CallbackView(Struct, frozen=True, kw_only=True):
    """One attempt to tell the app of a status (or, `kind` inbound, of a text). `duration` in real seconds."""

    id: int
    message: str
    kind: str
    status: Status
    error_code: int | None
    url: str
    method: str
    parameters: dict[str, str | list[str]]
    attempt: int
    due: str
    sent: str | None
    outcome: Outcome
    answer_status: int | None
    duration: float | None
    error: str
    forged: bool
    garbled: bool


class RequestView(Struct, frozen=True, kw_only=True):
    """One request of the app. `answer_status` is None when the connection was cut instead.

    `parameters` is the beginning of their JSON, as text, when they were too long to keep.
    """

    id: int
    at: str
    method: str
    path: str
    parameters: dict[str, Any] | str
    answer_status: int | None
    answer_body: str
    rule: str | None


class Explanation(Struct, frozen=True, kw_only=True):
    """Each rule tried, top down to the one that decided; `note` says what could not be rebuilt."""

    message: str
    rule: str | None
    rules: list[Tried]
    note: str


class WholeMessage(MessageView, frozen=True, kw_only=True):
    """A message with its timeline, every attempt to tell the app, and why it met this fate."""

    timeline: list[StepView]
    callbacks: list[CallbackView]
    explain: Explanation


def message_view(tenant: Tenant, message: Message) -> MessageView:
    """A message."""
    return MessageView(**_message_fields(tenant, message))


def whole_message(tenant: Tenant, message: Message, attempts: list[Attempt], explanation: Explanation) -> WholeMessage:
    """A message with all there is to say about it."""
    return WholeMessage(
        **_message_fields(tenant, message),
        timeline=[step_view(step) for step in message.steps],
        callbacks=[callback_view(tenant, message, attempt) for attempt in attempts],
        explain=explanation,
    )


def step_view(step: Step) -> StepView:
    """A step."""
    return StepView(
        status=step.status,
        replies=step.replies,
        error_code=step.error,
        due=iso(step.due),
        happened=instant(step.happened),
        callback=words(step.callback),
    )


def callback_view(tenant: Tenant, message: Message, attempt: Attempt) -> CallbackView:
    """An attempt."""
    call = telling.call(tenant, message, attempt)
    return CallbackView(
        id=attempt.id,
        message=message.sid,
        kind="inbound" if message.direction is Direction.INBOUND else "status",
        status=attempt.status,
        error_code=attempt.error,
        url=call.url,
        method=call.method,
        parameters=grouped(call.parameters),
        attempt=attempt.number,
        due=iso(attempt.due),
        sent=instant(attempt.sent),
        outcome=attempt.outcome,
        answer_status=attempt.answer,
        duration=None if attempt.duration is None else round(attempt.duration / 1000, 6),
        error=attempt.problem,
        forged=attempt.forged,
        garbled=attempt.garbled,
    )


def request_view(request: Request) -> RequestView:
    """A request of the app."""
    parameters: dict[str, Any] | str
    try:
        parameters = msgspec.json.decode(request.parameters, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        parameters = request.parameters
    return RequestView(
        id=request.id,
        at=iso(request.at),
        method=request.method,
        path=request.path,
        parameters=parameters,
        answer_status=request.answer,
        answer_body=request.answer_body,
        rule=request.rule,
    )


def event_view(event: Event) -> dict[str, Any]:
    """An event: its number, kind and time, and what there is to say of that kind."""
    return {"id": event.id, "kind": event.kind, "at": iso(event.at), **event.details}


def instant(moment: int | None) -> str | None:
    """ISO 8601, if there is a moment."""
    return None if moment is None else iso(moment)


def words(telling: Telling) -> str:
    """The words of the scenario language after `callback`; empty when told once and on time."""
    said = [word for word in ("lost", "first", "forged", "garbled") if getattr(telling, word)]
    if telling.late:
        said.append(f"late {format_duration(telling.late)}")
    if telling.times > 1:
        said.append(f"x{telling.times}")
    if telling.gap:
        said.append(f"gap {format_duration(telling.gap)}")
    return " ".join(said)


def _message_fields(tenant: Tenant, message: Message) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "account_sid": tenant.account.sid,
        "cursor": message.arrival,
        "channel": channel_of(message.recipient),
        "sender": message.sender,
        "to": message.recipient,
        "body": message.body,
        "media": message.media,
        "direction": message.direction,
        "status": message.status,
        "error_code": message.error,
        "error_message": None if message.error is None else error_message(message.error),
        "num_segments": message.segments,
        "created": iso(message.created),
        "updated": iso(message.updated),
        "sent": instant(message.sent),
        "next_due": instant(messages.next_due(message)),
        "callback_url": message.callback_url or None,
        "callback_method": message.callback_method,
        "rule": message.rule,
        "nth": message.nth,
        "state": message.state,
        "mode": message.mode,
    }


def grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Parameters by name; a repeated name has a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
