"""What to say when a wait ended in vain: what came instead, what is still to come, and the call that would bring it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from emulator.client.answers import AppRequest, ClockReading, Message, Step, WholeMessage
from emulator.clock import format_duration

SHOWN = 60
"""How many characters of a text are quoted."""


BODY_SHOWN = 200
"""How many characters of an answer's body are shown."""


class Differs(Struct, frozen=True):
    """What was wanted, and what a message has instead."""

    expected: str
    actual: str


class Near(Struct, frozen=True):
    """A message that was not meant, and why not."""

    message: Message
    differs: dict[str, Differs]


class Pending(Struct, frozen=True):
    """The next step of a message, or a callback, that is still to come."""

    message: str
    due: datetime
    status: str = ""
    replies: str | None = None
    attempt: int = 0

    @property
    def text(self) -> str:
        """In words."""
        if self.attempt:
            return f"callback {self.status!r} of {self.message}"
        return f"reply {quoted(self.replies)} to {self.message}" if self.replies else f"{self.status} of {self.message}"


class Shortfall(Struct, frozen=True, kw_only=True):
    """The answer to a wait that ended in vain."""

    now: datetime
    pending: int = 0
    in_flight: int = 0
    next_due: datetime | None = None
    near: list[Near] = []
    steps: list[Pending] = []
    callbacks: list[Pending] = []
    untold: Message | None = None


class Wanted(Struct, frozen=True):
    """What was waited for, how long, and how the handle's user writes a call: `cpaas.` or `await async_cpaas.`."""

    what: Mapping[str, str]
    timeout: int
    speech: str

    @property
    def text(self) -> str:
        """What was waited for, in words."""
        return ", ".join(f"{key} {value!r}" for key, value in self.what.items())


def no_message(
    wanted: Wanted,
    found: Shortfall,
    clock: ClockReading,
    nearest: WholeMessage | None,
    requests: Sequence[AppRequest],
) -> str:
    """The text of a `wait_for` that timed out."""
    if found.untold is not None:
        return _untold(wanted, found.untold)
    asked_for = f" with {wanted.text}" if wanted.what else ""
    lines = [f"no message{asked_for} within {format_duration(wanted.timeout)}"]
    lines += [f"  {_difference(near)}" for near in found.near] or _silence(requests)
    lines += still_to_come(found)
    lines.append(f"  the clock is {clock.mode} and stands at {moment(clock.now)}")
    # only a message that lacks nothing but the status will be the one that was waited for
    hopeful = nearest if found.near and list(found.near[0].differs) == ["status"] else None
    return "\n".join([*lines, *_remedy(wanted, clock, _awaited_step(wanted, hopeful), found)])


def not_idle(wanted: Wanted, found: Shortfall, clock: ClockReading) -> str:
    """The text of an `idle` that timed out."""
    within = format_duration(wanted.timeout)
    lines = [f"not idle within {within}: {found.pending} pending, {found.in_flight} in flight", *still_to_come(found)]
    if found.in_flight and not found.pending:
        lines.append("  the app has not answered yet; does its handler call the emulator, or wait for this test?")
    lines.append(f"  the clock is {clock.mode} and stands at {moment(clock.now)}")
    return "\n".join([*lines, *_remedy(wanted, clock, None, found)])


def no_code(to: str, messages: Sequence[Message], requests: Sequence[AppRequest]) -> str:
    """The text of an `otp` that found none."""
    lines = [f"no code was texted to {to}"]
    lines += [f"  to {message.to}: {quoted(message.body)}" for message in messages] or _silence(requests)
    return "\n".join(lines)


def still_to_come(found: Shortfall) -> list[str]:
    """A line for each thing pending."""
    coming = sorted([*found.steps, *found.callbacks], key=lambda each: each.due)
    lines = [f"  still to come: {each.text}, due in {distance(found.now, each.due)}" for each in coming[:5]]
    further = found.pending - len(lines)
    return [*lines, f"  and {further} more"] if lines and further > 0 else lines


def distance(now: datetime, then: datetime) -> str:
    """How far it is, as text that `advance` takes."""
    return format_duration(max(0, round((then - now) / timedelta(milliseconds=1))))


def moment(time: datetime) -> str:
    """A time as it is written in requests."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def quoted(text: str | None) -> str:
    """The beginning of a text, in quotes, on one line."""
    text = text or ""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def one_line(text: str) -> str:
    """The beginning of an answer's body, on one line."""
    line = " ".join(text[: 10 * BODY_SHOWN].split())
    return line if len(line) <= BODY_SHOWN else line[: BODY_SHOWN - 1] + "…"


def _difference(near: Near) -> str:
    message = near.message
    how = "; ".join(_differs(key, each) for key, each in near.differs.items())
    return f"{message.sid} to {message.to} {quoted(message.body)}: {how}"


def _differs(key: str, what: Differs) -> str:
    if key == "status":
        return f"it has been {what.actual}, not {what.expected}"
    return f"{key} is {what.actual!r}, not {what.expected!r}"


def _untold(wanted: Wanted, message: Message) -> str:
    return (
        f"{message.sid} is there, but within {format_duration(wanted.timeout)} the app did not "
        f"answer the callback that tells it\n  {message.callback_method} {message.callback_url}\n"
        "  does its handler call the emulator, or wait for this test? told=False returns without waiting for it"
    )


def _silence(requests: Sequence[AppRequest]) -> list[str]:
    if not requests:
        return [
            "  the app has asked this account for nothing: does it use messages_url, account_sid and auth_token of "
            "this handle?"
        ]
    asked = (f"  the app asked {each.method} {each.path}: {_answered(each)}" for each in requests)
    return ["  there is no message at all", *asked]


def _answered(request: AppRequest) -> str:
    if request.answer_status is None:
        return "the connection was cut"
    return f"{request.answer_status} {one_line(request.answer_body)}".rstrip()


def _awaited_step(wanted: Wanted, nearest: WholeMessage | None) -> Step | None:
    steps = nearest.timeline if nearest is not None else ()
    return next((step for step in steps if step.happened is None and step.status == wanted.what.get("status")), None)


def _remedy(wanted: Wanted, clock: ClockReading, step: Step | None, found: Shortfall) -> list[str]:
    due = step.due if step is not None else found.next_due
    if due is None:
        return ["  nothing is pending: waiting longer will not help"] if not found.in_flight else []
    far = distance(clock.now, due)
    what = f"it becomes {step.status}" if step is not None else "the next step is due"
    if clock.mode == "manual":
        return [f"  {what} in {far} of virtual time: {wanted.speech}clock.advance({far!r})"]
    return [
        f"  {what} in {far}: wait longer with timeout=…, or do not wait at all with "
        f"@pytest.mark.cpaas(clock='manual') and {wanted.speech}clock.advance({far!r})"
    ]
