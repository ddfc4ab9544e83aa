"""Texts outlive the process, and a disk that fills up in the middle of a conversation."""

import asyncio
import resource
import signal
from pathlib import Path

import pytest
from aiohttp import web

from tests.flows.inbound.conftest import CUSTOMER, NUMBER, rcml
from tests.processes import Emulator, emulator
from tests.running import PATIENCE, AppUnderTest

TEXT = {"from": f"sms:{CUSTOMER}", "to": f"sms:{NUMBER}", "body": "hello"}


async def provision(running: Emulator, app: AppUnderTest) -> None:
    """Bind the number to the app."""
    await running.server.put("scenario", f"version: 1\nnumbers: [{{number: '{NUMBER}', sms_url: '{app.url}/sms'}}]\n")


async def test_a_text_that_the_app_had_not_answered_is_told_again_after_a_kill(
    tmp_path: Path, app: AppUnderTest
) -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app.paths["/sms"] = hang
    async with emulator("--db", tmp_path / "emulator.db") as first:
        await provision(first, app)
        texting = asyncio.create_task(first.server.control("POST", "inbound", json=TEXT))
        await app.wait(1)
        await first.end(signal.SIGKILL)
        await asyncio.gather(texting, return_exceptions=True)
    never.set()
    app.paths["/sms"] = rcml("<Message>here again</Message>")
    async with emulator("--db", tmp_path / "emulator.db") as second:
        await app.wait(2)
        await second.server.get("idle")
        rows = (await second.server.get("messages"))["messages"]
    assert [(row["body"], row["status"]) for row in rows] == [("here again", "delivered"), ("hello", "received")]
    assert app.told[0].parameters == app.told[1].parameters


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
async def test_a_reply_waits_for_room_on_the_disk(tmp_path: Path, app: AppUnderTest) -> None:
    async with emulator("--db", tmp_path / "emulator.db") as running:
        pid = running.process.pid

        async def full(_: web.Request) -> web.Response:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            return web.Response(text="<Response><Message>late</Message></Response>", content_type="text/xml")

        app.paths["/sms"] = full
        await provision(running, app)
        texting = asyncio.create_task(running.server.post("inbound", TEXT))
        assert running.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while b"the database could not be written" not in await running.process.stderr.readline():
                pass
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert [reply["body"] for reply in (await texting)["replies"]] == ["late"]
        report = await running.server.get("report")
    assert (report["ok"], report["errors"]) == (True, [])
