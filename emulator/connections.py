"""Connections to apps, kept open between requests: the only module that speaks HTTP as a client.

Telling apps is most of what a busy emulator does. A general client spends several times more on each request than all
the rest of a message's life costs, so this one does no more than callbacks need.
"""

import asyncio
import os
import ssl
from typing import NamedTuple, cast

from emulator.replies import Broken, Reading, Reply, begin
from emulator.trust import Trust

KEEP_ALIVE = 1.5
"""Seconds an unused connection is kept: less than any usual server does, or requests would meet one just closed."""


class Place(NamedTuple):
    """Where connections lead."""

    host: str
    port: int
    tls: bool


class Connections:
    """Open connections by place. Nothing is asked twice: whether to repeat a request is for others to decide."""

    def __init__(self, *, verify_tls: bool = True) -> None:
        self._tls = Trust(ssl.PROTOCOL_TLS_CLIENT) if verify_tls else _trusting()
        self._idle: dict[Place, list[tuple[_Connection, float]]] = {}
        self._open: set[_Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    async def ask(self, place: Place, request: bytes, *, limit: int) -> Reply:
        """Send a whole request and read its answer, no more than `limit` bytes of the body. Raises Broken."""
        connection = self._kept(place) or await self._connect(place)
        try:
            reply = await connection.ask(request, limit)
        except BaseException:
            connection.transport.abort()
            raise
        self._keep(place, connection)
        return reply

    def close(self) -> None:
        """Close every connection; what is under way fails."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._open):
            connection.transport.abort()

    async def _connect(self, place: Place) -> "_Connection":
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(self._open), place.host, place.port, ssl=self._tls if place.tls else None
            )
        except (OSError, UnicodeError) as error:
            raise Broken(f"cannot connect to {place.host}:{place.port}: {_reason(error)}") from None
        return connection

    def _kept(self, place: Place) -> "_Connection | None":
        idle = self._idle.get(place)
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE
        while idle:
            connection, since = idle.pop()
            if connection.usable and since > oldest:
                return connection
            connection.transport.close()
        return None

    def _keep(self, place: Place, connection: "_Connection") -> None:
        if not connection.usable:
            connection.transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle.setdefault(place, []).append((connection, loop.time()))
        if self._sweeper is None:
            self._sweeper = loop.call_later(KEEP_ALIVE, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEEP_ALIVE
        for place, idle in list(self._idle.items()):
            self._idle[place] = [each for each in idle if each[1] > oldest]
            for connection, _ in idle[: len(idle) - len(self._idle[place])]:
                connection.transport.close()
            if not self._idle[place]:
                del self._idle[place]
        self._sweeper = loop.call_later(KEEP_ALIVE, self._sweep) if self._idle else None


class _Connection(asyncio.Protocol):
    """One connection: one request at a time, its answer read piece by piece."""

    transport: asyncio.Transport

    def __init__(self, everyone: "set[_Connection]") -> None:
        self.usable = True
        self._everyone = everyone
        self._answer: asyncio.Future[Reply] | None = None
        self._reading: Reading | None = None
        self._buffer = b""
        self._limit = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self.transport = cast("asyncio.Transport", transport)
        self._everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._everyone.discard(self)
        self.usable = False
        if exc is not None:
            self._fail(f"the connection was cut: {_reason(exc)}")
        elif self._reading is not None and self._reading.ends_with_connection:
            self._finish(self._reading)
        else:
            begun = self._reading is not None or self._buffer
            self._fail(f"the connection was closed {'in the middle of' if begun else 'without'} an answer")

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            # nobody asked for that: it must not become the answer to the next request
            self.usable = False
            self.transport.abort()
            return
        try:
            self._read(self._buffer + data if self._buffer else data)
        except Broken as error:
            self._fail(str(error))

    def ask(self, request: bytes, limit: int) -> "asyncio.Future[Reply]":
        """Send a request; the future is its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._reading = None
        self._limit = limit
        self.transport.write(request)
        return self._answer

    def _read(self, data: bytes) -> None:
        self._buffer = data
        if self._reading is None:
            self._reading, self._buffer = begin(data)
        if self._reading is not None:
            self._buffer = self._reading.feed(self._buffer)
            if self._reading.done or self._reading.size > self._limit:
                self._finish(self._reading)

    def _finish(self, reading: Reading) -> None:
        self.usable = self.usable and reading.done and reading.reusable and not self._buffer
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reading.reply(self._limit))

    def _fail(self, why: str) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(why))


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: Exception) -> str:
    # loops word the same failure differently; resolvers and TLS have numbers of their own
    if (
        isinstance(error, OSError)
        and error.errno is not None
        and error.errno > 0
        and not isinstance(error, ssl.SSLError)
    ):
        return os.strerror(error.errno)
    return str(error)[:300] or type(error).__name__
