"""A message's timeline: what a step does to it, and which callback attempts follow. Pure."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from emulator.clock import LATEST
from emulator.model import Attempt, Direction, Message, Outcome, Status, Step


def play(message: Message, now: int, *, only_first: bool = False) -> tuple[Message, tuple[Step, ...]]:
    """The message after every step due by `now`, and those steps in order.

    With `only_first` only the steps that are told before the request is answered.
    """
    steps = list(message.steps)
    happened = []
    for position, step in enumerate(steps):
        if step.happened is None and step.due <= now and (step.callback.first or not only_first):
            steps[position] = replace(step, happened=now)
            happened.append(steps[position])
    return (_after(message, happened, steps, now) if happened else message), tuple(happened)


def force(message: Message, status: Status, error: int | None, now: int) -> tuple[Message, Step]:
    """The message brought to a status by hand: later steps are dropped."""
    step = Step(due=now, status=status, error=error, happened=now)
    past = tuple(each for each in message.steps if each.happened is not None)
    return _after(message, (step,), (*past, step), now), step


def attempts(message: Message, steps: Sequence[Step], now: int) -> list[Attempt]:
    """The callback attempts that these steps of the message cause, in order."""
    if not message.callback_url or message.direction is Direction.INBOUND:
        return []
    return [
        Attempt(
            id=0,
            account=message.account,
            message=message.id,
            status=step.status,
            error=step.error,
            due=min(now + step.callback.late + number * step.callback.gap, LATEST),
            outcome=Outcome.LOST if step.callback.lost else Outcome.PENDING,
            forged=step.callback.forged,
            garbled=step.callback.garbled,
        )
        for step in steps
        if step.status is not None
        for number in range(1 if step.callback.lost else step.callback.times)
    ]


def _after(message: Message, happened: Sequence[Step], steps: Iterable[Step], now: int) -> Message:
    """The message after what happened; `steps` is its timeline then."""
    told = [step for step in happened if step.status is not None]
    if not told:
        return replace(message, steps=tuple(steps))
    # date_sent is when the provider took the message
    sent = now if message.sent is None and any(step.status is Status.SENT for step in told) else message.sent
    last = told[-1]
    return replace(message, steps=tuple(steps), status=last.status, error=last.error, updated=now, sent=sent)
