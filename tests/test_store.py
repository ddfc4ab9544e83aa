"""The database: one transaction for many, each answered for itself."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from emulator.errors import Conflict, NotFound, StorageFailed
from emulator.store.database import GROUP_LIMIT, Database, Transaction
from emulator.store.opening import open_database


def put(value: int) -> "Work":
    return Work(f"INSERT INTO kept VALUES ({value})", value)


class Work:
    """A piece of work: one statement, and what it returns."""

    def __init__(self, statement: str, value: int = 0) -> None:
        self.statement = statement
        self.value = value

    def __call__(self, db: Transaction) -> int:
        db.execute(self.statement)
        return self.value


async def kept(database: Database) -> list[int]:
    return await database.run(lambda db: [row[0] for row in db.execute("SELECT value FROM kept ORDER BY rowid")])


async def with_table(database: Database) -> Database:
    await database.run(Work("CREATE TABLE kept (value INTEGER UNIQUE)"))
    return database


async def test_work_is_done_in_the_order_it_came_and_each_gets_its_own_answer() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        count = 2 * GROUP_LIMIT + 7
        answers = await asyncio.gather(*(database.run(put(number)) for number in range(count)))
        assert answers == list(range(count))
        assert await kept(database) == list(range(count))


async def test_work_that_fails_harms_no_other_and_leaves_nothing() -> None:
    def half(db: Transaction) -> None:
        db.execute("INSERT INTO kept VALUES (100)")
        raise ValueError("a mistake of ours")

    async with open_database(None) as fresh:
        database = await with_table(fresh)
        answers = await asyncio.gather(
            database.run(put(1)),
            database.run(half),
            database.run(put(1)),
            database.run(put(2)),
            database.run(Work("INSERT INTO nowhere VALUES (1)")),
            database.run(put(3)),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [
            int,
            ValueError,
            sqlite3.IntegrityError,
            int,
            StorageFailed,
            int,
        ]
        assert str(answers[1]) == "a mistake of ours"
        assert await kept(database) == [1, 2, 3]


async def test_a_refusal_that_wrote_nothing_does_not_make_the_others_run_again() -> None:
    # a rate that a scenario counts would count twice
    ran: list[int] = []

    def counting(db: Transaction) -> int:
        ran.append(1)
        return put(1)(db)

    def refusing(_: Transaction) -> None:
        raise NotFound("there is no message")

    def refusing_late(db: Transaction) -> None:
        put(2)(db)
        raise Conflict("taken")

    async with open_database(None) as fresh:
        database = await with_table(fresh)
        answers = await asyncio.gather(database.run(counting), database.run(refusing), return_exceptions=True)
        assert (answers[0], type(answers[1]), ran) == (1, NotFound, [1])
        answers = await asyncio.gather(database.run(put(3)), database.run(refusing_late), return_exceptions=True)
        assert (answers[0], type(answers[1])) == (3, Conflict)
        assert await kept(database) == [1, 3]


async def test_work_nobody_waits_for_any_more_is_done_all_the_same() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        left = asyncio.create_task(database.run(put(1)))
        staying = asyncio.create_task(database.run(put(2)))
        await asyncio.to_thread(lambda: None)
        left.cancel()
        assert await staying == 2
        assert await kept(database) == [1, 2]


async def test_work_that_queues_more_work_does_not_wait_for_it() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)

        async def chain(number: int) -> None:
            await database.run(put(number))
            if number < 5:
                await chain(number + 1)

        await asyncio.gather(chain(1), database.run(put(100)))
        assert sorted(await kept(database)) == [1, 2, 3, 4, 5, 100]


async def test_patient_work_goes_with_the_next_other_work_and_keeps_its_place() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        first = database.queue(put(1), patient=True)
        second = database.queue(put(2), patient=True)
        assert await kept(database) == [1, 2]
        assert (first.result(), second.result()) == (1, 2)


async def test_patient_work_is_done_though_nothing_comes_along() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        assert await database.queue(put(1), patient=True) == 1
        urgent = database.queue(put(2))
        late = database.queue(put(3), patient=True)  # while the group before it is under way, or just before
        assert (await urgent, await late) == (2, 3)
        assert await kept(database) == [1, 2, 3]


async def test_patient_work_can_be_hurried() -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        work = database.queue(put(1), patient=True)
        database.hurry()
        assert await work == 1


async def test_what_is_queued_at_the_end_is_still_written(tmp_path: Path) -> None:
    path = str(tmp_path / "emulator.db")
    async with open_database(path) as fresh:
        database = await with_table(fresh)
        answers = [database.queue(put(number)) for number in range(1_000)]
    assert all(answer.done() for answer in answers)
    async with open_database(path) as again:
        assert len(await kept(again)) == 1_000


async def test_nobody_waits_for_a_database_that_is_gone() -> None:
    async with open_database(None) as database:
        pass
    with pytest.raises((ValueError, sqlite3.ProgrammingError)):
        await asyncio.wait_for(database.run(put(1)), 5)


async def test_brief_work_and_work_that_takes_long_keep_their_order() -> None:
    def here(db: Transaction) -> int:
        return put(threading.get_ident())(db)

    async with open_database(None) as fresh:
        database = await with_table(fresh)
        answers = [
            database.queue(put(1), brief=True),
            database.queue(put(2)),
            database.queue(put(3), brief=True, patient=True),
            database.queue(put(4), patient=True),
            database.queue(here, brief=True),
        ]
        assert await asyncio.gather(*answers) == [1, 2, 3, 4, threading.get_ident()]
        assert await kept(database) == [1, 2, 3, 4, threading.get_ident()]


async def test_brief_work_waits_for_nobody_in_vain_when_the_database_is_gone() -> None:
    async with open_database(None) as database:
        pass
    with pytest.raises((ValueError, sqlite3.ProgrammingError)):
        await asyncio.wait_for(database.run(put(1), brief=True), 5)


async def test_a_mistake_in_brief_work_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        answers = await asyncio.gather(
            *(database.run(put(number), brief=True) for number in (1, 1, 2)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [int, sqlite3.IntegrityError, int]
        assert await kept(database) == [1, 2]
    assert caplog.records == []


async def test_a_signal_in_the_middle_of_brief_work_leaves_a_database_that_goes_on() -> None:
    class Signal(BaseException):
        pass

    def struck(db: Transaction) -> int:
        put(1)(db)
        raise Signal

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    async with open_database(None) as fresh:
        database = await with_table(fresh)
        with pytest.raises(StorageFailed, match="the database was interrupted"):
            await database.run(struck, brief=True)
        assert await database.run(put(2), brief=True) == 2
        assert await kept(database) == [2]
    assert [type(each) for each in told] == [Signal]


async def test_a_database_whose_thread_is_left_alone_with_its_work_is_used_by_nobody_else() -> None:
    go_on = threading.Event()

    def long(db: Transaction) -> int:
        put(1)(db)
        go_on.wait(30)
        return put(2)(db)

    async with open_database(None) as fresh:
        database = await with_table(fresh)
        work = database.queue(long)
        while not (hops := [each for each in asyncio.all_tasks() if "hop(" in repr(each)]):
            await asyncio.to_thread(lambda: None)
        hops[0].cancel()
        late = database.queue(put(3), brief=True)
        ended = await asyncio.gather(work, late, return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError, asyncio.CancelledError]
        assert isinstance((await asyncio.gather(database.run(put(4)), return_exceptions=True))[0], BaseException)
        go_on.set()
