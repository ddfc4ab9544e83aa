"""Texts that are under way: many at once, while time is moved, and while things are taken away under them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.flows.inbound.conftest import CUSTOMER, NUMBER, Line, raw, rcml
from tests.running import AppUnderTest, Server

HELLO = "<Response><Message>hello</Message></Response>"


class Slow:
    """An app that answers when it is let."""

    def __init__(self, text: str = HELLO) -> None:
        self.text = text
        self.let = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, _: web.Request) -> web.Response:
        self.asked.set()
        await self.let.wait()
        return web.Response(text=self.text, content_type="text/xml")


@pytest.fixture
async def slow(line: Line) -> AsyncIterator[Slow]:
    """The line's app, which answers a text when it is let."""
    app = line.app.paths["/sms"] = Slow()
    yield app
    app.let.set()


def texting(line: Line, **more: str) -> "asyncio.Task[dict[str, Any]]":
    """The customer texts the number; nobody waits yet."""
    return asyncio.create_task(line.text(**more))


async def bodies(server: Server) -> list[str]:
    """The texts of all messages, newest first."""
    return [message["body"] for message in (await server.get("messages"))["messages"]]


async def test_each_of_many_texts_at_once_is_told_what_became_of_it(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Message>hello</Message>")
    numbers = [f"sms:+1555020{number:04d}" for number in range(200)]
    heard = await asyncio.gather(*(line.text(**{"from": number}) for number in numbers))
    assert [each["request"]["parameters"]["From"] for each in heard] == numbers
    assert [[reply["to"] for reply in each["replies"]] for each in heard] == [[number] for number in numbers]


async def test_a_slow_answer_to_one_text_holds_up_no_other(line: Line, slow: Slow) -> None:
    first = texting(line)
    await slow.asked.wait()
    line.app.paths["/sms"] = rcml("<Message>at once</Message>")
    heard = await line.text(**{"from": "sms:+15550203333"})
    assert [reply["body"] for reply in heard["replies"]] == ["at once"]
    assert not first.done()
    slow.let.set()
    await first


async def test_an_advance_returns_when_the_app_has_answered_a_text(line: Line, slow: Slow) -> None:
    text = texting(line)
    await slow.asked.wait()
    advance = asyncio.create_task(line.server.post("clock/advance", {"to": "idle"}))
    clock = await line.server.get("clock")
    assert clock["in_flight"] > 0
    assert not advance.done()
    slow.let.set()
    assert {event["status"] for event in (await advance)["events"] if event["kind"] == "status"} == {
        "sending",
        "sent",
        "delivered",
    }
    assert (await text)["replies"]


async def test_idle_returns_when_the_app_has_answered_a_text(line: Line, slow: Slow) -> None:
    text = texting(line)
    await slow.asked.wait()
    assert (await line.server.control("GET", "idle?timeout=50ms")).status == 408
    slow.let.set()
    await text


async def test_an_instant_clock_stands_still_until_the_app_has_answered_a_text(line: Line, slow: Slow) -> None:
    await line.server.put("clock", {"mode": "instant"})
    text = texting(line)
    await slow.asked.wait()
    sent = await line.server.send(CUSTOMER, sender=NUMBER)
    assert (await line.server.get(f"messages/{sent['sid']}"))["status"] == "queued"
    slow.let.set()
    await line.server.get("idle")
    assert (await line.server.get(f"messages/{sent['sid']}"))["status"] == "delivered"
    await text


async def test_after_a_reset_nothing_comes_of_a_text_from_before(line: Line, slow: Slow) -> None:
    slow.text = (
        "<Response><Nonsense/><Email from='a@example.com' to='b@example.com'>x</Email>"
        "<Message action='/more'>late</Message></Response>"
    )
    text = texting(line)
    await slow.asked.wait()
    await line.server.post("reset")
    slow.let.set()
    assert (await text)["replies"] == []
    assert await bodies(line.server) == []
    assert (await line.server.get("callbacks"))["callbacks"] == []
    assert (await line.server.get("emails"))["emails"] == []
    assert await line.notifications() == []
    assert [told.path for told in line.app.told] == ["/sms"]


async def test_a_text_to_an_account_that_is_deleted_meanwhile_leaves_nothing(line: Line, slow: Slow) -> None:
    sid = (await line.server.post("/accounts", {"clock": "manual", "auth_token": "token"}))["sid"]
    await line.server.control(
        "PUT",
        "scenario",
        account=sid,
        data=f"version: 1\nnumbers: [{{number: '{NUMBER}', sms_url: '{line.app.url}/sms'}}]\n",
        headers={"Content-Type": "application/yaml"},
    )
    given = {"from": f"sms:{CUSTOMER}", "to": f"sms:{NUMBER}", "body": "hi"}
    text = asyncio.create_task(line.server.control("POST", "inbound", account=sid, json=given))
    await slow.asked.wait()
    assert (await line.server.control("DELETE", f"/accounts/{sid}")).status == 204
    slow.let.set()
    assert (await text).json["replies"] == []
    await line.server.post("/accounts", {"sid": sid, "auth_token": "token"})
    assert (await line.server.get("messages", account=sid))["messages"] == []


async def test_a_number_that_is_given_back_meanwhile_still_gets_its_reply(line: Line, slow: Slow) -> None:
    text = texting(line)
    await slow.asked.wait()
    account = line.server.config.account_sid
    path = f"/api/2012-04-24/Accounts/{account}/IncomingPhoneNumbers"
    (number,) = (await line.server.request("GET", f"{path}.json", headers=line.server.auth)).json[
        "incomingPhoneNumbers"
    ]
    gone = await line.server.request("DELETE", f"{path}/{number['sid']}", headers=line.server.auth)
    assert gone.status == 204
    slow.let.set()
    assert [reply["from"] for reply in (await text)["replies"]] == [f"sms:{NUMBER}"]
    heard = await line.text()
    assert (heard["request"], (await line.notifications())[-1][1]) == (None, 11005)


async def test_a_redirect_to_where_nobody_answers_ends_at_the_timeout(line: Line) -> None:
    hanging = Slow()
    line.app.paths |= {"/sms": rcml("<Redirect>/hang</Redirect>"), "/hang": hanging}
    await line.server.put("scenario", "version: 1\ncallback: {timeout: 100ms}\n")
    heard = await line.text()
    hanging.let.set()
    assert [each["error"] for each in heard["requests"]] == ["", "no answer within 100 ms"]
    assert heard["message"]["status"] == "received"
    assert [found[1:] for found in await line.notifications()] == [(11205, "no answer within 100 ms")]


async def test_everything_a_text_led_to_is_in_the_journal(start: Start, app: AppUnderTest) -> None:
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl=f"{app.url}/sms", SmsFallbackUrl=f"{app.url}/fallback", SmsFallbackMethod="GET")
    app.paths |= {
        "/sms": raw("", status=500),
        "/fallback": rcml("<Message action='/done'>sorry</Message>"),
        "/done": rcml("<Redirect>/gone</Redirect>"),
        "/gone": raw("", status=404),
    }
    heard = await line.text()
    told = (await line.server.get("callbacks"))["callbacks"][::-1]
    assert [(each["method"], each["url"], each["outcome"], each["answer_status"]) for each in told] == [
        ("POST", f"{app.url}/sms", "failed", 500),
        ("GET", f"{app.url}/fallback", "answered", 200),
        ("POST", f"{app.url}/done", "answered", 200),
        ("POST", f"{app.url}/gone", "failed", 404),
    ]
    assert [each["parameters"] for each in told] == [each["parameters"] for each in heard["requests"]]
    assert told[2]["parameters"]["MessageStatus"] == "sending"
    report = await line.server.get("report")
    # the fallback made up for the first failure, nothing for the last
    assert [failure["callback"]["url"] for failure in report["failures"]] == [f"{app.url}/gone"]


