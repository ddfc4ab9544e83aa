"""Bringing a plausible past into an account, in pieces, so that everybody else is served meanwhile."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from emulator import segments
from emulator.engine import Engine
from emulator.ids import random_sid
from emulator.model import Direction, Message, Status, Step, channel_of
from emulator.tenant import Tenant

if TYPE_CHECKING:
    from emulator.fake import FakeMessage

PIECE = 500
"""How many messages are made and stored in one go."""


async def seed(engine: Engine, tenant: Tenant, *, messages: int, days: int, seed: int) -> None:
    """Bring so many messages of the days before now into an account. Returns when all are stored."""
    from emulator import fake  # noqa: PLC0415 - few servers need a past

    told = fake.history(messages=messages, days=days, seed=seed, until=tenant.clock.now())
    # making them is work for the processor: in a thread, the loop gets its share meanwhile
    while piece := await asyncio.to_thread(_next, told):
        await engine.bring_in(tenant, [_message(tenant, each) for each in piece])


def _next(told: "Iterator[FakeMessage]") -> "list[FakeMessage]":
    return list(islice(told, PIECE))


def _message(tenant: Tenant, past: "FakeMessage") -> Message:
    return Message(
        id=0,
        account=tenant.id,
        sid=random_sid("SM"),
        arrival=0,
        created=past.created,
        updated=past.updated,
        sent=past.sent,
        sender=past.sender,
        recipient=past.recipient,
        body=past.body,
        media=past.media,
        status=past.status,
        direction=past.direction,
        segments=segments.count(past.body) if channel_of(past.recipient) == "sms" else 1,
        error=past.error_code,
        steps=() if past.direction is Direction.INBOUND else tuple(_steps(past)),
    )


def _steps(past: "FakeMessage") -> Iterator[Step]:
    yield Step(due=past.created, status=Status.SENDING, happened=past.created)
    if past.sent is not None:
        yield Step(due=past.sent, status=Status.SENT, happened=past.sent)
    yield Step(due=past.updated, status=past.status, error=past.error_code, happened=past.updated)
