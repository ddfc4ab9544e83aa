"""One account's queue on each kind of clock, with a `fire` that says when what it was given has been answered."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from emulator.clock import Clock, ClockMode, wall
from emulator.errors import Conflict, StorageFailed
from emulator.scheduler import Due, Scheduler

Answering = Callable[[list[Due]], None]


class Account:
    """A scheduler and what it fired: the instant, and the ids that came together."""

    def __init__(self, mode: ClockMode, instant: int | None = 0) -> None:
        self.clock = Clock(mode=mode, instant=instant)
        self.scheduler = Scheduler(clock=self.clock, fire=self._fire)
        self.fired: list[tuple[int, list[int]]] = []
        self.answered = asyncio.Event()
        self.answered.set()
        self.then: Answering = lambda batch: None
        self._more = asyncio.Condition()

    async def _fire(self, batch: list[Due]) -> None:
        async with self._more:
            self.fired.append((self.clock.now(), [due.id for due in batch]))
            self._more.notify_all()
        self.then(batch)
        await self.answered.wait()

    async def wait(self, count: int) -> None:
        """Return once that many batches were fired."""
        async with self._more:
            await self._more.wait_for(lambda: len(self.fired) >= count)


@pytest.fixture
async def manual() -> AsyncIterator[Account]:
    account = Account(ClockMode.MANUAL)
    yield account
    await account.scheduler.close()


@pytest.fixture
async def instant() -> AsyncIterator[Account]:
    account = Account(ClockMode.INSTANT)
    yield account
    await account.scheduler.close()


@pytest.fixture
async def real() -> AsyncIterator[Account]:
    account = Account(ClockMode.REAL, None)
    yield account
    await account.scheduler.close()


def fill(account: Account, *dues: int) -> None:
    for number, due in enumerate(dues):
        account.scheduler.add(due, "step", number)


async def turn() -> None:
    """Let everything that can run do so: a thread's round trip is many turns of the loop."""
    for _ in range(3):
        await asyncio.to_thread(lambda: None)


async def test_a_manual_clock_plays_in_order_and_what_is_due_together_together(manual: Account) -> None:
    fill(manual, 300, 100, 200, 100)
    await turn()
    assert manual.fired == []
    assert (manual.scheduler.pending, manual.scheduler.next_due) == (4, 100)
    assert await manual.scheduler.advance(250) == 3
    assert manual.fired == [(100, [1, 3]), (200, [2])]
    assert manual.clock.now() == 250
    assert await manual.scheduler.advance(None) == 1
    assert manual.fired[2:] == [(300, [0])]
    assert manual.clock.now() == 300
    assert await manual.scheduler.advance(None) == 0


async def test_one_instant_at_a_time(manual: Account) -> None:
    fill(manual, 100, 100, 200)
    assert await manual.scheduler.advance(None, single=True) == 2
    assert manual.clock.now() == 100
    assert await manual.scheduler.advance(None, single=True) == 1
    assert manual.clock.now() == 200


async def test_what_follows_from_a_step_is_played_in_the_same_advance(manual: Account) -> None:
    def answer(batch: list[Due]) -> None:
        if manual.clock.now() < 500:
            manual.scheduler.add(manual.clock.now() + 100, "step", batch[0].id + 1)

    manual.then = answer
    fill(manual, 100)
    assert await manual.scheduler.advance(450) == 4
    assert [ids for _, ids in manual.fired] == [[0], [1], [2], [3]]
    assert manual.scheduler.next_due == 500


async def test_what_is_overdue_is_played_now_and_time_does_not_go_back(manual: Account) -> None:
    await manual.scheduler.advance(1_000)
    fill(manual, 100, 1_000)
    assert await manual.scheduler.advance(1_000) == 2
    assert manual.fired == [(1_000, [0, 1])]


async def test_the_clock_does_not_pass_what_has_not_been_answered(manual: Account) -> None:
    fill(manual, 100, 200)
    manual.answered.clear()
    advancing = asyncio.create_task(manual.scheduler.advance(None))
    await manual.wait(1)
    await turn()
    assert (manual.clock.now(), len(manual.fired), manual.scheduler.in_flight) == (100, 1, 1)
    with pytest.raises(Conflict, match="already being advanced"):
        await manual.scheduler.advance(None)
    manual.answered.set()
    assert await advancing == 2


async def test_a_real_clock_is_not_advanced(real: Account) -> None:
    with pytest.raises(Conflict, match="a real clock cannot be advanced"):
        await real.scheduler.advance(None)


async def test_what_the_store_could_not_take_is_kept(manual: Account) -> None:
    def refuse(batch: list[Due]) -> None:
        raise StorageFailed("the disk is full")

    manual.then = refuse
    fill(manual, 100, 100)
    with pytest.raises(StorageFailed):
        await manual.scheduler.advance(None)
    assert manual.scheduler.pending == 2
    manual.then = lambda batch: None
    assert await manual.scheduler.advance(None) == 2
    assert manual.scheduler.is_idle


async def test_an_instant_clock_plays_everything_by_itself(instant: Account) -> None:
    fill(instant, 86_400_000, 100, 100)
    await asyncio.wait_for(instant.scheduler.idle(), 5)
    assert instant.fired == [(100, [1, 2]), (86_400_000, [0])]
    assert instant.clock.now() == 86_400_000


