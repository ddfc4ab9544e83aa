"""The app under test of the benchmarks: a raw server that answers at once and notes how late each callback came.

A message's body is the microsecond in which its POST was written to the socket, so a callback's lateness, counted
from there, is never flattered: it includes the time that the POST took to be accepted.
"""

import asyncio
import json
import time
from collections import defaultdict
from typing import ClassVar, cast

OFFSETS = {b"sending": 0, b"sent": 100_000, b"delivered": 350_000}
"""When the built-in timeline reaches each status, in microseconds after acceptance."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection of the emulator's."""

    lateness: ClassVar[dict[str, list[float]]] = defaultdict(list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self.transport = cast("asyncio.Transport", transport)
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            length = _number_after(self.waiting, b"ontent-Length: ", end)
            whole = end + 4 + length
            if len(self.waiting) < whole:
                return
            request, self.waiting = self.waiting[:whole], self.waiting[whole:]
            self.transport.write(self.answer(request))

    def answer(self, request: bytes) -> bytes:
        """Count a callback; `/told` tells the count and the lateness of all since the last time it was asked."""
        if request.startswith(b"GET /told"):
            body = json.dumps(self.lateness).encode()
            self.lateness.clear()
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        if request.startswith(b"GET /count"):
            body = b"%d" % sum(map(len, self.lateness.values()))
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        place = request.find(b"MessageStatus=") + 14
        status = request[place : request.find(b"&", place)]
        sent = _number_after(request, b"Body=", len(request))
        late = time.time_ns() // 1000 - sent - OFFSETS.get(status, 0)
        self.lateness[status.decode()].append(round(late / 1000, 3))
        return OK


def _number_after(text: bytes, label: bytes, end: int) -> int:
    place = text.find(label, 0, end)
    if place < 0:
        return 0
    start = place = place + len(label)
    while text[place : place + 1].isdigit():
        place += 1
    return int(text[start:place] or 0)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main())
    except ImportError:
        asyncio.run(main())
