import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import AppUnderTest, Server, running

START = "2026-01-31T08:00:00.000Z"


@pytest.fixture
async def still(emulator: Server) -> Server:
    """A server whose default account stands at a known instant."""
    await emulator.put("clock", {"now": START})
    return emulator


async def test_a_clock_that_nobody_set_is_real(start: Start) -> None:
    clock = await (await start()).get("clock")
    assert (clock["mode"], clock["pending"], clock["next_due"], clock["in_flight"]) == ("real", 0, None, 0)


async def test_a_manual_clock_stands_still_and_says_what_is_due(still: Server) -> None:
    await still.send()
    assert await still.get("clock") == {
        "mode": "manual",
        "now": START,
        "started": START,
        "pending": 1,
        "next_due": START,
        "in_flight": 0,
    }


async def test_advance_returns_what_happened_after_the_app_answered(still: Server, app: AppUnderTest) -> None:
    sent = await still.send(status_callback=app.url)
    answer = await still.post("clock/advance", {"by": "72h"})
    assert app.statuses == ["sending", "sent", "delivered"]
    assert (answer["now"], answer["events_total"]) == ("2026-02-03T08:00:00.000Z", 6)
    assert [(event["kind"], event["status"], event["at"][-13:]) for event in answer["events"]] == [
        ("status", "sending", "08:00:00.000Z"),
        ("callback", "sending", "08:00:00.000Z"),
        ("status", "sent", "08:00:00.100Z"),
        ("callback", "sent", "08:00:00.100Z"),
        ("status", "delivered", "08:00:00.350Z"),
        ("callback", "delivered", "08:00:00.350Z"),
    ]
    assert {event["message"] for event in answer["events"]} == {sent["sid"]}


async def test_next_plays_one_instant_and_idle_all_of_them(still: Server) -> None:
    await still.send()
    seen = [(await still.post("clock/advance", {"to": "next"}))["now"] for _ in range(3)]
    assert seen == [START, "2026-01-31T08:00:00.100Z", "2026-01-31T08:00:00.350Z"]
    assert await still.post("clock/advance", {"to": "next"}) == {"now": seen[2], "events": [], "events_total": 0}
    await still.send("+15550100002")
    assert (await still.post("clock/advance", {"to": "idle"}))["now"] == "2026-01-31T08:00:00.700Z"


async def test_an_instant_is_reached_exactly_and_what_is_due_at_it_happens(still: Server) -> None:
    sent = await still.send()
    answer = await still.post("clock/advance", {"to": "2026-01-31T08:00:00.100Z"})
    assert answer["now"] == "2026-01-31T08:00:00.100Z"
    assert (await still.get(f"messages/{sent['sid']}"))["status"] == "sent"


async def test_seconds_may_be_a_number(still: Server) -> None:
    assert (await still.post("clock/advance", {"by": 1.5}))["now"] == "2026-01-31T08:00:01.500Z"


async def test_what_is_due_first_is_told_first_whichever_was_sent_first(still: Server, app: AppUnderTest) -> None:
    await still.send("+15550100001", status_callback=app.url)
    await still.post("clock/advance", {"by": "50ms"})
    await still.send("+15550100002", status_callback=app.url)
    app.told.clear()
    await still.post("clock/advance", {"to": "idle"})
    assert [(told["To"][-1], told["MessageStatus"]) for told in app.told] == [
        ("2", "sending"),
        ("1", "sent"),
        ("2", "sent"),
        ("1", "delivered"),
        ("2", "delivered"),
    ]


