import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.running import PATIENCE, AppUnderTest, Server

NOW = "2026-01-31T08:00:00.000Z"
LONG = "x" * 1900


@pytest.fixture
async def still(emulator: Server) -> Server:
    await emulator.put("clock", {"now": NOW})
    return emulator


class Reader:
    """Reads a stream of server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, Any]:
        """The next event: its fields, the data as JSON."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.response.content.readline()).decode()
                assert line, "the stream has ended"
                name, _, value = line.strip().partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    return {**fields, "data": json.loads(fields["data"])}
                else:
                    fields.clear()

    async def many(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def watching(server: Server, account: str = "default", **options: Any) -> AsyncIterator[Reader]:
    url = f"{server.url}/_emulator/accounts/{account}/events"
    async with server.session.get(url, timeout=aiohttp.ClientTimeout(), **options) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        yield Reader(response)


async def test_events_are_told_as_they_happen(still: Server, app: AppUnderTest) -> None:
    async with watching(still) as stream:
        sent = await still.send("+15005590001", status_callback=app.url)
        await still.post("clock/advance", {"to": "idle"})
        await still.post("inbound", {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "hi"})
        events = await stream.many(6)
    assert [event["event"] for event in events] == ["message", "request", "status", "callback", "clock", "inbound"]
    assert [int(event["id"]) for event in events] == list(range(2, 8))
    assert events[0]["data"] == {
        "id": 2,
        "kind": "message",
        "at": NOW,
        "message": sent["sid"],
        "status": "queued",
        "from": "sms:+15550109999",
        "to": "sms:+15005590001",
    }
    assert events[2]["data"] == {
        "id": 4,
        "kind": "status",
        "at": NOW,
        "message": sent["sid"],
        "status": "sending",
        "error_code": None,
    }
    assert events[3]["data"] == {
        "id": 5,
        "kind": "callback",
        "at": NOW,
        "message": sent["sid"],
        "status": "sending",
        "url": app.url,
        "attempt": 1,
        "outcome": "answered",
        "answer": 200,
        "error": "",
    }
    assert events[4]["data"] == {"id": 6, "kind": "clock", "at": NOW, "mode": "manual", "now": NOW}


@pytest.mark.parametrize("how", [{"headers": {"Last-Event-ID": "3"}}, {"params": {"after": "3"}}])
async def test_a_reader_that_comes_back_hears_what_happened_meanwhile(still: Server, how: dict[str, Any]) -> None:
    await still.send(body="one")
    await still.send(body="two")
    async with watching(still, **how) as stream:
        await still.send(body="three")
        events = await stream.many(4)
    assert [int(event["id"]) for event in events] == [4, 5, 6, 7]


async def test_a_reader_of_an_earlier_server_is_told_that_it_missed_something(still: Server) -> None:
    await still.send()
    async with watching(still, headers={"Last-Event-ID": "1000000"}) as stream:
        missed, first = await stream.many(2)
    assert (missed["event"], missed["data"]["count"], "id" in missed) == ("missed", None, False)
    assert first["id"] == "1"


async def test_a_reader_hears_of_its_own_account_only(still: Server) -> None:
    other = await still.post("/accounts")
    async with watching(still, other["sid"]) as stream:
        await still.send()
        sent = await still.send(account=(other["sid"], other["auth_token"]))
        event = await stream.next()
    assert event["data"]["message"] == sent["sid"]


async def test_who_never_reads_is_cut_off_and_who_was_away_too_long_is_told(still: Server, app: AppUnderTest) -> None:
    with socket.socket() as deaf:
        await connect(deaf, still)
        await flood(still, f"{app.url}/{LONG}")
        assert await until_cut(deaf) > 0
    async with watching(still, headers={"Last-Event-ID": "1"}) as stream:
        missed, first = await stream.many(2)
    assert missed["data"] == {"kind": "missed", "count": None, "remedy": "read messages, requests and callbacks again"}
    assert int(first["id"]) > 2
    async with watching(still) as stream:
        sent = await still.send()
        assert (await stream.next())["data"]["message"] == sent["sid"]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 20])
async def test_an_id_that_no_event_can_have_is_refused(still: Server, last: str) -> None:
    answer = await still.control("GET", "events", headers={"Last-Event-ID": last})
    assert (answer.status, answer.json["error"]) == (
        400,
        {"message": f"Last-Event-ID: '{last}' is not the id of an event", "remedy": "send back the last id you got"},
    )


async def test_watching_an_account_that_is_not_there_is_not_found(still: Server) -> None:
    assert (await still.control("GET", "events", account="ACnone")).status == 404


async def connect(deaf: socket.socket, server: Server) -> None:
    """Open a stream, and never read it: with so little room that what is told soon has to wait."""
    loop, address = asyncio.get_running_loop(), URL(server.url)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    await loop.sock_connect(deaf, (address.host, address.port))
    await loop.sock_sendall(deaf, b"GET /_emulator/accounts/default/events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await loop.sock_recv(deaf, 8) == b"HTTP/1.1"


async def flood(server: Server, callback: str) -> None:
    """Make more events than are kept for anybody: eight of each message, three of them as long as this URL."""
    limit = asyncio.Semaphore(50)

    async def send() -> None:
        async with limit:
            await server.send("+15005590003", status_callback=callback)

    await asyncio.gather(*(send() for _ in range(2500)))
    await server.post("clock/advance", {"to": "idle"})


async def until_cut(reader: socket.socket) -> int:
    """Read what was on the way until the connection is reset or closed; returns how much it was."""
    loop, size = asyncio.get_running_loop(), 0
    async with asyncio.timeout(PATIENCE):
        try:
            while chunk := await loop.sock_recv(reader, 1 << 20):
                size += len(chunk)
        except ConnectionResetError:
            pass
    return size
