"""A wait that asks whether the app was told returns once the app has answered."""

import asyncio

from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import AppUnderTest, Server


async def test_the_app_has_answered_what_was_due_when_the_wait_returns(start: Start, app: AppUnderTest) -> None:
    server = await start(clock=ClockMode.INSTANT)
    answered: list[str] = []

    async def slowly(request: web.Request) -> web.Response:
        await asyncio.to_thread(lambda: None)
        answered.append(request.query["MessageStatus"])
        return web.Response()

    app.answering = slowly
    await server.send(status_callback=app.url)
    waited = await server.get("wait", status="delivered", told="true")
    assert waited["message"]["status"] == "delivered"
    assert answered == ["sending", "sent", "delivered"]


async def test_a_callback_that_is_due_later_is_not_waited_for(emulator: Server, app: AppUnderTest) -> None:
    await emulator.put("scenario", "version: 1\nrules:\n  - then: [sending callback late 1h]\n")
    await emulator.send(status_callback=app.url)
    await emulator.post("clock/advance", {"by": "1s"})
    assert (await emulator.get("wait", status="sending", told="true"))["message"]["status"] == "sending"
    assert app.told == []


async def test_an_app_that_does_not_answer_in_time_is_named(start: Start, app: AppUnderTest) -> None:
    server = await start(clock=ClockMode.INSTANT)
    told, over = asyncio.Event(), asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        told.set()
        await over.wait()
        return web.Response()

    app.answering = never
    shown = await server.send(status_callback=app.url)
    await told.wait()
    answer = await server.control("GET", "wait", params={"status": "sending", "told": "true", "timeout": "10ms"})
    over.set()
    assert answer.status == 408
    assert answer.json["untold"]["sid"] == shown["sid"]
    assert answer.json["error"]["message"] == (
        f"{shown['sid']} matches, but the app has not answered the callback about it within 10ms"
    )
