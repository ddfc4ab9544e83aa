"""A large past, skewed as a real one: one dominant sender, most messages delivered, words and codes common and rare."""

import asyncio
import random
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from emulator import segments
from emulator.clock import ClockMode
from emulator.config import Config
from emulator.model import Direction, Message, Status, Step
from emulator.server import running_app
from emulator.store import listing, messages
from emulator.store.database import Transaction
from emulator.store.opening import open_database

UNTIL = 1_760_000_000_000
"""October 2025."""

DAYS = 30
DOMINANT = "sms:+15550100001"
WORDS = (
    *("code", "order", "shipped", "today", "please", "call", "package", "door", "thanks", "payment", "received"),
    *("appointment", "tomorrow", "reply", "stop", "account", "balance", "low", "update", "delivery", "confirm"),
)
EVERYWHERE, THIRD, RARE, ABSENT = "your", "invoice", "zebra", "xylophone"
"""A word of every body, one of 30 % of them, one of 0.01 %, one of none."""

CODES = ((30003, 0.5), (30005, 0.9), (30008, 0.998), (30006, 1.0))
"""Error codes and their cumulated share of all errors; the last is in 0.01 % of all messages."""

GROUP = 20_000


def past(count: int, account: int, seed: int = 1) -> Iterator[Message]:
    """So many messages, oldest first."""
    chance = random.Random(seed)
    step = DAYS * 86_400_000 // count
    for arrival in range(1, count + 1):
        yield _message(chance, account, arrival, UNTIL - DAYS * 86_400_000 + arrival * step + chance.randrange(step))


def _message(chance: random.Random, account: int, arrival: int, created: int) -> Message:
    inbound = chance.random() < 0.06
    business = _business(chance)
    customer = f"sms:+1{int(2_010_000_000 + 7_980_000_000 * chance.random() ** 3)}"
    status, error = (Status.RECEIVED, None) if inbound else _fate(chance)
    words = chance.choices(WORDS, k=chance.randrange(4, 22))
    if chance.random() < 0.3:
        words.append(THIRD)
    if chance.random() < 0.0001:
        words.append(RARE)
    body = f"Your {' '.join(words)} {chance.randrange(10**6):06d}"
    return Message(
        id=messages.identity(created, arrival),
        account=account,
        sid=f"SM{chance.getrandbits(128):032x}",
        arrival=arrival,
        created=created,
        updated=created + 350,
        sent=created + 100,
        sender=customer if inbound else business,
        recipient=business if inbound else customer,
        body=body,
        status=status,
        direction=Direction.INBOUND if inbound else _way(chance),
        segments=segments.count(body),
        error=error,
        steps=(Step(due=created, status=Status.SENDING, happened=created),),
    )


def _business(chance: random.Random) -> str:
    # the dominant sender has 62 %, the next ones each 38 % of what is left, thousands have a few
    if chance.random() < 0.62:
        return DOMINANT
    if chance.random() < 0.2:
        return f"sms:+1555020{chance.randrange(10_000):04d}"
    rank = min(int(chance.expovariate(0.5)), 40)
    return "sms:Acme Bank" if rank == 3 else f"sms:+155501{rank:05d}"


def _fate(chance: random.Random) -> tuple[Status, int | None]:
    share = chance.random()
    if share < 0.91:
        return Status.DELIVERED, None
    which = chance.random()
    code = next(code for code, limit in CODES if which < limit)
    return (Status.UNDELIVERED if share < 0.975 else Status.FAILED), code


def _way(chance: random.Random) -> Direction:
    return Direction.OUTBOUND_CALL if chance.random() < 0.01 else Direction.OUTBOUND_API


def fill(path: Path, count: int) -> None:
    """Fill a new database file."""
    asyncio.run(_fill(path, count))


async def _fill(path: Path, count: int) -> None:
    async with running_app(Config(port=0, db=path, clock=ClockMode.MANUAL, message_limit=2 * count)):
        pass  # makes the default account, whose number is 1
    async with open_database(str(path)) as database:
        told = past(count, account=1)
        while group := list(islice(told, GROUP)):
            await database.run(partial(_store, group))


def _store(group: list[Message], db: Transaction) -> None:
    for message in group:
        messages.insert(db, message, listed=True)
    listing.refresh(db)
