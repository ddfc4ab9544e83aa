import asyncio
import socket

import pytest
from aiohttp import web

from tests.conftest import Start
from tests.running import AppUnderTest, Server

NOW = "2026-01-31T08:00:00.000Z"


@pytest.fixture
async def still(emulator: Server) -> Server:
    await emulator.put("clock", {"now": NOW})
    return emulator


async def broken(request: web.Request) -> web.Response:
    return web.Response(status=500, text="out of order")


async def test_what_the_app_asked_is_recorded_with_its_answer(still: Server) -> None:
    sent = await still.send("+15550100001", "hello")
    await still.request("GET", f"{still.messages_url}/{sent['sid']}", headers=still.auth)
    await still.request("GET", still.messages_url, headers=still.auth, params={"Status": "failed"})
    fetched_list, fetched, posted = (await still.get("requests"))["requests"]
    path = f"/api/2012-04-24/Accounts/{still.config.account_sid}/Messages"
    assert '"sid": "' + sent["sid"] in posted.pop("answer_body")
    assert posted == {
        "id": 1,
        "at": NOW,
        "method": "POST",
        "path": path,
        "parameters": {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": "hello"},
        "answer_status": 200,
        "rule": None,
    }
    assert (fetched["method"], fetched["path"]) == ("GET", f"{path}/{sent['sid']}")
    assert fetched_list["parameters"] == {"Status": "failed"}


async def test_a_refused_request_is_recorded_too(still: Server) -> None:
    await still.try_to_send("nobody")
    await still.request("GET", still.messages_url)
    without_credentials, refused = (await still.get("requests"))["requests"]
    assert (refused["answer_status"], without_credentials["answer_status"]) == (400, 401)
    assert "E.164" in refused["answer_body"]


async def test_parameters_too_long_to_keep_are_shown_as_the_text_they_begin_with(still: Server) -> None:
    await still.send(body="x" * 20_000)
    shown = (await still.get("requests"))["requests"][0]["parameters"]
    assert (shown[:7], len(shown)) == ('{"from"', 16_384)


@pytest.mark.parametrize("journal", ["requests", "callbacks"])
async def test_journals_are_paged(still: Server, app: AppUnderTest, journal: str) -> None:
    await still.send("+15005590001", status_callback=app.url)
    await still.send("+15005590001", status_callback=app.url)
    await still.send("+15005590001", status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    first = await still.get(journal, limit=2)
    second = await still.get(journal, limit=2, before=first["before"])
    assert [entry["id"] for entry in (*first[journal], *second[journal])] == [3, 2, 1]
    assert (first["before"], second["before"], second["dropped"]) == (2, None, 0)


@pytest.mark.parametrize(("journal", "made"), [("requests", 30), ("callbacks", 90)])
async def test_the_oldest_entries_go_first_and_the_answer_says_how_many(
    start: Start, app: AppUnderTest, journal: str, made: int
) -> None:
    emulator = await start(clock="manual", journal_limit=10)
    for _ in range(30):
        await emulator.send(status_callback=app.url)
        await emulator.post("clock/advance", {"to": "idle"})
    listed = await emulator.get(journal)
    assert 10 <= len(listed[journal]) <= 12
    assert len(listed[journal]) + listed["dropped"] == made
    assert listed[journal][0]["id"] == made


async def test_attempts_still_to_be_made_are_kept_beyond_the_limit_and_go_once_they_are_old(
    start: Start, app: AppUnderTest
) -> None:
    emulator = await start(clock="manual", journal_limit=10)
    late = "version: 1\nclock: manual\nrules:\n- then: [sending callback late 1h, sent callback late 1h]\n"
    await emulator.put("scenario", late)
    for _ in range(20):
        await emulator.send(status_callback=app.url)
    await emulator.post("clock/advance", {"by": "1s"})
    waiting = await emulator.get("callbacks")
    assert ([each["outcome"] for each in waiting["callbacks"]], waiting["dropped"]) == (["pending"] * 40, 0)
    await emulator.post("clock/advance", {"to": "idle"})
    assert len(app.told) == 40
    for _ in range(10):
        await emulator.send(status_callback=app.url)
        await emulator.post("clock/advance", {"to": "idle"})
    kept = await emulator.get("callbacks")
    assert 10 <= len(kept["callbacks"]) <= 12
    assert len(kept["callbacks"]) + kept["dropped"] == 60


async def test_a_lost_callback_is_recorded_as_lost(still: Server, app: AppUnderTest) -> None:
    await still.send("+15005590003", status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert app.told == []
    listed = await still.get("callbacks")
    assert [(callback["status"], callback["outcome"]) for callback in listed["callbacks"]] == [
        ("delivered", "lost"),
        ("sent", "lost"),
        ("sending", "lost"),
    ]


async def test_a_callback_still_to_come_is_shown_as_pending(still: Server, app: AppUnderTest) -> None:
    await still.send("+15005590004", status_callback=app.url)
    await still.post("clock/advance", {"to": "next"})
    callback = (await still.get("callbacks"))["callbacks"][0]
    assert (callback["outcome"], callback["due"], callback["sent"], callback["duration"]) == (
        "pending",
        "2026-01-31T08:00:00.700Z",
        None,
        None,
    )


async def test_a_receiver_that_takes_everything_is_ok(still: Server, app: AppUnderTest) -> None:
    await still.send(status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert await still.get("report") == {
        "ok": True,
        "callbacks": 3,
        "outcomes": {"pending": 0, "answered": 3, "failed": 0, "lost": 0},
        "failures": [],
        "failures_total": 0,
        "errors": [],
    }


async def test_a_report_names_each_callback_that_was_never_taken(still: Server, app: AppUnderTest) -> None:
    app.answering = broken
    sent = await still.send("+15005590001", status_callback=app.url + "/broken")
    await still.post("clock/advance", {"to": "idle"})
    report = await still.get("report")
    assert (report["ok"], report["callbacks"], report["failures_total"]) == (False, 1, 1)
    failure = report["failures"][0]
    assert failure["problem"] == "answered 500: out of order"
    assert (failure["callback"]["message"], failure["callback"]["url"], failure["callback"]["answer_status"]) == (
        sent["sid"],
        app.url + "/broken",
        500,
    )


async def test_a_report_tells_an_answer_slower_than_the_time_out(still: Server, app: AppUnderTest) -> None:
    never = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app.answering = slow
    await still.put("scenario", "version: 1\ncallback: {timeout: 100ms}\nrules: [{then: [sending]}]\n")
    await still.send(status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    failure = (await still.get("report"))["failures"][0]
    assert failure["problem"] == "no answer within 100 ms"
    assert failure["callback"]["duration"] >= 0.1
    never.set()


async def test_a_report_tells_a_refused_connection(still: Server) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        await still.send("+15005590001", status_callback=f"http://127.0.0.1:{port}/")
        await still.post("clock/advance", {"to": "idle"})
    failure = (await still.get("report"))["failures"][0]
    assert failure["problem"] == f"cannot connect to 127.0.0.1:{port}: Connection refused"
    assert failure["callback"]["answer_status"] is None
