"""Apps that answer badly, late, without end or not at all: each attempt is recorded, and nothing is held up."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from emulator.scenario import Scenario
from tests.running import AppUnderTest, Server, serving
from tests.told import attempts, tell


@pytest.mark.parametrize("location", ["ftp://example.com/", "javascript:alert(1)", "http://", "//[", "mailto:x"])
async def test_a_redirect_to_nowhere_fails(emulator: Server, app: AppUnderTest, location: str) -> None:
    async def move(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    app.answering = move
    whole = await tell(emulator, app.url)
    assert attempts(whole)[0] == ("sending", "failed", None)
    assert whole["callbacks"][0]["error"]


async def test_redirects_without_end_are_given_up(emulator: Server, app: AppUnderTest) -> None:
    async def move(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"/{len(app.told)}"})

    app.answering = move
    whole = await tell(emulator, app.url)
    assert attempts(whole)[0] == ("sending", "failed", None)
    assert whole["callbacks"][0]["error"].startswith("more than 10 redirects, the last to http://127.0.0.1:")


@pytest.mark.parametrize("status", [204, 299])
async def test_any_2xx_will_do(emulator: Server, app: AppUnderTest, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    app.answering = answer
    assert attempts(await tell(emulator, app.url))[0] == ("sending", "answered", status)


@pytest.mark.parametrize("status", [304, 400, 404, 500, 503])
async def test_any_other_answer_is_recorded_as_a_failure_and_not_repeated(
    emulator: Server, app: AppUnderTest, status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text="" if status == 304 else "boom")

    app.answering = answer
    whole = await tell(emulator, app.url)
    assert attempts(whole) == [(name, "failed", status) for name in ("sending", "sent", "delivered")]
    assert whole["callbacks"][0]["error"] == f"answered {status}" + ("" if status == 304 else ": boom")
    assert len(app.told) == 3


async def test_an_app_that_is_not_there_costs_nothing_but_its_callbacks(emulator: Server) -> None:
    async with serving(AppUnderTest().handle) as url:
        pass
    whole = await tell(emulator, url)
    assert whole["status"] == "delivered"
    assert attempts(whole) == [(name, "failed", None) for name in ("sending", "sent", "delivered")]
    port = url.rpartition(":")[2]
    assert whole["callbacks"][0]["error"] == f"cannot connect to 127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize(
    "url",
    ["http://no-such-host.invalid/", "http://exämple.invalid/ä?ö=ü", "https://127.0.0.1:9/", "http://0x7f.1.1.1.1.1/"],
)
async def test_a_url_that_leads_nowhere_fails_with_the_reason(emulator: Server, url: str) -> None:
    whole = await tell(emulator, url)
    assert attempts(whole)[0] == ("sending", "failed", None)
    assert whole["callbacks"][0]["error"]


Misbehaving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    await reader.read()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000)
    await reader.read()


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01 certainly not HTTP\r\n\r\n")


async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pass


async def misbehaving(behave: Misbehaving) -> tuple[asyncio.Server, str, list[bytes]]:
    """A server that reads the head of a request and then behaves so; the heads it read are collected."""
    heads: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await behave(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heads


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        (drip, "no answer within 100 ms"),
        (hang, "no answer within 100 ms"),
        (endless_headers, "the answer's headers are longer than 65536 bytes"),
        (nonsense, "the answer is not HTTP"),
        (cut, "closed in the middle of an answer"),
        (leave, "closed without an answer"),
    ],
)
async def test_an_app_that_misbehaves_is_recorded_and_holds_up_nothing(
    emulator: Server, behave: Misbehaving, problem: str
) -> None:
    await emulator.put("scenario", "version: 1\ncallback: {timeout: 100ms}\n")
    server, url, heads = await misbehaving(behave)
    async with server:
        whole = await tell(emulator, url)
    assert attempts(whole) == [(name, "failed", None) for name in ("sending", "sent", "delivered")]
    assert problem in whole["callbacks"][0]["error"]
    assert len(heads) == 3
    report = await emulator.get("report")
    assert report["ok"] is False
    assert len(report["failures"]) == 3


def test_an_app_has_the_platforms_six_seconds_unless_the_scenario_says_otherwise() -> None:
    assert Scenario().callback.timeout == 6_000


async def test_an_answer_without_end_is_not_read_to_its_end(emulator: Server) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"a" * 65_536)
                await writer.drain()
        except ConnectionError:
            pass

    server, url, heads = await misbehaving(flood)
    async with server:
        whole = await tell(emulator, url)
    assert attempts(whole) == [(name, "answered", 200) for name in ("sending", "sent", "delivered")]
    assert len(heads) == 3


async def test_a_connection_cut_after_an_earlier_answer_is_one_attempt_and_one_request(
    emulator: Server, app: AppUnderTest
) -> None:
    async def cut_the_second(request: web.Request) -> web.Response:
        if len(app.told) == 2:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()

    app.answering = cut_the_second
    whole = await tell(emulator, app.url)
    assert [outcome for _, outcome, _ in attempts(whole)] == ["answered", "failed", "answered"]
    assert app.statuses == ["sending", "sent", "delivered"]
