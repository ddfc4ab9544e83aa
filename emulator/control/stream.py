"""`events`: what happens in an account as server-sent events, resumable, never a brake and never a lie by omission."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any

import msgspec
from aiohttp_sse import EventSourceResponse
from msgspec import Meta, Struct

from emulator.control.routing import Call, Route
from emulator.control.views import event_view
from emulator.errors import BadRequest, Unavailable
from emulator.events import Event, Events, Watcher

HEADER = "Last-Event-ID"

_json = msgspec.json.Encoder()


class StreamQuery(Struct, frozen=True, kw_only=True):
    """The number of the last event seen, for callers that cannot send the header Last-Event-ID."""

    after: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class _Stream:
    """One reader's connection: first what it missed while away, then what happens."""

    def __init__(self, response: EventSourceResponse, watcher: Watcher) -> None:
        self._response = response
        self._watcher = watcher
        self.sending = False

    async def write(self, missed: list[Event], *, complete: bool) -> None:
        """Write without end."""
        # headers are sent with the first bytes: a reader knows at once that it is connected
        await self._response.write(b"retry: 1000\r\n\r\n")
        if not complete:
            await self._confess(None)
        for event in missed:
            await self._tell(event)
        while True:
            if (waiting := self._watcher.take()) is None and self._watcher.missed:
                await self._confess(self._watcher.forgive())
            await self._tell(waiting or await self._watcher.next())

    async def stuck(self) -> None:
        """Return when the reader has let so many events wait that some were lost, and is still not reading."""
        while True:
            await self._watcher.overflowed.wait()
            if self.sending:
                return
            self._watcher.overflowed.clear()

    async def _confess(self, count: int | None) -> None:
        said = {"kind": "missed", "count": count, "remedy": "read messages, requests and callbacks again"}
        await self._send(said, None, "missed")

    async def _tell(self, event: Event) -> None:
        # to a browser's EventSource, `error` is the end of the connection
        kind = "fault" if event.kind == "error" else event.kind
        await self._send(event_view(event), str(event.id), kind)

    async def _send(self, said: dict[str, Any], number: str | None, kind: str) -> None:
        self.sending = True
        await self._response.send(_json.encode(said).decode(), id=number, event=kind)
        self.sending = False


async def stream(call: Call, query: StreamQuery) -> EventSourceResponse:
    """Stream events as they happen; with Last-Event-ID those since that one first.

    An event `missed` says that some are not told: forgotten since, or more than 10 000 waited for the reader. A
    reader that lets so many wait and still does not read is cut off; it may come back with Last-Event-ID.
    An error inside the emulator (kind error) is the event `fault`.
    """
    request, account, events = call.request, call.tenant.id, call.engine.chronicle.events
    last = _last(request.headers.get(HEADER), query)
    with events.watching(account) as watcher:
        missed, complete = ([], True) if last is None else _since(events, account, last)
        response = EventSourceResponse()
        await response.prepare(request)
        running = _Stream(response, watcher)
        async with response:
            await _run(call, running.write(missed, complete=complete), running.stuck(), response.wait())
        if running.sending and request.transport is not None:
            request.transport.abort()
    return response


async def _run(call: Call, *ends: Coroutine[Any, Any, None]) -> None:
    """Run until one of these ends, or the server stops."""
    tasks = [asyncio.ensure_future(each) for each in ends]
    try:
        with contextlib.suppress(Unavailable):
            await call.wait(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _last(header: str | None, query: StreamQuery) -> int | None:
    if not header:
        return query.after
    if not (header.isascii() and header.isdigit() and len(header) <= 16):
        raise BadRequest(f"{HEADER}: {header[:40]!r} is not the id of an event", remedy="send back the last id you got")
    return int(header)


def _since(events: Events, account: int, last: int) -> tuple[list[Event], bool]:
    if last > events.last:
        # that event was told by the server before its restart
        return events.since(account, 0)[0], False
    return events.since(account, last)


ROUTES = (Route("GET", "/accounts/{account}/events", stream),)
