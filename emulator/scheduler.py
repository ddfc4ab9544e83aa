"""What is due when: one queue per account, in (due, sequence) order, on the account's clock.

The queue holds only (due, sequence, kind, id): what it points to are rows of the store, so it can be rebuilt after
a restart. A real clock arms one timer for the head; an instant clock is driven by a task of its own whenever nothing
is in flight; a manual clock moves in `advance` and nowhere else.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from emulator.clock import LATEST, Clock, ClockMode, Seldom, call_after, pause
from emulator.errors import Conflict, StorageFailed

ADVANCE_LIMIT = 1_000_000
"""How many due things one `advance` plays at most: an app that answers each message with another has no end."""

BACK_OFF = 1_000
"""Real milliseconds before a step that the store could not take is tried again."""

ADVANCE_PATIENCE = 5_000
"""Real milliseconds that `advance` waits for what is under way: less than a callback's own time-out."""

log = logging.getLogger("emulator")

_LONGEST_TIMER = 86_400_000


class Due(NamedTuple):
    """Something due: a step of a message's timeline (`step`) or a callback attempt (`attempt`)."""

    due: int
    sequence: int
    kind: str
    id: int


class Scheduler:
    """One account's queue. `fire` plays what is due and returns when all that follows from it was answered."""

    def __init__(self, *, clock: Clock, fire: Callable[[list[Due]], Awaitable[None]]) -> None:
        self.clock = clock
        self._fire = fire
        self._queue: list[Due] = []
        self._sequence = 0
        self._held = 0
        self._flights: set[asyncio.Task[None]] = set()
        self._tellings: set[asyncio.Future[None]] = set()
        self._advancing = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: tuple[int, int] | None = None
        self._driver: asyncio.Task[None] | None = None
        self._idle: list[asyncio.Future[None]] = []
        self._closed = False
        self._complaint = Seldom(BACK_OFF)

    @property
    def pending(self) -> int:
        """How many things are still to come."""
        return len(self._queue)

    @property
    def next_due(self) -> int | None:
        """When the next of them is due."""
        return self._queue[0].due if self._queue else None

    @property
    def in_flight(self) -> int:
        """How many things are under way: requests not answered yet, batches being played, an advance."""
        return self._held + len(self._under_way()) + self._advancing

    @property
    def advancing(self) -> bool:
        """Whether somebody is advancing the clock."""
        return self._advancing

    @property
    def is_idle(self) -> bool:
        """Whether nothing is pending or in flight."""
        return not (self._queue or self._held or self._flights or self._advancing or self._driver)

    def add(self, due: int, kind: str, identity: int) -> None:
        """Put something in the queue."""
        self._sequence += 1
        heapq.heappush(self._queue, Due(due, self._sequence, kind, identity))
        if self._rings_by(due):
            return
        self.wake()

    def hold(self) -> None:
        """Something is in flight that an instant clock must wait for: a request not answered yet."""
        self._held += 1

    def release(self) -> None:
        """The counterpart of `hold`."""
        self._held -= 1
        self.wake()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """`hold` for the length of a block in which the app is told something: an advance waits for its end too."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tellings.add(told)
        self.hold()
        try:
            yield
        finally:
            told.cancel()
            self._tellings.discard(told)
            self.release()

    def wake(self) -> None:
        """See to it that what is due will be played: after a change of the queue or of the clock."""
        if self._closed:
            return
        if self.clock.mode is ClockMode.REAL:
            self._arm()
        elif self._driver is None and self._drives():
            self._driver = asyncio.create_task(self._drive())
        if self.is_idle:
            self._tell_idle()

    async def advance(self, target: int | None, *, single: bool = False) -> int:
        """Play what is due up to `target` (None: until nothing is left), or only the next instant.

        Returns how many things were played, once every callback due was answered; then the clock stands at `target`.
        Raises Conflict on a real clock, while another advance is under way, and when there is no end to it.
        """
        self._refuse_advance()
        self._advancing = True
        try:
            await self._settle()
            played = await self._play(LATEST if target is None else target, single=single)
            if target is not None and not single:
                self.clock.move_to(target)
            return played
        finally:
            self._advancing = False
            self.wake()

    async def idle(self) -> None:
        """Return when nothing is pending or in flight."""
        while not self.is_idle:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._idle:
                    self._idle.remove(waiter)

    def remove(self, kind: str, identity: int) -> None:
        """Take something out of the queue."""
        self._queue = [due for due in self._queue if (due.kind, due.id) != (kind, identity)]
        heapq.heapify(self._queue)
        self.wake()

    def clear(self) -> None:
        """Forget everything pending."""
        self._queue.clear()
        self.wake()

    async def close(self) -> None:
        """Play nothing more; what is under way is cancelled (its rows stay pending)."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = self._under_way()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tell_idle()

    async def _play(self, target: int, *, single: bool) -> int:
        played = 0
        while self._queue and self._queue[0].due <= target:
            instant = max(self._queue[0].due, self.clock.now())
            self.clock.move_to(instant)
            batch = self._pop(instant)
            await self._fire_or_keep(batch)
            played += len(batch)
            if single:
                break
            if played > ADVANCE_LIMIT:
                raise Conflict(
                    f"still not idle after {played} events",
                    remedy="does the app answer each message with another? advance by a duration instead",
                )
        return played

    def _refuse_advance(self) -> None:
        if self.clock.mode is ClockMode.REAL:
            raise Conflict("a real clock cannot be advanced", remedy='switch first: PUT clock {"mode": "manual"}')
        if self._advancing:
            raise Conflict(
                "the clock is already being advanced, and that waits for the app to answer its callbacks",
                remedy="do not advance from inside a callback handler; advance again when the first call returns",
            )

    async def _settle(self) -> None:
        # begun before a switch of the mode, by an instant clock itself, or by somebody who texts or forces a status
        tasks = [*self._under_way(), *self._tellings]
        if tasks and (await asyncio.wait(tasks, timeout=ADVANCE_PATIENCE / 1000))[1]:
            raise Conflict(
                "callbacks that were due before are not answered yet",
                remedy="do not advance from inside a callback handler; see what is pending with GET callbacks",
            )

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [*self._flights, *([self._driver] if self._driver else [])]

    def _drives(self) -> bool:
        return bool(self._queue) and self.clock.mode is ClockMode.INSTANT and not (self._held or self._advancing)

    async def _drive(self) -> None:
        try:
            while self._drives():
                if self._flights:
                    await asyncio.wait(self._flights)
                    continue
                instant = max(self._queue[0].due, self.clock.now())
                self.clock.move_to(instant)
                try:
                    await self._fire_or_keep(self._pop(instant))
                except StorageFailed as error:
                    await self._back_off(error)
        finally:
            self._driver = None
            self.wake()

    async def _fire_or_keep(self, batch: list[Due]) -> None:
        try:
            await self._fire(batch)
        except StorageFailed:
            for due in batch:
                heapq.heappush(self._queue, due)
            raise

    async def _fly(self, batch: list[Due]) -> None:
        try:
            await self._fire(batch)
        except StorageFailed as error:
            await self._back_off(error)
            for due in batch:
                heapq.heappush(self._queue, due)

    async def _back_off(self, error: StorageFailed) -> None:
        if self._complaint.due():
            log.error("%s; what is due is tried again every %d ms", error.message, BACK_OFF)
        await pause(BACK_OFF)

    def _pop(self, instant: int) -> list[Due]:
        batch = []
        while self._queue and self._queue[0].due <= instant:
            batch.append(heapq.heappop(self._queue))
        return batch

    def _arm(self) -> None:
        wanted = (self._queue[0].due, self.clock.offset) if self._queue else None
        if self._timer is not None:
            if wanted == self._armed_for:
                return
            self._timer.cancel()
            self._timer = None
        if wanted is not None:
            # a far timer is armed again on the way: wall time may be set meanwhile
            self._timer = call_after(min(wanted[0] - self.clock.now(), _LONGEST_TIMER), self._ring)
            self._armed_for = wanted

    def _rings_by(self, due: int) -> bool:
        armed = self._timer is not None and self.clock.mode is ClockMode.REAL
        return armed and self._armed_for is not None and self._armed_for[0] <= due

    def _ring(self) -> None:
        self._timer = None
        if self.clock.mode is ClockMode.REAL:
            batch = self._pop(self.clock.now())
            if batch:
                self._track(self._fly(batch))
        self.wake()

    def _track(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._flights.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flights.discard(task)
        self.wake()

    def _tell_idle(self) -> None:
        for waiter in self._idle:
            if not waiter.done():
                waiter.set_result(None)
