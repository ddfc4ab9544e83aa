from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from emulator.model import Direction, Message, Status, Step
from emulator.store import messages
from emulator.store.database import Database, Transaction
from emulator.store.opening import open_database

QUEUED = Message(
    id=messages.identity(1_700_000_000_000, 1),
    account=1,
    sid="SM1",
    arrival=1,
    created=1_700_000_000_000,
    updated=1_700_000_000_000,
    sender="sms:+15550100001",
    recipient="sms:+15550100002",
    status=Status.QUEUED,
    direction=Direction.OUTBOUND_API,
    steps=(Step(due=1_700_000_000_000, status=Status.SENDING), Step(due=1_700_000_000_100, status=Status.SENT)),
)
SENDING = replace(
    QUEUED, status=Status.SENDING, steps=(replace(QUEUED.steps[0], happened=QUEUED.created), QUEUED.steps[1])
)


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with open_database(None) as opened:
        yield opened


async def test_a_message_is_what_was_stored_last(database: Database) -> None:
    def work(db: Transaction) -> tuple[bool, Message | None]:
        messages.insert(db, QUEUED, listed=False)
        return messages.update(db, SENDING, listed=False, before=QUEUED), messages.by_id(db, QUEUED.id)

    assert await database.run(work) == (True, SENDING)


@pytest.mark.parametrize(
    "meanwhile",
    [replace(SENDING, status=Status.FAILED, steps=()), replace(QUEUED, status=Status.FAILED), None],
    ids=["another timeline", "another status", "gone"],
)
async def test_a_message_that_somebody_changed_meanwhile_is_not_overwritten(
    database: Database, meanwhile: Message | None
) -> None:
    def work(db: Transaction) -> tuple[bool, Message | None]:
        if meanwhile is not None:
            messages.insert(db, meanwhile, listed=False)
        return messages.update(db, SENDING, listed=False, before=QUEUED), messages.by_id(db, QUEUED.id)

    assert await database.run(work) == (False, meanwhile)
