"""Faults on the wire, seen from the other end of a real socket, on asyncio's loop and on uvloop's."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from emulator.clock import ClockMode
from tests.raw_http import Heard, connect, exchange, hear, request_bytes, send_bytes
from tests.running import PATIENCE, AppUnderTest, Server, running, serving

LOOPS = ["asyncio", "uvloop"]


def run(loop: str, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story on a loop of this kind."""
    make = asyncio.new_event_loop if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=make) as runner:
        runner.run(asyncio.wait_for(story(), PATIENCE))


def rule(reply: str, request: str = "send") -> str:
    return f"version: 1\nrules:\n- name: fault\n  when: {{request: {request}}}\n  reply: {reply}\n"


def resets(heard: Heard) -> None:
    assert heard == Heard(b"", reset=True)


def is_empty(heard: Heard) -> None:
    assert heard == Heard(b"")


def stops_halfway(heard: Heard) -> None:
    head, _, body = heard.data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    fields = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    assert fields[b"Content-Type"] == b"application/json"
    assert 0 < len(body) < int(fields[b"Content-Length"])
    assert body.startswith(b'{\n  "sid": "SM')
    assert not heard.reset


def is_garbage(heard: Heard) -> None:
    assert heard.data
    assert b"HTTP/" not in heard.data


FAULTS = [
    ("reset", resets),
    ("empty", is_empty),
    ("truncated", stops_halfway),
    ("garbage", is_garbage),
    ("hang, for: 50ms", is_empty),
]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(("fault", "seen"), FAULTS, ids=[name.partition(",")[0] for name, _ in FAULTS])
def test_an_accepted_message_lives_on_though_its_sender_was_cut_off(
    loop: str, fault: str, seen: Callable[[Heard], None]
) -> None:
    async def story() -> None:
        app = AppUnderTest()
        async with running(clock=ClockMode.INSTANT) as server, serving(app.handle) as app.url:
            await server.put("scenario", rule(f"{{fault: {fault}, accept: yes}}"))
            seen(await exchange(server.url, send_bytes(server, status_callback=app.url)))
            await app.wait(3)
            assert app.statuses == ["sending", "sent", "delivered"]
            await server.get("idle")
            (message,) = (await server.get("messages"))["messages"]
            assert message["status"] == "delivered"
            (request,) = (await server.get("requests"))["requests"]
            assert (request["answer_status"], request["rule"]) == (None, "fault")

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("fault", ["reset", "empty", "truncated", "garbage", "hang, for: 50ms"])
def test_without_accept_the_message_never_was(loop: str, fault: str) -> None:
    async def story() -> None:
        async with running(clock=ClockMode.INSTANT) as server:
            await server.put("scenario", rule(f"{{fault: {fault}}}"))
            heard = await exchange(server.url, send_bytes(server))
            assert heard.reset is (fault == "reset")
            assert (await server.get("messages"))["messages"] == []
            assert (await server.get("clock"))["in_flight"] == 0

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(("fault", "seen"), FAULTS[:2], ids=["reset", "empty"])
def test_requests_that_read_meet_faults_too(loop: str, fault: str, seen: Callable[[Heard], None]) -> None:
    async def story() -> None:
        async with running() as server:
            sent = await server.send()
            await server.put("scenario", rule(f"{{fault: {fault}}}", request="any"))
            seen(await exchange(server.url, request_bytes(server)))
            seen(await exchange(server.url, request_bytes(server, tail=f"/{sent['sid']}")))

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_kept_alive_is_reset_at_the_request_that_meets_the_fault(loop: str) -> None:
    async def story() -> None:
        async with running() as server:
            await server.put("scenario", rule("reset"))
            reader, writer = await connect(server.url)
            writer.write(request_bytes(server))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(send_bytes(server))
            resets(await hear(reader))
            writer.close()

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_hangs_holds_up_neither_its_account_nor_the_end_of_the_server(loop: str) -> None:
    async def story() -> None:
        app = AppUnderTest()
        async with serving(app.handle) as app.url:
            async with running(clock=ClockMode.INSTANT) as server:
                await server.put("scenario", rule("{fault: hang, for: 10h, accept: yes}"))
                reader, writer = await connect(server.url)
                writer.write(send_bytes(server, status_callback=app.url))
                await app.wait(3)
                await server.get("idle")
                await server.put("scenario", "version: 1\n")
                await server.send(status_callback=app.url)
                await app.wait(6)
            is_empty(await hear(reader))
            writer.close()

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_sender_that_gave_up_waiting_leaves_nothing_behind(loop: str) -> None:
    async def story() -> None:
        app = AppUnderTest()
        async with running(clock=ClockMode.INSTANT) as server, serving(app.handle) as app.url:
            await server.put("scenario", rule("{status: 200, after: 10h}"))
            _, writer = await connect(server.url)
            writer.write(send_bytes(server, status_callback=app.url))
            await server.get("wait", to="+15550100001")
            assert app.told == []
            writer.close()
            await app.wait(3)
            await server.get("idle")
            assert (await server.get("clock"))["in_flight"] == 0

    run(loop, story)


async def test_a_status_with_accept_lies_to_the_sender_only(emulator: Server, app: AppUnderTest) -> None:
    reply = "{status: 503, message: try later, headers: {Retry-After: 1}, accept: yes}"
    await emulator.put("scenario", rule(reply))
    answer = await emulator.try_to_send(status_callback=app.url)
    assert (answer.status, answer.headers["Retry-After"], answer.json) == (503, "1", {"message": "try later"})
    await emulator.post("clock/advance", {"to": "idle"})
    assert app.statuses == ["sending", "sent", "delivered"]


@pytest.mark.parametrize("loop", LOOPS)
def test_the_zero_config_number_resets_without_any_scenario(loop: str) -> None:
    async def story() -> None:
        async with running(clock=ClockMode.INSTANT) as server:
            resets(await exchange(server.url, send_bytes(server, to="sms:+15005590006")))
            assert (await server.get("messages"))["messages"] == []

    run(loop, story)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_zero_config_number_takes_the_message_and_never_answers(loop: str) -> None:
    async def story() -> None:
        app = AppUnderTest()
        async with serving(app.handle) as app.url:
            async with running(clock=ClockMode.INSTANT) as server:
                reader, writer = await connect(server.url)
                writer.write(send_bytes(server, to="sms:+15005590007", status_callback=app.url))
                await app.wait(3)
                assert app.statuses == ["sending", "sent", "delivered"]
            is_empty(await hear(reader))
            writer.close()

    run(loop, story)
