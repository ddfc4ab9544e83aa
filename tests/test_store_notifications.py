from collections.abc import AsyncIterator

import pytest

from emulator.store import notifications
from emulator.store.database import Database, Transaction
from emulator.store.notifications import ATTACHMENTS_BYTES, ATTACHMENTS_KEPT, Attachment
from emulator.store.opening import open_database


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with open_database(None) as database:
        yield database


def attached(name: int, *, account: int = 1, size: int = 1) -> Attachment:
    return Attachment(name=str(name), account=account, content_type="image/png", content=b"x" * size)


async def test_the_latest_attachments_are_kept_up_to_a_number_and_a_size(database: Database) -> None:
    def kept(db: Transaction, names: range) -> list[int]:
        return [name for name in names if notifications.attachment(db, 1, str(name))]

    def work(db: Transaction) -> tuple[list[int], list[int], bool]:
        notifications.attach(db, attached(0, account=2))
        for name in range(1, ATTACHMENTS_KEPT + 3):
            notifications.attach(db, attached(name))
        by_number = kept(db, range(1, 5))
        large = range(10_001, 10_005)
        for name in large:
            notifications.attach(db, attached(name, size=ATTACHMENTS_BYTES // 3))
        return by_number, kept(db, large), notifications.attachment(db, 2, "0") is not None

    assert await database.run(work) == ([3, 4], [10_002, 10_003, 10_004], True)
