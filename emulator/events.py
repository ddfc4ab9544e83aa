"""What just happened, told to whoever waits or watches: numbered, kept for a while, never a brake on the engine."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

EVENTS_KEPT = 10_000
"""How many events of the whole server are kept for `Last-Event-ID`; the oldest go first."""

WATCHER_LIMIT = 10_000
"""How many events may wait for a watcher that does not read; then it is told how many it missed."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened: `kind` is message, status, callback, request, inbound, clock or error."""

    id: int
    account: int
    kind: str
    at: int
    details: Mapping[str, Any]


class Watcher:
    """One reader's queue: bounded, and honest about what it lost."""

    def __init__(self, account: int) -> None:
        self.account = account
        self.missed = 0
        self.overflowed = asyncio.Event()
        self._events: deque[Event] = deque()
        self._wake: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Queue an event; beyond the limit it is counted as missed."""
        if len(self._events) >= WATCHER_LIMIT:
            self.missed += 1
            self.overflowed.set()
            return
        self._events.append(event)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def forgive(self) -> int:
        """How many events were missed since this was last asked."""
        missed, self.missed = self.missed, 0
        self.overflowed.clear()
        return missed

    def take(self) -> Event | None:
        """The next event, if there is one."""
        return self._events.popleft() if self._events else None

    async def next(self) -> Event:
        """Wait for the next event."""
        while not self._events:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        return self._events.popleft()


class Events:
    """The server's events."""

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._watchers: dict[int, list[Watcher]] = {}
        self._last = 0

    @property
    def last(self) -> int:
        """The number of the latest event."""
        return self._last

    def publish(self, account: int, kind: str, at: int, details: Mapping[str, Any]) -> None:
        """Tell everyone who watches this account."""
        self._last += 1
        event = Event(id=self._last, account=account, kind=kind, at=at, details=details)
        self._kept.append(event)
        for watcher in self._watchers.get(account, ()):
            watcher.put(event)

    @contextmanager
    def watching(self, account: int) -> Iterator[Watcher]:
        """Watch an account from now on."""
        watcher = Watcher(account)
        self._watchers.setdefault(account, []).append(watcher)
        try:
            yield watcher
        finally:
            watchers = self._watchers[account]
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[account]

    def since(self, account: int, event: int) -> tuple[list[Event], bool]:
        """The account's events after number `event`, and whether some in between are no longer kept."""
        found = [each for each in self._kept if each.account == account and each.id > event]
        complete = not self._kept or event >= self._kept[0].id - 1
        return found, complete
