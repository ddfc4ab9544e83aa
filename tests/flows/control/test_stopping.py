import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from emulator.app import create_app
from emulator.clock import ClockMode
from emulator.config import Config
from emulator.control.application import PREFIX, application
from emulator.engine import Engine
from emulator.wire import CONFIG, ENGINE, STOPPING
from tests.running import AppUnderTest, Server, serving

STOPPING_SAID = {"message": "the emulator is stopping", "remedy": ""}


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def app() -> web.Application:
    """An emulator whose end can be begun while it still listens."""
    return create_app(Config(clock=ClockMode.MANUAL))


@pytest.fixture
async def emulator(app: web.Application) -> AsyncIterator[Server]:
    async with listening(app) as url, aiohttp.ClientSession() as session:
        yield Server(url=url, session=session, config=Config())


async def test_health_is_503_while_the_server_stops(app: web.Application, emulator: Server) -> None:
    assert (await emulator.control("GET", "/health")).status == 200
    await app.shutdown()
    answer = await emulator.control("GET", "/health")
    assert (answer.status, answer.json["error"]) == (503, STOPPING_SAID)


async def test_health_is_503_before_there_is_an_engine() -> None:
    bare = web.Application()
    bare[STOPPING] = asyncio.Event()
    bare.add_subapp(PREFIX, application())
    async with listening(bare) as url, aiohttp.ClientSession() as session:
        answer = await Server(url=url, session=session, config=Config()).control("GET", "/health")
    assert (answer.status, answer.json["error"]["message"]) == (503, "the emulator is starting")


async def test_a_bug_is_a_500_that_is_logged_and_tells_nothing_of_the_code(caplog: pytest.LogCaptureFixture) -> None:
    bare = web.Application()
    bare[STOPPING] = asyncio.Event()
    bare[CONFIG] = Config()
    bare[ENGINE] = cast("Engine", "no engine at all")
    bare.add_subapp(PREFIX, application())
    async with listening(bare) as url, aiohttp.ClientSession() as session:
        answer = await Server(url=url, session=session, config=Config()).control("GET", "clock")
    assert (answer.status, answer.json) == (
        500,
        {"error": {"message": "the emulator failed; its log has the details", "remedy": ""}},
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "GET /_emulator/accounts/default/clock")
    ]
    assert "AttributeError" in caplog.text


async def test_whoever_waits_for_the_app_is_told_that_the_server_stops(app: web.Application, emulator: Server) -> None:
    told, let = AppUnderTest(), asyncio.Event()

    async def hold(_: web.Request) -> web.Response:
        await let.wait()
        return web.Response()

    told.answering = hold
    async with serving(told.handle) as url:
        await emulator.put("scenario", f"version: 1\nnumbers: [{{number: '+15550001111', sms_url: '{url}'}}]\n")
        sent = await emulator.send(status_callback=url)
        calls = [
            asyncio.create_task(emulator.control("POST", path, json=body))
            for path, body in (
                ("inbound", {"from": "sms:+15550102222", "to": "sms:+15550001111"}),
                (f"messages/{sent['sid']}/status", {"status": "failed"}),
                ("clock/advance", {"to": "idle"}),
            )
        ]
        await told.wait(2)
        await app.shutdown()
        assert [((await call).status, (await call).json["error"]) for call in calls] == [(503, STOPPING_SAID)] * 3
        let.set()


async def test_whoever_waits_is_told_that_the_server_stops(app: web.Application, emulator: Server) -> None:
    await emulator.send()
    waits = [
        asyncio.create_task(emulator.control("GET", path))
        for path in ("wait?body=never&timeout=10m", "idle?timeout=10m")
    ]
    async with emulator.session.get(emulator.url + "/_emulator/accounts/default/events") as stream:
        assert await stream.content.readline() == b"retry: 1000\r\n"
        await app.shutdown()
        assert [((await wait).status, (await wait).json["error"]) for wait in waits] == [(503, STOPPING_SAID)] * 2
        await stream.read()
