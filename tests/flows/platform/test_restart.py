"""What survives the end of the process, however it ends."""

import asyncio
import signal
from collections import defaultdict
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.processes import emulator
from tests.raw_http import connect, send_bytes
from tests.running import AppUnderTest, Server

LIFE = ["sending", "sent", "delivered"]


async def send_until_it_ends(server: Server, callback: str, accepted: list[str], recipients: list[str]) -> None:
    """Send to each recipient, keeping the SIDs of what was accepted, until the server is gone."""
    for to in recipients:
        try:
            accepted.append((await server.send(to=to, status_callback=callback))["sid"])
        except aiohttp.ClientError:
            return


def told(app: AppUnderTest) -> dict[str, list[str]]:
    """By message: the statuses the app heard of, each once, in the order of the first time."""
    heard: defaultdict[str, list[str]] = defaultdict(list)
    for each in app.told:
        if each["MessageStatus"] not in heard[each["MessageSid"]]:
            heard[each["MessageSid"]].append(each["MessageStatus"])
    return heard


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "terminate"])
async def test_every_accepted_message_completes_and_every_callback_arrives(
    tmp_path: Path, app: AppUnderTest, end: signal.Signals
) -> None:
    accepted: list[str] = []
    recipients = [f"+155501{number:05}" for number in range(400)]
    async with emulator("--db", tmp_path / "emulator.db") as first:
        senders = [send_until_it_ends(first.server, app.url, accepted, recipients[part::8]) for part in range(8)]
        sending = asyncio.gather(*senders)
        await app.wait(150)
        ended = await first.end(end)
        await sending
    assert (ended.status, ended.complaints) == (0 if end is signal.SIGTERM else -end, [])
    assert accepted
    async with emulator("--db", tmp_path / "emulator.db") as second:
        await second.server.get("idle", timeout="30s")
        for sid in accepted:
            assert (await second.server.get(f"messages/{sid}"))["status"] == "delivered"
        kept = (await second.server.get("messages", limit=1000))["messages"]
        listed = await second.server.request(
            "GET", second.server.messages_url, params={"PageSize": "5000"}, headers=second.server.auth
        )
    assert {message["sid"] for message in kept} >= set(accepted)
    assert listed.json["total"] == len(kept)
    heard = told(app)
    assert {message["sid"]: LIFE for message in kept} == heard


async def test_an_app_that_had_not_answered_is_told_again(tmp_path: Path, app: AppUnderTest) -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app.answering = hang
    async with emulator("--db", tmp_path / "emulator.db") as first:
        await first.server.send(status_callback=app.url)
        await app.wait(1)
        await first.server.get("wait", status="delivered", timeout="20s")
        ended = await first.end(signal.SIGTERM)
    assert (ended.status, ended.complaints) == (0, [])
    assert app.statuses == ["sending"]
    never.set()
    async with emulator("--db", tmp_path / "emulator.db"):
        await app.wait(4)
    assert app.statuses == ["sending", *LIFE]


async def test_virtual_time_and_what_is_due_in_it_survive(tmp_path: Path, app: AppUnderTest) -> None:
    async with emulator("--db", tmp_path / "emulator.db", "--clock", "manual") as first:
        await first.server.put("clock", {"now": "2030-01-01T00:00:00Z"})
        sent = await first.server.send(status_callback=app.url)
        await first.server.post("clock/advance", {"by": "100ms"})
        await first.server.post("/accounts", {"sid": "AC" + "1" * 32, "auth_token": "token"})
        await first.server.control("PATCH", "/accounts/default", json={"seed": 7})
        await first.end(signal.SIGKILL)
    assert app.statuses == ["sending", "sent"]
    async with emulator("--db", tmp_path / "emulator.db") as second:
        clock = await second.server.get("clock")
        assert (clock["mode"], clock["now"], clock["pending"]) == ("manual", "2030-01-01T00:00:00.100Z", 1)
        assert clock["next_due"] == "2030-01-01T00:00:00.350Z"
        assert (await second.server.try_to_send(account=("AC" + "1" * 32, "other"))).status == 401
        await second.server.post("clock/advance", {"by": "1m"})
        ended = await second.end(signal.SIGTERM)
        assert (ended.status, ended.complaints) == (0, [])
    async with emulator("--db", tmp_path / "emulator.db") as third:
        assert (await third.server.get("clock"))["now"] == "2030-01-01T00:01:00.100Z"
        assert (await third.server.get(f"messages/{sent['sid']}"))["status"] == "delivered"
    assert app.statuses == LIFE


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=["terminate", "interrupt"])
async def test_nothing_open_keeps_it_from_ending_well(app: AppUnderTest, end: signal.Signals) -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app.answering = hang
    async with emulator() as running:
        server = running.server
        await server.send(status_callback=app.url)
        await app.wait(1)
        waiting = asyncio.ensure_future(server.control("GET", "wait", params={"to": "+1", "timeout": "10m"}))
        _, hanging = await connect(server.url)
        hanging.write(send_bytes(server, to="sms:+15005590007"))
        _, silent = await connect(server.url)
        _, half = await connect(server.url)
        half.write(send_bytes(server)[:-5])
        await server.get("wait", to="+15005590007")
        ended = await running.end(end)
        assert (ended.status, ended.out, ended.complaints) == (0, "", [])
        await asyncio.gather(waiting, return_exceptions=True)
        for writer in (hanging, silent, half):
            writer.close()
    never.set()
