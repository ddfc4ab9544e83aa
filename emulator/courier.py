"""Who is told when: requests to each host bounded, those about one message in order, each answer handed on.

What waits for its turn is kept as a number only: the row in the store has the rest, so a slow app costs a few dozen
bytes for each callback that waits.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from emulator.callbacks import Answer, Outgoing, host_of

PER_HOST = 64
"""How many requests to one host run at the same time."""

log = logging.getLogger("emulator")


class Flight:
    """Counts deliveries that belong together; `landed` returns when the last one is done."""

    __slots__ = ("_left", "_waiter")

    def __init__(self) -> None:
        self._left = 0
        self._waiter: asyncio.Future[None] | None = None

    def board(self) -> None:
        """One more delivery."""
        self._left += 1

    def done(self) -> None:
        """One delivery less."""
        self._left -= 1
        if not self._left and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def landed(self) -> None:
        """Wait until none is left."""
        while self._left:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter


class _Host:
    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        self.busy = 0
        self.waiting: deque[tuple[int, int, Flight] | asyncio.Future[None]] = deque()


Request = TypeVar("Request", bound=Outgoing)


class Courier(Generic[Request]):
    """Delivers callbacks: `load` gives the request of an attempt (None: forgotten), `record` stores its answer."""

    def __init__(
        self,
        *,
        request: Callable[[Outgoing], Awaitable[Answer]],
        load: Callable[[int], Awaitable[Request | None]],
        record: Callable[[Request, Answer], Awaitable[None]],
    ) -> None:
        self._request = request
        self._load = load
        self._record = record
        self._hosts: dict[str, _Host] = {}
        self._lanes: dict[int, deque[tuple[int, str, Flight]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def deliver(self, attempt: int, *, message: int, url: str, flight: Flight, outgoing: Request | None) -> None:
        """Deliver an attempt after those of the same message that were handed in before."""
        flight.board()
        host = host_of(url)
        lane = self._lanes.get(message)
        if lane is not None:
            lane.append((attempt, host, flight))
            return
        self._lanes[message] = deque()
        self._start(attempt, message, host, flight, outgoing)

    async def ask(self, outgoing: Outgoing) -> Answer:
        """Make one request outside every lane, in its turn among those to its host."""
        host = host_of(outgoing.url)
        await self._turn(host)
        try:
            return await self._request(outgoing)
        finally:
            self._free(host)

    async def fetch(self, outgoing: Outgoing) -> Answer:
        """Make one request at once: for somebody who waits, and whose own turn the others may be waiting for."""
        return await self._request(outgoing)

    async def close(self) -> None:
        """Stop; what is under way stays pending in the store."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, attempt: int, message: int, host: str, flight: Flight, outgoing: Request | None) -> None:
        if self._closed:
            return
        slots = self._hosts.setdefault(host, _Host())
        if slots.busy >= PER_HOST:
            slots.waiting.append((attempt, message, flight))
            return
        slots.busy += 1
        task = asyncio.create_task(self._carry(attempt, message, host, flight, outgoing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, attempt: int, message: int, host: str, flight: Flight, outgoing: Request | None) -> None:
        try:
            answer = None
            try:
                outgoing = outgoing or await self._load(attempt)
                if outgoing is not None:
                    answer = await self._request(outgoing)
            finally:
                self._free(host)
                self._next_in_lane(message)
            if outgoing is not None and answer is not None:
                await self._record(outgoing, answer)
        except Exception:  # a bug must not stop the others; the attempt stays pending in the store
            log.exception("could not carry attempt %d", attempt)
        finally:
            flight.done()

    async def _turn(self, host: str) -> None:
        slots = self._hosts.setdefault(host, _Host())
        if slots.busy < PER_HOST:
            slots.busy += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        slots.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._free(host)
            raise

    def _free(self, host: str) -> None:
        slots = self._hosts[host]
        slots.busy -= 1
        while slots.waiting and slots.busy < PER_HOST:
            following = slots.waiting.popleft()
            if not isinstance(following, asyncio.Future):
                attempt, message, flight = following
                self._start(attempt, message, host, flight, None)
            elif not following.done():
                slots.busy += 1
                following.set_result(None)
        if not slots.busy and not slots.waiting:
            del self._hosts[host]

    def _next_in_lane(self, message: int) -> None:
        lane = self._lanes[message]
        if not lane:
            del self._lanes[message]
            return
        attempt, host, flight = lane.popleft()
        self._start(attempt, message, host, flight, None)
