import asyncio

import pytest
from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import AppUnderTest, Server

NOW = "2026-01-31T08:00:00.000Z"


async def test_a_message_sent_before_is_found_at_once(emulator: Server) -> None:
    sent = await emulator.send(body="your code is 123456")
    found = await emulator.get("wait", body="*code*")
    assert (found["message"]["sid"], found["cursor"]) == (sent["sid"], 1)


async def test_a_message_sent_later_ends_the_wait(emulator: Server) -> None:
    waiting = asyncio.create_task(emulator.get("wait", to="+15550100002", timeout="20s"))
    await emulator.send("+15550100001")
    sent = await emulator.send("+15550100002")
    assert (await waiting)["message"]["sid"] == sent["sid"]


async def test_a_cursor_gives_each_message_once(emulator: Server) -> None:
    for number in range(3):
        await emulator.send(body=f"number {number}")
    cursor, bodies = 0, []
    for _ in range(3):
        found = await emulator.get("wait", after=cursor)
        cursor = found["cursor"]
        bodies.append(found["message"]["body"])
    assert bodies == ["number 0", "number 1", "number 2"]
    answer = await emulator.control("GET", f"wait?after={cursor}&timeout=0")
    assert (answer.status, answer.json["near"]) == (408, [])


async def test_status_means_has_reached(emulator: Server) -> None:
    waiting = asyncio.create_task(emulator.get("wait", status="sent", timeout="20s"))
    await emulator.send()
    await emulator.post("clock/advance", {"to": "idle"})
    assert (await waiting)["message"]["status"] in ("sent", "delivered")
    assert (await emulator.get("wait", status="sent"))["message"]["status"] == "delivered"
    assert (await emulator.get("wait", status="queued"))["message"]["status"] == "delivered"


async def test_a_forced_status_ends_a_wait(emulator: Server) -> None:
    sent = await emulator.send()
    waiting = asyncio.create_task(emulator.get("wait", status="undelivered", timeout="20s"))
    await emulator.post(f"messages/{sent['sid']}/status", {"status": "undelivered", "error_code": 30003})
    assert (await waiting)["message"]["error_code"] == 30003


async def test_a_text_from_a_handset_ends_a_wait(emulator: Server) -> None:
    waiting = asyncio.create_task(emulator.get("wait", direction="inbound", timeout="20s"))
    await emulator.post("inbound", {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "STOP"})
    found = (await waiting)["message"]
    assert (found["from"], found["to"], found["body"], found["status"]) == (
        "sms:+15550100001",
        "sms:+15550109999",
        "STOP",
        "received",
    )


@pytest.mark.parametrize(
    "query",
    [
        "to=%2B15550100001",
        "to=+15550100001",
        "to=sms:+15550100001",
        "to=%2B1555*",
        "to=/0001$/",
        "to=nobody&to=*0001",
        "from=%2B15550109999",
        "from=/^sms:/&body=/CODE/i",
        "body=*code*&channel=sms",
        "channel=mms&channel=sms",
        "direction=outbound",
        "direction=outbound-api&status=queued",
        "status=failed&status=queued",
    ],
)
async def test_matchers_are_those_of_when_and_all_must_hold(emulator: Server, query: str) -> None:
    sent = await emulator.send("+15550100001", "your code is 123456")
    answer = await emulator.control("GET", f"wait?{query}&timeout=0s")
    assert answer.status == 200, answer.text
    assert answer.json["message"]["sid"] == sent["sid"]


async def test_a_wait_in_vain_shows_the_nearest_messages_and_how_they_differ(emulator: Server) -> None:
    await emulator.put("clock", {"now": NOW})
    await emulator.send("+15550100001", "your code is 123456")
    await emulator.send("+15550100002", "welcome")
    nearest = await emulator.send("+15550100003", "your code is 654321")
    answer = await emulator.control("GET", "wait?to=%2B15550100003&body=*code*&status=sent&timeout=0")
    assert answer.status == 408
    assert answer.json["error"] == {
        "message": f"no message matched within 0s; nearest: {nearest['sid']} differs in status",
        "remedy": 'it is due to become sent at 2026-01-31T08:00:00.100Z: POST clock/advance {"by": "100ms"}',
    }
    assert [(near["message"]["body"], near["differs"]) for near in answer.json["near"]] == [
        ("your code is 654321", {"status": {"expected": "sent", "actual": "queued"}}),
        (
            "your code is 123456",
            {
                "to": {"expected": "+15550100003", "actual": "sms:+15550100001"},
                "status": {"expected": "sent", "actual": "queued"},
            },
        ),
        (
            "welcome",
            {
                "to": {"expected": "+15550100003", "actual": "sms:+15550100002"},
                "body": {"expected": "*code*", "actual": "welcome"},
                "status": {"expected": "sent", "actual": "queued"},
            },
        ),
    ]
    assert (answer.json["pending"], answer.json["now"], answer.json["next_due"]) == (3, NOW, NOW)
    assert answer.json["steps"][0] == {
        "message": answer.json["near"][1]["message"]["sid"],
        "status": "sending",
        "due": NOW,
    }


async def test_the_advance_that_a_failed_wait_names_brings_the_message(emulator: Server) -> None:
    await emulator.send()
    answer = await emulator.control("GET", "wait?status=delivered&timeout=0")
    said = answer.json["error"]["remedy"]
    assert said.endswith('POST clock/advance {"by": "350ms"}')
    await emulator.post("clock/advance", {"by": "350ms"})
    assert (await emulator.get("wait", status="delivered", timeout="0"))["message"]["status"] == "delivered"


