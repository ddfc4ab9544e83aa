"""Playing what is due, inside one transaction: steps happen, texts arrive, callbacks become rows to be sent."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from emulator import incoming, timeline
from emulator.clock import ClockMode
from emulator.model import LISTED, Attempt, Direction, Message, Outcome, Status, Step, number_of
from emulator.scheduler import Due
from emulator.store import accounts, journals, messages, numbers
from emulator.store.database import Transaction
from emulator.tenant import Tenant

Arrivals = Callable[[], int]
"""Gives the next arrival number."""


class Played(Struct, frozen=True, kw_only=True):
    """What became of one message: the steps that happened and the attempts to tell the app."""

    message: Message
    steps: tuple[Step, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    arrived: bool = False
    """Whether this is a text that has just come in."""


def play(
    db: Transaction,
    tenant: Tenant,
    batch: Sequence[Due],
    now: int,
    arrivals: Arrivals,
    known: Mapping[int, Message] = MappingProxyType({}),
) -> list[Played]:
    """Play what is due at `now`. `known` are messages as they probably are: those need not be read."""
    played: list[Played] = []
    for due in batch:
        if due.kind == "attempt":
            attempt = journals.attempt(db, due.id)
            message = messages.by_id(db, attempt.message) if attempt else None
            # one that was played already, in a batch that the store then refused, is not told again
            if attempt and message and attempt.outcome is Outcome.PENDING:
                played.append(Played(message=message, attempts=(attempt,)))
        else:
            played += _step(db, tenant, due.id, now, arrivals, known.get(due.id))
    if tenant.clock.mode is not ClockMode.REAL:
        accounts.save_clock(db, tenant.id, tenant.clock.mode, now, tenant.clock.offset, tenant.clock.started)
    return played


def happen(
    db: Transaction,
    tenant: Tenant,
    message: Message,
    steps: Sequence[Step],
    now: int,
    arrivals: Arrivals,
    before: Message | None = None,
) -> list[Played]:
    """Store a message after these steps, the attempts to tell the app, and the texts they bring in.

    Nothing happens when the message should be stored as it was `before` and is not.
    """
    listed = tenant.scenario.list_all or message.status in LISTED
    if not messages.update(db, message, listed=listed, before=before):
        return []
    attempts = tuple(journals.stored(db, attempt) for attempt in timeline.attempts(message, steps, now))
    played = [Played(message=message, steps=tuple(steps), attempts=attempts)]
    return played + [take(db, tenant, text, now, arrivals) for text in _texts(db, message, steps)]


def take(db: Transaction, tenant: Tenant, text: incoming.Text, now: int, arrivals: Arrivals) -> Played:
    """Take in a text."""
    message, attempt = incoming.take(db, tenant, text, now=now, arrival=arrivals())
    return Played(message=message, attempts=(attempt,) if attempt else (), arrived=True)


def _step(
    db: Transaction, tenant: Tenant, identity: int, now: int, arrivals: Arrivals, known: Message | None
) -> list[Played]:
    if known is not None and (played := happen(db, tenant, *timeline.play(known, now), now, arrivals, known)):
        return played
    message = messages.by_id(db, identity)
    return [] if message is None else happen(db, tenant, *timeline.play(message, now), now, arrivals)


def _texts(db: Transaction, message: Message, steps: Sequence[Step]) -> list[incoming.Text]:
    """What the handset texts back, and a message whose recipient is itself a number of this account."""
    texts = [
        incoming.Text(sender=message.recipient, recipient=message.sender, body=step.replies)
        for step in steps
        if step.replies is not None
    ]
    if any(step.status is Status.DELIVERED for step in steps) and _reaches_us(db, message):
        texts.append(
            incoming.Text(sender=message.sender, recipient=message.recipient, body=message.body, media=message.media)
        )
    return texts


def _reaches_us(db: Transaction, message: Message) -> bool:
    outbound = message.direction is not Direction.INBOUND
    return outbound and numbers.find_number(db, message.account, number_of(message.recipient)) is not None
