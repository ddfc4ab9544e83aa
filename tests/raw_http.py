"""HTTP by hand, for tests that care what goes over the wire."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.running import PATIENCE, Server


@dataclass(frozen=True)
class Heard:
    """Every byte that came until the other side ended the connection, and whether it did so with a reset."""

    data: bytes
    reset: bool = False


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the host of a URL."""
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def hear(reader: asyncio.StreamReader) -> Heard:
    """Read until the connection ends."""
    data = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while chunk := await reader.read(65_536):
                data += chunk
    except ConnectionResetError:
        return Heard(data, reset=True)
    return Heard(data)


async def exchange(url: str, request: bytes) -> Heard:
    """Send these bytes, and read until the connection ends."""
    reader, writer = await connect(url)
    try:
        writer.write(request)
        return await hear(reader)
    finally:
        writer.close()


def request_bytes(server: Server, method: str = "GET", tail: str = "", **form: str) -> bytes:
    """A request to the default account's Messages, as bytes."""
    body = urlencode(form).encode()
    head = [
        f"{method} {urlsplit(server.messages_url).path}{tail} HTTP/1.1",
        "Host: emulator",
        f"Authorization: {server.auth['Authorization']}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def send_bytes(server: Server, **form: str) -> bytes:
    """A request to send an SMS, as bytes; `sender` is written for `from`."""
    given = {"from": form.pop("sender", "sms:+15550109999"), "to": "sms:+15550100001", "body": "hello", **form}
    return request_bytes(server, "POST", **given)