async def test_an_instant_clock_waits_for_requests_and_for_answers(instant: Account) -> None:
    with instant.scheduler.telling():
        fill(instant, 100)
        await turn()
        assert instant.fired == []
        assert not instant.scheduler.is_idle
    await instant.wait(1)
    instant.answered.clear()
    fill(instant, 200, 300)
    await instant.wait(2)
    idle = asyncio.create_task(instant.scheduler.idle())
    await turn()
    assert (instant.clock.now(), len(instant.fired), idle.done()) == (200, 2, False)
    instant.answered.set()
    await asyncio.wait_for(idle, 5)
    assert [ids for _, ids in instant.fired] == [[0], [0], [1]]


async def test_an_instant_clock_that_plays_its_last_is_not_idle_before_the_answer(instant: Account) -> None:
    instant.answered.clear()
    fill(instant, 100)
    await instant.wait(1)
    assert (instant.scheduler.pending, instant.scheduler.in_flight, instant.scheduler.is_idle) == (0, 1, False)
    instant.answered.set()
    await asyncio.wait_for(instant.scheduler.idle(), 5)


async def test_an_instant_clock_does_not_spin_while_it_is_advanced(instant: Account) -> None:
    tasks = 0

    def count(loop: asyncio.AbstractEventLoop, coroutine: object, **options: object) -> "asyncio.Task[object]":
        nonlocal tasks
        tasks += 1
        return asyncio.Task(coroutine, loop=loop, **options)  # type: ignore[arg-type]  # what any task factory gets

    instant.scheduler.hold()
    fill(instant, 100, 200)
    instant.answered.clear()
    advancing = asyncio.create_task(instant.scheduler.advance(150))
    await instant.wait(1)
    instant.scheduler.release()
    loop = asyncio.get_running_loop()
    loop.set_task_factory(count)  # type: ignore[arg-type]  # typeshed wants a generic protocol
    instant.scheduler.add(300, "step", 9)
    await turn()
    loop.set_task_factory(None)
    assert tasks < 10
    assert len(instant.fired) == 1
    instant.answered.set()
    assert await advancing == 1
    await asyncio.wait_for(instant.scheduler.idle(), 5)
    assert instant.fired == [(100, [0]), (200, [1]), (300, [9])]


async def test_advance_waits_for_what_an_instant_clock_has_under_way(instant: Account) -> None:
    instant.answered.clear()
    fill(instant, 100, 500)
    await instant.wait(1)
    advancing = asyncio.create_task(instant.scheduler.advance(400))
    await turn()
    assert (instant.clock.now(), advancing.done()) == (100, False)
    instant.answered.set()
    await advancing
    await asyncio.wait_for(instant.scheduler.idle(), 5)
    assert [ids for _, ids in instant.fired] == [[0], [1]]


async def test_a_real_clock_fires_when_it_is_time_and_does_not_wait_for_answers(real: Account) -> None:
    real.answered.clear()
    now = wall()
    fill(real, now - 1_000, now + 20, now + 40)
    await asyncio.wait_for(real.wait(3), 5)
    assert [ids for _, ids in real.fired] == [[0], [1], [2]]
    assert all(at >= now + late for (at, _), late in zip(real.fired, (0, 20, 40), strict=True))
    assert not real.scheduler.is_idle
    real.answered.set()
    await asyncio.wait_for(real.scheduler.idle(), 5)


async def test_something_earlier_is_not_missed_and_what_is_removed_never_comes(real: Account) -> None:
    now = wall()
    fill(real, now + 3_600_000, now + 30, now + 10)
    real.scheduler.remove("step", 1)
    await asyncio.wait_for(real.wait(1), 5)
    real.scheduler.add(wall() + 10, "attempt", 7)
    await asyncio.wait_for(real.wait(2), 5)
    assert [ids for _, ids in real.fired] == [[2], [7]]
    assert real.scheduler.pending == 1


async def test_a_switch_to_another_clock_is_taken_up(real: Account) -> None:
    fill(real, wall() + 3_600_000)
    await turn()
    real.clock.switch(ClockMode.INSTANT)
    real.scheduler.wake()
    await asyncio.wait_for(real.scheduler.idle(), 5)
    assert [ids for _, ids in real.fired] == [[0]]


async def test_idle_returns_when_everything_is_forgotten(manual: Account) -> None:
    fill(manual, 100)
    idle = asyncio.create_task(manual.scheduler.idle())
    await turn()
    assert not idle.done()
    manual.scheduler.clear()
    await asyncio.wait_for(idle, 5)


async def test_what_is_under_way_is_cancelled_at_the_end_and_nothing_begins_after(instant: Account) -> None:
    instant.answered.clear()
    fill(instant, 100, 200)
    await instant.wait(1)
    await instant.scheduler.close()
    instant.answered.set()
    fill(instant, 300)
    await turn()
    assert len(instant.fired) == 1


async def test_whoever_waits_for_idle_is_let_go_at_the_end(instant: Account) -> None:
    instant.answered.clear()
    fill(instant, 100)
    await instant.wait(1)
    idle = asyncio.create_task(instant.scheduler.idle())
    await turn()
    await instant.scheduler.close()
    await asyncio.wait_for(idle, 5)
