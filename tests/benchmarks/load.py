"""The load generator: POSTs as fast as some connections can, or at a constant rate whatever the answers do.

Raw protocol, requests built from bytes: it costs a fraction of what the server spends on a request. It tells its own
processor time, so that a reader sees whether it was the limit.
"""

import asyncio
import base64
import json
import sys
import time
from collections import deque
from typing import Any, cast
from urllib.parse import quote, urlsplit

MOST_CONNECTIONS = 512
"""At a constant rate more connections are opened while none is free, up to this many."""


class Generator:
    """Sends, and notes how long each answer took in milliseconds (at a rate: from when it should have been sent)."""

    def __init__(self, options: dict[str, Any]) -> None:
        parts = urlsplit(options["url"])
        login = base64.b64encode(options["login"].encode()).decode()
        self.host, self.port = parts.hostname, parts.port
        self.head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Basic {login}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        ).encode()
        callback = options["callback"]
        told = f"&status_callback={quote(callback, safe='')}&status_callback_method=POST" if callback else ""
        self.form = f"from=sms%3A%2B15550100001&to=sms%3A%2B1555%07d&body=%d{told}".replace("%3A", "%%3A")
        self.form = self.form.replace("%2", "%%2")
        self.number = options["first"]
        self.options = options
        self.free: deque[Connection] = deque()
        self.waiting: deque[float] = deque()
        self.opening: list[asyncio.Future[None]] = []
        self.opened = 0
        self.answered: list[float] = []
        self.refused = 0
        self.under_way = 0
        self.left = options["count"] or sys.maxsize
        self.ended = asyncio.get_running_loop().create_future()

    async def run(self) -> dict[str, Any]:
        """Send everything, wait for the last answer, tell what happened."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(self.open() for _ in range(self.options["connections"])))
        start, cpu = time.perf_counter(), time.process_time()
        self.until = start + self.options["seconds"] if self.options["seconds"] else float("inf")
        if self.options["rate"]:
            self.start, self.sent = start, 0
            loop.call_soon(self.tick)
        else:
            for connection in list(self.free):
                self.again(connection)
        await self.ended
        passed = time.perf_counter() - start
        return {
            "answers": len(self.answered),
            "refused": self.refused,
            "seconds": passed,
            "per_second": len(self.answered) / passed,
            "cpu": (time.process_time() - cpu) / passed,
            "milliseconds": [round(each, 3) for each in self.answered],
            "connections": self.opened,
        }

    async def open(self) -> None:
        """One more connection."""
        self.opened += 1
        await asyncio.get_running_loop().create_connection(lambda: Connection(self), self.host, self.port)

    def tick(self) -> None:
        """Send what should have been sent by now, at the constant rate."""
        now, rate = time.perf_counter(), self.options["rate"]
        while self.left and (due := self.start + self.sent / rate) <= now and due < self.until:
            self.sent += 1
            self.left -= 1
            if self.free:
                self.free.popleft().post(due)
            else:
                self.waiting.append(due)
                if self.opened < MOST_CONNECTIONS:
                    self.opening.append(asyncio.ensure_future(self.open()))
        if self.left and self.start + self.sent / rate < self.until:
            asyncio.get_running_loop().call_later(max(0.0005, self.start + self.sent / rate - now), self.tick)
        else:
            self.left = 0
            self.check_end()

    def again(self, connection: "Connection") -> None:
        """A connection is free: send the next message on it, if there is one."""
        if self.options["rate"]:
            if self.waiting:
                connection.post(self.waiting.popleft())
            else:
                self.free.append(connection)
                self.check_end()
        elif self.left and time.perf_counter() < self.until:
            self.left -= 1
            connection.post(time.perf_counter())
        else:
            self.left = 0
            self.check_end()

    def check_end(self) -> None:
        """End when all was sent and answered."""
        if not (self.left or self.under_way or self.waiting or self.ended.done()):
            self.ended.set_result(None)

    def request(self) -> bytes:
        """The next message; its body is the present microsecond."""
        self.number += 1
        body = (self.form % (self.number, time.time_ns() // 1000)).encode()
        return self.head % len(body) + body


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.due = 0.0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self.transport = cast("asyncio.Transport", transport)
        if self.generator.options["rate"]:
            self.generator.again(self)
        else:
            self.generator.free.append(self)

    def post(self, due: float) -> None:
        """Send the next message."""
        self.due = due
        self.generator.under_way += 1
        self.transport.write(self.generator.request())

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        place = self.received.lower().find(b"content-length: ", 0, end) + 16
        if len(self.received) < end + 4 + int(self.received[place : self.received.find(b"\r", place)]):
            return
        generator = self.generator
        generator.under_way -= 1
        if self.received[9:12] == b"200":
            generator.answered.append((time.perf_counter() - self.due) * 1000)
        else:
            generator.refused += 1
        self.received = b""
        generator.again(self)


async def main() -> None:
    """Do what the first argument says, as JSON; print what happened, as JSON."""
    print(json.dumps(await Generator(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main())
    except ImportError:
        asyncio.run(main())
