"""What a scenario does to the wire instead of answering. Real sockets, real time."""

import socket
import struct

from aiohttp import web

from emulator.clock import pause
from emulator.scenario import Fault

_GARBAGE = b"\x16\x03\x01\x00\xa5\x01not HTTP at all\r\n\x00\xff\xfe"
_LINGER_ZERO = struct.pack("ii", 1, 0)


async def play(request: web.Request, fault: Fault, *, hang: int, body: bytes) -> None:
    """Do it. `body` is what would have been answered, for a fault that stops halfway; `hang` in milliseconds."""
    transport = request.transport
    if transport is None:
        return
    if fault is Fault.HANG:
        await pause(hang)
    elif fault is Fault.TRUNCATED:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body[: len(body) // 2])
    elif fault is Fault.GARBAGE:
        transport.write(_GARBAGE)
    if fault is Fault.RESET:
        # closing with a linger time of zero is what sends RST instead of FIN
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    else:
        transport.close()
