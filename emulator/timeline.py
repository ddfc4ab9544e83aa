"""A message's timeline: what a step does to it, and which callback attempts follow. Pure."""

from collections.abc import Sequence

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
            message = _after(message, step, now)
    return replace(message, steps=tuple(steps)), tuple(happened)


def force(message: Message, status: Status, error: int | None, now: int) -> tuple[Message, Step]:
    """The message brought to a status by hand: later steps are dropped."""
    step = Step(due=now, status=status, error=error, happened=now)
    past = tuple(each for each in message.steps if each.happened is not None)
    return replace(_after(message, step, now), steps=(*past, step)), step


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


def _after(message: Message, step: Step, now: int) -> Message:
    if step.status is None:
        return message
    # date_sent is when the provider took the message
    sent = now if step.status is Status.SENT and message.sent is None else message.sent
    return replace(message, status=step.status, error=step.error, updated=now, sent=sent)
