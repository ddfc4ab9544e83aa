"""Accounts that come and go, also when the store does not take it."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator

import pytest

from emulator.clock import ClockMode
from emulator.errors import Conflict
from emulator.scenario import NumberBinding, Scenario
from emulator.scheduler import Due
from emulator.store.database import Database
from emulator.store.opening import open_database
from emulator.tenant import Tenant
from emulator.tenants import Tenants

SID = "AC" + "1" * 32


async def nothing_to_fire(_: Tenant, __: list[Due]) -> None:
    """Tells nobody."""


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with open_database(None) as database:
        yield database


def on(database: Database) -> Tenants:
    scenario = Scenario(numbers=(NumberBinding(number="+15550001111"),))
    return Tenants(database=database, fire=nothing_to_fire, scenario=scenario, clock=ClockMode.MANUAL)


async def refuse(database: Database, what: str) -> None:
    """Let the store refuse something, until it is allowed again."""
    await database.run(
        lambda db: db.execute(f"CREATE TRIGGER refused BEFORE {what} BEGIN SELECT RAISE(ABORT, 'no'); END")
    )


async def allow(database: Database) -> None:
    """Let the store take everything again."""
    await database.run(lambda db: db.execute("DROP TRIGGER refused"))


async def test_an_account_that_could_not_be_created_can_be_later(database: Database) -> None:
    tenants = on(database)
    await refuse(database, "INSERT ON number")
    with pytest.raises(sqlite3.IntegrityError):
        await tenants.create(sid=SID)
    assert tenants.find(SID) is None
    await allow(database)
    tenant = await tenants.create(sid=SID)
    assert tenants.find(SID) is tenant
    assert [each.account.sid for each in tenants] == [SID]


async def test_a_scenario_that_is_not_read_any_more_keeps_nobody_from_starting(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await on(database).create(sid=SID)
    await database.run(lambda db: db.execute("UPDATE account SET scenario = 'nonsense: 1'"))
    tenants = on(database)
    await tenants.load()
    tenant = tenants.find(SID)
    assert tenant is not None
    said = f"the scenario of {SID} is not read any more, so the server's is used: the scenario has errors: line 1:"
    assert [record.getMessage().startswith(said) for record in caplog.records] == [True]
    assert [error.startswith(said) for _, error in tenant.errors] == [True]
    assert (tenant.account.scenario, len(tenant.scenario.numbers)) == (None, 1)


async def test_an_account_that_could_not_be_deleted_goes_on(database: Database) -> None:
    tenants = on(database)
    tenant = await tenants.create(sid=SID)
    await refuse(database, "DELETE ON account")
    with pytest.raises(sqlite3.IntegrityError):
        await tenants.delete(tenant)
    assert (tenants.find(SID), tenants.by_id(tenant.id)) == (tenant, tenant)
    assert not tenants.was_deleted(SID)
    tenant.scheduler.add(tenant.clock.now(), "step", 1)
    assert await tenant.scheduler.advance(None) == 1
    await allow(database)
    await tenants.delete(tenant)
    assert (tenants.find(SID), tenants.by_id(tenant.id)) == (None, None)
    assert tenants.was_deleted(SID)


async def test_an_account_that_is_being_deleted_is_gone_for_whoever_asks_now(database: Database) -> None:
    tenants = on(database)
    tenant = await tenants.create(sid=SID)
    busy = threading.Event()
    held = database.queue(lambda _: busy.wait(30))
    deleting = asyncio.create_task(tenants.delete(tenant))
    await asyncio.wait([deleting], timeout=0)
    assert (tenants.find(SID), tenants.by_id(tenant.id)) == (None, None)
    busy.set()
    await held
    await deleting
    again = await tenants.create(sid=SID)
    assert again is not tenant
    await tenants.delete(tenant)
    assert tenants.find(SID) is again
    with pytest.raises(Conflict):
        await tenants.create(sid=SID)
