"""An answer that is written in one piece, for those that there are most of."""

from email.utils import formatdate
from functools import lru_cache

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11

from emulator.clock import wall


class Ready(web.StreamResponse):
    """200 and a body that is at hand, with no headers but those that every answer has, to a plain request.

    aiohttp's general way from here to the wire costs a third of what it spends on a request.
    """

    def __init__(self, *, body: bytes, content_type: str) -> None:
        super().__init__()
        self.body = body
        self._kind = content_type
        self._written = False

    @staticmethod
    def suits(request: web.BaseRequest) -> bool:
        """Whether this is a plain request: HTTP/1.1, not HEAD, its connection to be kept open."""
        return request.method != "HEAD" and request.version == HttpVersion11 and request.keep_alive

    @property
    def keep_alive(self) -> bool:
        """The connection stays open."""
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write the whole answer; the second time there is nothing left to do."""
        if self._written:
            return
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection was closed by who asked")
        self._written = True
        transport.write(_head(self._kind, len(self.body), wall() // 1000) + self.body)
        await request.writer.drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """End the answer, which has been written whole."""


@lru_cache(maxsize=256)
def _head(content_type: str, length: int, now: int) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
        f"Date: {formatdate(now, usegmt=True)}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
    ).encode()
