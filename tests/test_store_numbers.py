from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from emulator.model import Number
from emulator.store import numbers
from emulator.store.database import Database, Transaction
from emulator.store.opening import open_database

BOUND = Number(
    account=1,
    sid="PN" + "1" * 32,
    number="+15550001111",
    friendly_name="Support",
    created=0,
    updated=0,
    settings={"sms_url": "http://app.test/scenario"},
    from_scenario=True,
)


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with open_database(None) as database:
        yield database


def all_numbers(db: Transaction) -> list[Number]:
    return numbers.find_numbers(db, numbers.NumberQuery(account=1), offset=0, size=9)[1]


async def test_a_number_of_the_scenario_follows_the_scenario(database: Database) -> None:
    def work(db: Transaction) -> list[Number]:
        numbers.provision(db, 1, [BOUND])
        numbers.provision(db, 1, [replace(BOUND, friendly_name="Sales")])
        return all_numbers(db)

    (found,) = await database.run(work)
    assert found.friendly_name == "Sales"


async def test_a_number_of_the_scenario_that_was_changed_by_hand_outlives_it(database: Database) -> None:
    def work(db: Transaction) -> list[Number]:
        numbers.provision(db, 1, [BOUND])
        (found,) = all_numbers(db)
        numbers.save_number(db, replace(found, friendly_name="By hand", from_scenario=False))
        # the same number and the same SID again
        numbers.provision(db, 1, [BOUND])
        return all_numbers(db)

    (found,) = await database.run(work)
    assert found.friendly_name == "By hand"


async def test_a_free_number_is_the_lowest_that_nobody_has_until_none_is_left(database: Database) -> None:
    def work(db: Transaction) -> list[str | None]:
        found = []
        for place in range(11):
            number = numbers.free_number(db, 1, "+1555", digits=1)
            found.append(number)
            if number:
                numbers.save_number(db, replace(BOUND, sid=f"PN{place}", number=number))
            if place == 3:
                numbers.save_number(db, replace(BOUND, sid="PN taken", number="+15555"))
        return found

    assert await database.run(work) == [
        *("+15550", "+15551", "+15552", "+15553", "+15554"),
        *("+15556", "+15557", "+15558", "+15559", None, None),
    ]
