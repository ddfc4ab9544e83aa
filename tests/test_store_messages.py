from collections.abc import AsyncIterator

import pytest

from emulator.model import Account, Attempt, Direction, Message, Status
from emulator.store import accounts, journals, messages
from emulator.store.database import Database, Transaction, open_database

NOON = 1_768_046_400_000


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with open_database(None) as database:
        yield database


def text(arrival: int, *, account: int = 1) -> Message:
    return Message(
        id=messages.identity(NOON, arrival),
        account=account,
        sid=f"SM{arrival:032}",
        arrival=arrival,
        created=NOON,
        updated=NOON,
        sender="sms:+15550109999",
        recipient="sms:+15550100001",
        body=f"number {arrival}",
        status=Status.QUEUED,
        direction=Direction.OUTBOUND_API,
    )


async def test_a_clock_that_stands_still_has_room_for_any_number_of_messages(database: Database) -> None:
    million = 1 << messages.ARRIVAL_BITS

    def work(db: Transaction) -> list[Message]:
        return [
            messages.insert(db, text(arrival, account=account), listed=True)
            for account, arrival in enumerate((7, million - 1, million + 7, 2 * million + 7, 2 * million - 1))
        ]

    stored = await database.run(work)
    assert len({message.id for message in stored}) == 5
    assert [message.arrival for message in stored] == [7, million - 1, million + 7, 2 * million + 7, 2 * million - 1]
    first = messages.first_identity(NOON)
    assert all(first <= message.id < messages.first_identity(NOON + 1) for message in stored)
    assert await database.run(lambda db: messages.by_ids(db, [message.id for message in stored])) == stored


async def test_what_goes_with_the_oldest_messages_is_counted_too(database: Database) -> None:
    def work(db: Transaction) -> tuple[int, tuple[int, int, int]]:
        account = accounts.save(db, Account(id=0, sid="AC", auth_token="token", created=NOON)).id
        for arrival in range(1, 6):
            message = messages.insert(db, text(arrival, account=account), listed=True)
            for _ in range(2):
                journals.insert_attempt(
                    db, Attempt(id=0, account=account, message=message.id, status=Status.SENT, due=NOON)
                )
        gone = messages.drop_oldest(db, account, keep=2)
        return gone, journals.dropped(db, account)

    assert await database.run(work) == (3, (3, 0, 6))