async def test_a_wait_in_vain_with_nothing_pending_says_so(emulator: Server) -> None:
    answer = await emulator.control("GET", "wait?timeout=0")
    assert (answer.status, answer.json["error"]) == (
        408,
        {
            "message": "no message matched within 0s; there is none to compare with",
            "remedy": "nothing is pending: GET requests shows what the app has asked",
        },
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("too=x", "unknown parameter 'too'"),
        ("to=/(/", "to is not a regular expression: missing ): ("),
        ("status=done", "status[0]: Invalid enum value 'done'"),
        ("direction=up", "direction[0]: Invalid enum value 'up'"),
        ("channel=fax", "channel[0]: Invalid enum value 'fax'"),
        ("after=-1", "after: Expected `int` >= 0"),
        ("after=x", "after: Expected `int`, got `str`"),
        ("timeout=601", "timeout: 10m1s is too long"),
        ("timeout=-1s", "timeout: '-1s' is not a duration such as 250ms, 2s, 5m, 72h or 1h30m"),
        ("timeout=nan", "timeout: a duration cannot be nan"),
        ("timeout=1s&timeout=2s", "timeout is given 2 times"),
        ("body=" + "x" * 1001, "body[0]: Expected `str` of length <= 1000"),
    ],
)
async def test_a_wait_that_makes_no_sense_is_refused(emulator: Server, query: str, message: str) -> None:
    answer = await emulator.control("GET", f"wait?{query}")
    assert (answer.status, answer.json["error"]["message"]) == (400, message)


async def test_a_regex_that_backtracks_elsewhere_is_answered_at_once(emulator: Server) -> None:
    await emulator.send(body="a" * 5000)
    answer = await emulator.control("GET", "wait?body=/^(a%2B)%2B$b/&timeout=0")
    assert answer.status == 408


async def test_hundreds_of_waits_each_get_their_own_message(start: Start) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    numbers = [f"+1555010{number:04d}" for number in range(200)]
    waits = [
        asyncio.create_task(emulator.get("wait", to=number, status="delivered", timeout="30s")) for number in numbers
    ]
    await asyncio.gather(*(emulator.send(number) for number in reversed(numbers)))
    assert [found["message"]["to"] for found in await asyncio.gather(*waits)] == [f"sms:{each}" for each in numbers]


async def test_a_wait_looks_at_more_messages_than_fit_in_one_go(emulator: Server) -> None:
    await emulator.post("seed", {"messages": 1200})
    sent = await emulator.send(body="the last one")
    assert (await emulator.get("wait", body="the last one"))["message"]["sid"] == sent["sid"]


async def test_idle_returns_when_nothing_is_left(start: Start, app: AppUnderTest) -> None:
    emulator = await start()
    await emulator.send(status_callback=app.url)
    await emulator.get("idle", timeout="20s")
    assert app.statuses == ["sending", "sent", "delivered"]


async def test_idle_in_vain_says_what_is_still_to_come(emulator: Server, app: AppUnderTest) -> None:
    await emulator.put("clock", {"now": NOW})
    first = await emulator.send("+15005590004", status_callback=app.url)
    await emulator.post("clock/advance", {"by": "300ms"})
    answer = await emulator.control("GET", "idle?timeout=0")
    assert (answer.status, answer.json["error"]) == (
        408,
        {
            "message": "not idle after 0s: 3 pending, 0 in flight",
            "remedy": "the clock is manual, and the next event is due at 2026-01-31T08:00:00.350Z: "
            'POST clock/advance {"to": "idle"}',
        },
    )
    assert answer.json["steps"] == [{"message": first["sid"], "status": "delivered", "due": "2026-01-31T08:00:00.350Z"}]
    assert answer.json["callbacks"] == [
        {"message": first["sid"], "status": "sent", "attempt": 1, "due": "2026-01-31T08:00:00.500Z"},
        {"message": first["sid"], "status": "sending", "attempt": 1, "due": "2026-01-31T08:00:00.700Z"},
    ]


async def test_idle_ends_when_somebody_else_advances(emulator: Server) -> None:
    await emulator.send()
    waiting = asyncio.create_task(emulator.get("idle", timeout="20s"))
    await emulator.post("clock/advance", {"to": "idle"})
    assert "now" in await waiting


async def test_a_wait_that_asks_for_it_returns_after_the_app_was_told(start: Start, app: AppUnderTest) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response()

    app.answering = slow
    await emulator.send("+15005590001", status_callback=app.url)
    waiting = asyncio.create_task(emulator.get("wait", status="sending", told="true", timeout="20s"))
    await asked.wait()
    assert (await emulator.get("wait", status="sending"))["message"]["status"] == "sending"
    assert not waiting.done()
    refused = await emulator.control("GET", "wait?status=sending&told=true&timeout=0")
    assert (refused.status, refused.json["untold"]["status"]) == (408, "sending")
    answer.set()
    assert (await waiting)["message"]["status"] == "sending"


async def test_idle_waits_for_a_text_that_the_app_is_answering(emulator: Server, app: AppUnderTest) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response()

    app.answering = slow
    await emulator.put("scenario", f"version: 1\nnumbers: [{{number: '+15550109999', sms_url: '{app.url}'}}]\n")
    texting = asyncio.create_task(
        emulator.post("inbound", {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "hi"})
    )
    await asked.wait()
    busy = await emulator.control("GET", "idle?timeout=0")
    assert (busy.status, busy.json["error"]["message"]) == (408, "not idle after 0s: 0 pending, 1 in flight")
    answer.set()
    await texting
    await emulator.get("idle")
