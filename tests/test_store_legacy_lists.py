from emulator.model import Direction, Message, Status
from emulator.store import legacy_lists, messages
from emulator.store.database import Transaction
from emulator.store.legacy_lists import LegacyQuery
from emulator.store.opening import open_database


def message(arrival: int, *, account: int = 1, sender: str = "sms:+15550109999") -> Message:
    created = 1_700_000_000_000 + arrival
    return Message(
        id=messages.identity(created, arrival),
        account=account,
        sid=f"SM{arrival}",
        arrival=arrival,
        created=created,
        updated=created,
        sender=sender,
        recipient="sms:+15550100001",
        status=Status.QUEUED,
        direction=Direction.OUTBOUND_API,
    )


async def test_only_the_messages_that_arrived_last_are_looked_at() -> None:
    def fill(db: Transaction) -> None:
        messages.insert(db, message(1, sender="sms:+15550107777"), listed=False)
        for arrival in range(2, 20_001):
            messages.insert(db, message(arrival), listed=False)

    def find(db: Transaction) -> tuple[bool, int, int]:
        sender, _ = legacy_lists.find(db, LegacyQuery(account=1, sender="%7777"), offset=0, size=1)
        total, _ = legacy_lists.find(db, LegacyQuery(account=1), offset=0, size=1)
        return legacy_lists.exceeds_window(db, 1), total, sender

    async with open_database(None) as database:
        await database.run(fill)
        assert await database.run(find) == (False, 20_000, 1)
        await database.run(lambda db: messages.insert(db, message(20_001), listed=False))
        assert await database.run(find) == (True, 20_000, 0)


async def test_messages_of_other_accounts_do_not_count() -> None:
    def work(db: Transaction) -> tuple[int, list[int]]:
        messages.insert(db, message(1), listed=True)
        messages.insert(db, message(2, account=2), listed=True)
        return legacy_lists.find(db, LegacyQuery(account=1), offset=0, size=50)

    async with open_database(None) as database:
        assert await database.run(work) == (1, [message(1).id])
