"""Waiting for a message: which one is meant, the first that is, and on failure the nearest and how they differ.

Nobody polls: a wait listens to the account's events first, then looks at what is stored, then at what events name.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct

from emulator.conditions import Facts, TextCondition, Trial
from emulator.engine import Engine
from emulator.errors import BadRequest
from emulator.events import Event, Watcher
from emulator.model import Channel, Direction, Message, Status, channel_of
from emulator.patterns import AnyOf, Pattern, literals, pattern
from emulator.store import journals, messages
from emulator.store.database import Transaction
from emulator.tenant import Tenant

BATCH = 500
"""How many stored messages are looked at in one go."""

COMPARED = 1_000
"""How many of the latest messages are compared when a wait has failed."""

NEAREST = 5
"""How many of those are told."""

UNFIT_LIMIT = 100_000
"""How many messages a wait remembers as none of its business; beyond it forgets them and looks again."""

_ARRIVALS = ("message", "inbound")
_NEWS = (*_ARRIVALS, "status")


class Difference(Struct, frozen=True):
    """What was wanted, and what a message has instead."""

    expected: str
    actual: str


class Near(Struct, frozen=True):
    """A message that was not meant, and why not."""

    message: Message
    differs: dict[str, Difference]


class Wanted:
    """What a message must be like. An empty sequence asks for nothing; several entries are alternatives."""

    def __init__(
        self,
        *,
        to: Sequence[str] = (),
        sender: Sequence[str] = (),
        body: Sequence[str] = (),
        channel: Sequence[str] = (),
        direction: Sequence[str] = (),
        status: Sequence[Status] = (),
    ) -> None:
        patterns = {
            key: _any_of(key, wanted) for key, wanted in (("to", to), ("from", sender), ("body", body)) if wanted
        }
        self._texts = [TextCondition(key, each) for key, each in patterns.items()]
        self.recipients = _identities(patterns.get("to"))
        self.senders = _identities(patterns.get("from"))
        self.channel = tuple(channel)
        self.direction = tuple(direction)
        self.status = tuple(status)

    def between(self, sender: str, recipient: str) -> bool:
        """Whether a message between these two could be wanted."""
        trial = Trial(Facts(to=recipient, sender=sender), "wait", None)
        return all(each.holds(trial) for each in self._texts if each.key != "body")

    def differences(self, message: Message) -> dict[str, Difference]:
        """How a message differs from what is wanted; empty when it is what is wanted."""
        facts = Facts(to=message.recipient, sender=message.sender, body=message.body)
        trial = Trial(facts, "wait", None)
        found = {
            each.key: Difference(each.expected, each.actual(facts)) for each in self._texts if not each.holds(trial)
        }
        for key, wanted, actual in (
            ("channel", self.channel, (channel_of(message.recipient),)),
            ("direction", self.direction, _directions(message)),
            ("status", self.status, reached(message)),
        ):
            if wanted and not set(wanted) & set(actual):
                found[key] = Difference(" or ".join(wanted), ", ".join(actual))
        return found


def reached(message: Message) -> tuple[Status, ...]:
    """Every status the message has had, in order."""
    first = Status.RECEIVED if message.direction is Direction.INBOUND else Status.QUEUED
    past = [step.status for step in message.steps if step.happened is not None and step.status is not None]
    return tuple(dict.fromkeys((first, *past, message.status)))


async def first_match(
    engine: Engine,
    tenant: Tenant,
    wanted: Wanted,
    after: int,
    *,
    within: Callable[[Awaitable[Message]], Awaitable[Message]],
) -> Message:
    """The first message after cursor `after` that is wanted; `within` bounds the waiting, not the first look."""
    with engine.chronicle.events.watching(tenant.id) as watcher:
        found = await _among_stored(engine, tenant, wanted, after)
        return found or await within(_next_match(engine, tenant, wanted, after, watcher))


async def told(engine: Engine, tenant: Tenant, message: Message) -> None:
    """Return once the app has answered every callback about a message that was due."""
    with engine.chronicle.events.watching(tenant.id) as watcher:
        while await engine.database.run(lambda db: journals.under_way(db, message.id, tenant.clock.now()), brief=True):
            event: Event | None = await watcher.next()
            while event is not None:
                event = watcher.take()


async def nearest(engine: Engine, tenant: Tenant, wanted: Wanted, after: int) -> list[Near]:
    """The latest messages after cursor `after` that come nearest, those with the fewest differences first."""
    account = tenant.id
    latest = await engine.database.run(lambda db: messages.newest(db, account, before=None, limit=COMPARED))
    compared = [Near(message, wanted.differences(message)) for message in latest if message.arrival > after]
    return sorted(compared, key=lambda near: len(near.differs))[:NEAREST]


async def _next_match(engine: Engine, tenant: Tenant, wanted: Wanted, after: int, watcher: Watcher) -> Message:
    account = tenant.id
    unfit: set[str] = set()
    while True:
        sids = await _news(watcher, wanted, unfit)
        if watcher.forgive():
            found = await _among_stored(engine, tenant, wanted, after)
        else:
            named = await engine.database.run(partial(_named, account=account, sids=sids)) if sids else []
            found = _first(named, wanted, after)
        if found is not None:
            return found


async def _among_stored(engine: Engine, tenant: Tenant, wanted: Wanted, after: int) -> Message | None:
    account = tenant.id
    while True:
        look = partial(
            messages.arrived_after,
            account=account,
            arrival=after,
            limit=BATCH,
            recipients=wanted.recipients,
            senders=wanted.senders,
        )
        batch, further = await engine.database.run(look)
        found = _first(batch, wanted, after)
        if found is not None or further is None:
            return found
        after = further


async def _news(watcher: Watcher, wanted: Wanted, unfit: set[str]) -> set[str]:
    """The messages that the next events are about, all that have come so far, once there is one.

    Those between other parties are left out, and remembered as `unfit`: with many waits most news concerns others.
    """
    sids: set[str] = set()
    event: Event | None = await watcher.next()
    while event is not None:
        if event.kind in _ARRIVALS and not wanted.between(event.details["from"], event.details["to"]):
            unfit.add(event.details["message"])
        elif event.kind in _NEWS:
            sids.add(event.details["message"])
        event = watcher.take()
    if len(unfit) > UNFIT_LIMIT:
        unfit.clear()
    return sids - unfit


def _named(db: Transaction, account: int, sids: set[str]) -> list[Message]:
    found = [messages.by_sid(db, sid, account) for sid in sids]
    return sorted(
        (message for message in found if message is not None and message.account == account),
        key=lambda message: message.arrival,
    )


def _first(batch: Sequence[Message], wanted: Wanted, after: int) -> Message | None:
    return next((each for each in batch if each.arrival > after and not wanted.differences(each)), None)


def _directions(message: Message) -> tuple[str, ...]:
    if message.direction is Direction.INBOUND:
        return (message.direction.value,)
    return message.direction.value, "outbound"


def _identities(pattern: Pattern | None) -> tuple[str, ...]:
    """The only identities that can match, with and without channel; empty when there may be others."""
    exact = literals(pattern) if pattern is not None else None
    return tuple(identity for text in exact or () for identity in (text, *(f"{each}:{text}" for each in Channel)))


def _any_of(key: str, wanted: Sequence[str]) -> Pattern:
    try:
        patterns = tuple(pattern(text) for text in wanted)
    except ValueError as error:
        raise BadRequest(
            f"{key} is not a regular expression: {error}",
            remedy="write /…/ in RE2's syntax, or text with * without slashes",
        ) from None
    return patterns[0] if len(patterns) == 1 else AnyOf(patterns)