async def test_a_text_that_only_the_second_attempt_got_through_is_no_failure(start: Start, app: AppUnderTest) -> None:
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl=f"{app.url}/sms", SmsFallbackUrl=f"{app.url}/fallback")
    await line.server.put("scenario", "version: 1\ncallback: {retry: {times: 1, first: 5s}}\n")
    app.paths |= {"/sms": raw("", status=500), "/fallback": raw("", status=500)}
    heard = await line.text()
    assert heard["message"]["status"] == "received"
    failures = (await line.server.get("report"))["failures"]
    assert failures == []  # one more attempt is due
    app.paths["/sms"] = raw("")
    await line.server.post("clock/advance", {"by": "5s"})
    assert (await line.server.get("report"))["ok"] is True
    told = (await line.server.get("callbacks"))["callbacks"][::-1]
    assert [(each["url"].removeprefix(app.url), each["attempt"], each["outcome"]) for each in told] == [
        ("/sms", 1, "failed"),
        ("/fallback", 1, "failed"),
        ("/sms", 2, "answered"),
    ]


async def test_a_text_to_an_account_that_is_not_active_is_not_told(line: Line) -> None:
    sid = line.server.config.account_sid
    await line.server.control("PATCH", "/accounts/default", json={"status": "suspended"})
    heard = await line.text()
    await line.server.control("PATCH", "/accounts/default", json={"status": "active"})
    assert (heard["request"], line.app.told) == (None, [])
    assert await line.notifications() == [
        (
            0,
            11005,
            f"Restcomm rejects this SMS because number's {NUMBER} account {sid} is not ACTIVE, current state suspended",
        )
    ]