async def test_what_is_due_at_the_same_instant_is_told_together(still: Server, app: AppUnderTest) -> None:
    everybody = asyncio.Barrier(3)

    async def when_all_are_here(request: web.Request) -> web.Response:
        await everybody.wait()
        return web.Response()

    app.answering = when_all_are_here
    for number in range(3):
        await still.send(f"+1555010000{number}", status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert app.statuses == ["sending"] * 3 + ["sent"] * 3 + ["delivered"] * 3


async def test_the_clock_does_not_move_past_a_callback_that_is_not_answered(still: Server, app: AppUnderTest) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response()

    app.answering = slow
    await still.send(status_callback=app.url)
    advancing = asyncio.create_task(still.post("clock/advance", {"by": "72h"}))
    await asked.wait()
    clock = await still.get("clock")
    assert (clock["now"], clock["in_flight"], advancing.done()) == (START, 1, False)
    answer.set()
    assert (await advancing)["now"] == "2026-02-03T08:00:00.000Z"


async def test_what_the_app_sends_while_it_is_told_is_played_in_the_same_advance(
    still: Server, app: AppUnderTest
) -> None:
    async def send_another(request: web.Request) -> web.Response:
        if len(app.told) == 1:
            await still.send("+15550100002", "a second one", status_callback=app.url)
        return web.Response()

    app.answering = send_another
    await still.send("+15550100001", "a first one", status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert [told["MessageStatus"] for told in app.told if told["Body"] == "a second one"] == [
        "sending",
        "sent",
        "delivered",
    ]


async def test_a_callback_handler_that_advances_is_told_so_at_once(still: Server, app: AppUnderTest) -> None:
    answers = []

    async def advance(request: web.Request) -> web.Response:
        answers.append(await still.control("POST", "clock/advance", json={"by": "1s"}))
        return web.Response()

    app.answering = advance
    await still.send(status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert [answer.status for answer in answers] == [409] * 3
    assert answers[0].json["error"] == {
        "message": "the clock is already being advanced, and that waits for the app to answer its callbacks",
        "remedy": "do not advance from inside a callback handler; advance again when the first call returns",
    }


async def test_a_real_clock_cannot_be_advanced(start: Start) -> None:
    answer = await (await start()).control("POST", "clock/advance", json={"by": "1s"})
    assert answer.status == 409
    assert answer.json["error"] == {
        "message": "a real clock cannot be advanced",
        "remedy": 'switch first: PUT clock {"mode": "manual"}',
    }


@pytest.mark.parametrize(
    ("body", "message", "remedy"),
    [
        ({}, "say how far, one way", 'send {"by": "72h"}, {"to": "next"}, {"to": "idle"} or an instant'),
        (
            {"by": "1s", "to": "next"},
            "say how far, one way",
            'send {"by": "72h"}, {"to": "next"}, {"to": "idle"} or an instant',
        ),
        (
            {"by": "-1s"},
            "by: '-1s' is not a duration such as 250ms, 2s, 5m, 72h or 1h30m",
            "time only goes forward",
        ),
        ({"by": -1}, "by: a duration cannot be -1.0", "time only goes forward"),
        (
            {"by": "a while"},
            "by: 'a while' is not a duration such as 250ms, 2s, 5m, 72h or 1h30m",
            "write it as 250ms, 90s or 1h30m, or as a number of seconds",
        ),
        ({"by": "70000d"}, "by: 70000d is too far", "the clock ends at 2200-01-01T00:00:00.000Z"),
        (
            {"by": 1e300},
            "by: 1e+300 is too long; the clock ends in 2200",
            "write it as 250ms, 90s or 1h30m, or as a number of seconds",
        ),
        (
            {"to": "2026-01-31T07:59:59Z"},
            "to: 2026-01-31T07:59:59Z is in the past, the clock stands at 2026-01-31T08:00:00.000Z",
            'time only goes forward here; PUT clock {"now": …} starts it afresh at any instant',
        ),
        (
            {"to": "tomorrow"},
            "to: 'tomorrow' is not an ISO 8601 time such as 2026-01-31T08:00:00Z",
            "send next, idle or an ISO 8601 instant",
        ),
        (
            {"to": "9999-12-31T00:00:00Z"},
            "to: '9999-12-31T00:00:00Z' is outside 1970-01-01 to 2200-01-01",
            "send next, idle or an ISO 8601 instant",
        ),
        (
            {"by": True},
            "by: Expected `float | str | null`, got `bool`",
            "GET /_emulator/openapi.json says what each call takes",
        ),
        ({"too": "idle"}, "unknown key 'too'", "did you mean to?"),
    ],
)
async def test_an_advance_that_makes_no_sense_says_why(
    still: Server, body: dict[str, object], message: str, remedy: str
) -> None:
    answer = await still.control("POST", "clock/advance", json=body)
    assert (answer.status, answer.json) == (400, {"error": {"message": message, "remedy": remedy}})
    assert (await still.get("clock"))["now"] == START


async def test_an_instant_clock_plays_everything_by_itself(start: Start, app: AppUnderTest) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    await emulator.put("clock", {"now": START})
    await emulator.send(status_callback=app.url)
    assert await emulator.get("idle") == {"now": "2026-01-31T08:00:00.350Z"}
    assert app.statuses == ["sending", "sent", "delivered"]


async def test_an_instant_clock_can_be_advanced_too(start: Start) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    await emulator.put("clock", {"now": START})
    sent = await emulator.send()
    assert (await emulator.post("clock/advance", {"by": "72h"}))["now"] >= "2026-02-03T08:00:00.000Z"
    assert (await emulator.get(f"messages/{sent['sid']}"))["status"] == "delivered"


async def test_a_manual_clock_made_instant_plays_what_was_pending(still: Server, app: AppUnderTest) -> None:
    await still.send(status_callback=app.url)
    await still.put("clock", {"mode": "instant"})
    assert await still.get("idle") == {"now": "2026-01-31T08:00:00.350Z"}
    assert app.statuses == ["sending", "sent", "delivered"]


async def test_an_instant_clock_made_manual_stands_still(start: Start) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    await emulator.put("clock", {"mode": "manual"})
    await emulator.send()
    assert (await emulator.get("clock"))["pending"] == 1


async def test_a_manual_clock_made_real_plays_what_is_due(still: Server, app: AppUnderTest) -> None:
    await still.send(status_callback=app.url)
    await still.put("clock", {"mode": "real"})
    await app.wait(3)
    assert app.statuses == ["sending", "sent", "delivered"]


async def test_a_real_clock_made_manual_keeps_its_instant_and_what_is_pending(start: Start) -> None:
    emulator = await start()
    await emulator.put("clock", {"mode": "real", "now": START})
    await emulator.send("+15005590001")
    clock = await emulator.put("clock", {"mode": "manual"})
    assert clock["now"].startswith("2026-01-31T08:")
    assert clock["started"] == START


@pytest.mark.parametrize("mode", ["manual", "instant"])
async def test_what_would_be_due_after_the_end_of_time_is_due_at_its_end(start: Start, mode: str) -> None:
    emulator = await start(clock=ClockMode.MANUAL)
    await emulator.put("clock", {"mode": mode, "now": "2199-12-31T23:00:00Z"})
    await emulator.put(
        "scenario",
        "version: 1\ncallback: {retry: {times: 1, first: 300d}}\nrules:\n"
        "  - then: [sent callback late 300d callback x2 gap 300d, delivered after 300d, replies hi after 300d]\n",
    )
    for _ in range(2):
        sent = await emulator.send(status_callback="http://127.0.0.1:1/")
        if mode == "manual":
            await emulator.post("clock/advance", {"to": "idle"})
        await emulator.get("idle")
        assert (await emulator.get(f"messages/{sent['sid']}"))["status"] == "delivered"
    assert (await emulator.get("clock"))["now"] == "2200-01-01T00:00:00.000Z"


async def test_a_clock_can_be_set_back_and_starts_afresh(still: Server) -> None:
    assert await still.put("clock", {"now": "1999-12-31T23:59:59Z"}) == {
        "mode": "manual",
        "now": "1999-12-31T23:59:59.000Z",
        "started": "1999-12-31T23:59:59.000Z",
        "pending": 0,
        "next_due": None,
        "in_flight": 0,
    }
    sent = await still.send()
    assert sent["date_created"] == "Fri, 31 Dec 1999 23:59:59 +0000"


async def test_the_clock_is_not_changed_while_it_is_advanced(still: Server, app: AppUnderTest) -> None:
    answers = []

    async def change(request: web.Request) -> web.Response:
        answers.append(await still.control("PUT", "clock", json={"mode": "real"}))
        return web.Response()

    app.answering = change
    await still.send("+15005590001", status_callback=app.url)
    await still.post("clock/advance", {"to": "idle"})
    assert [(answer.status, answer.json["error"]["message"]) for answer in answers] == [
        (409, "the clock is being advanced")
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "nothing to change"),
        ({"mode": "fast"}, "mode: Invalid enum value 'fast'"),
        ({"now": "soon"}, "now: 'soon' is not an ISO 8601 time such as 2026-01-31T08:00:00Z"),
        ({"now": 0}, "now: Expected `str | null`, got `int`"),
    ],
)
async def test_a_clock_that_makes_no_sense_is_refused(still: Server, body: dict[str, object], message: str) -> None:
    answer = await still.control("PUT", "clock", json=body)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)


async def test_an_advance_tells_of_a_thousand_events_and_counts_all(still: Server) -> None:
    for number in range(350):
        await still.send(f"+1555010{number:04d}")
    answer = await still.post("clock/advance", {"to": "idle"})
    assert (len(answer["events"]), answer["events_total"]) == (1000, 1050)


async def test_a_restart_keeps_virtual_time_and_what_is_pending(
    tmp_path: Path, start: Start, app: AppUnderTest
) -> None:
    async with running(db=tmp_path / "emulator.db", clock=ClockMode.MANUAL) as first:
        await first.put("clock", {"now": START})
        await first.send(status_callback=app.url)
        await first.post("clock/advance", {"by": "200ms"})
    second = await start(db=tmp_path / "emulator.db")
    clock = await second.get("clock")
    assert (clock["mode"], clock["now"], clock["started"], clock["next_due"]) == (
        "manual",
        "2026-01-31T08:00:00.200Z",
        START,
        "2026-01-31T08:00:00.350Z",
    )
    await second.post("clock/advance", {"to": "idle"})
    assert app.statuses == ["sending", "sent", "delivered"]
