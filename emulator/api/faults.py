"""What a scenario does to the wire instead of answering. Real sockets, real time."""

import asyncio
import contextlib
import socket
import struct

from aiohttp import web

from emulator.scenario import Fault

_GARBAGE = b"\x16\x03\x01\x00\xa5\x01not HTTP at all\r\n\x00\xff\xfe"
_LINGER_ZERO = struct.pack("ii", 1, 0)
_LOOK = 500
"""Milliseconds between looks at whether the sender is still there."""


async def linger(request: web.Request, milliseconds: int, stopping: asyncio.Event) -> None:
    """Let the request wait, in real time; no longer than its sender is there and this server is not stopping."""
    while milliseconds > 0 and request.transport is not None and not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(milliseconds, _LOOK) / 1000):
                await stopping.wait()
        milliseconds -= _LOOK


async def play(request: web.Request, fault: Fault, *, body: bytes, kind: str) -> None:
    """Do it. `body`, of content type `kind`, is for a fault that stops halfway."""
    transport = request.transport
    if transport is None:
        return
    if fault is Fault.TRUNCATED:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body[: len(body) // 2])
    elif fault is Fault.GARBAGE:
        transport.write(_GARBAGE)
    if fault is Fault.RESET:
        # closing with a linger time of zero is what sends RST instead of FIN
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    else:
        transport.close()
