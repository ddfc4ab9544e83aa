"""A customer texts a number, the app hears of it, and its RCML answer is acted upon."""

import asyncio

from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.flows.inbound.conftest import CUSTOMER, NUMBER, Line, raw, rcml
from tests.running import AppUnderTest


async def test_the_app_is_told_of_a_text_with_the_parameters_of_the_page(line: Line) -> None:
    heard = await line.text("Hi & bye €")
    told = line.app.told[0]
    assert (told.method, told.path) == ("POST", "/sms")
    sid = heard["message"]["sid"]
    assert told.parameters == (
        ("AccountSid", line.server.config.account_sid),
        ("From", f"sms:{CUSTOMER}"),
        ("To", f"sms:{NUMBER}"),
        ("Body", "Hi & bye €"),
        ("MessageSid", sid),
        ("SmsSid", sid),
    )
    assert heard["message"]["status"] == "received"
    assert heard["message"]["direction"] == "inbound"
    assert heard["request"]["url"] == f"{line.app.url}/sms"
    assert heard["request"]["answer_status"] == 200
    assert heard["replies"] == []


async def test_a_reply_by_rcml_lives_like_any_other_message(line: Line) -> None:
    line.app.paths["/sms"] = rcml('<Message statusCallback="/status">you said hi</Message>')
    heard = await line.text("hi")
    (reply,) = heard["replies"]
    assert (reply["from"], reply["to"]) == (f"sms:{NUMBER}", f"sms:{CUSTOMER}")
    assert (reply["body"], reply["direction"]) == ("you said hi", "outbound-call")
    await line.server.post("clock/advance", {"to": "idle"})
    assert [told["MessageStatus"] for told in line.app.told[1:]] == ["sending", "sent", "delivered"]
    assert {told.path for told in line.app.told[1:]} == {"/status"}
    rows = (await line.server.request("GET", line.server.messages_url, headers=line.server.auth)).json["messages"]
    assert [(row["direction"], row["status"]) for row in rows] == [
        ("outbound-call", "delivered"),
        ("inbound", "received"),
    ]
    assert rows[1]["uri"].startswith("/2012-04-24/")


async def test_several_verbs_in_one_answer_are_executed_in_order(line: Line) -> None:
    line.app.paths["/sms"] = rcml(
        "<Message>one</Message>",
        "<Sms to='+15550103333' from='ACME'>two</Sms>",
        "<Email from='a@example.com' to='b@example.com' subject='s'>three</Email>",
        "<Message><Body>four</Body><Media type='image/png'>https://example.com/4.png</Media></Message>",
    )
    heard = await line.text()
    assert [(reply["from"], reply["to"], reply["body"]) for reply in heard["replies"]] == [
        (f"sms:{NUMBER}", f"sms:{CUSTOMER}", "one"),
        ("sms:ACME", "sms:+15550103333", "two"),
        (f"sms:{NUMBER}", f"sms:{CUSTOMER}", "four"),
    ]
    assert heard["replies"][2]["media"] == [{"url": "https://example.com/4.png", "content_type": "image/png"}]
    (email,) = (await line.server.get("emails"))["emails"]
    assert (email["to"], email["subject"], email["body"]) == ("b@example.com", "s", "three")


async def test_a_redirect_goes_on_elsewhere_and_replaces_the_rest(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Redirect method='GET'>/next?menu=1</Redirect>", "<Message>never</Message>")
    line.app.paths["/next"] = rcml("<Message>from next</Message>")
    heard = await line.text("hi")
    assert [reply["body"] for reply in heard["replies"]] == ["from next"]
    assert line.app.told[1].method == "GET"
    assert line.app.told[1]["menu"] == "1"
    assert line.app.told[1]["Body"] == "hi"


async def test_an_action_is_asked_at_once_and_its_document_replaces_the_rest(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Message action='/done'>first</Message>", "<Message>never</Message>")
    line.app.paths["/done"] = rcml("<Message>second</Message>")
    heard = await line.text()
    assert [reply["body"] for reply in heard["replies"]] == ["first", "second"]
    asked = line.app.told[1]
    assert (asked["MessageSid"], asked["MessageStatus"]) == (heard["replies"][0]["sid"], "sending")


async def test_a_redirect_loop_ends_and_is_reported(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Redirect>/sms</Redirect>")
    await line.text()
    assert len(line.app.told) == 10
    log, code, text = (await line.notifications())[-1]
    assert (log, code) == (0, 11206)
    assert text.startswith("more than 10 documents: a loop?")


async def test_when_the_app_fails_its_fallback_is_asked(start: Start, app: AppUnderTest) -> None:
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl=f"{app.url}/sms", SmsFallbackUrl=f"{app.url}/fallback", SmsFallbackMethod="GET")
    app.paths["/sms"] = raw("boom", status=500)
    app.paths["/fallback"] = rcml("<Message>sorry</Message>")
    heard = await line.text()
    assert [(told.method, told.path) for told in app.told] == [("POST", "/sms"), ("GET", "/fallback")]
    assert [reply["body"] for reply in heard["replies"]] == ["sorry"]
    assert heard["message"]["status"] == "received"
    assert await line.notifications() == [(0, 11206, f"{app.url}/sms answered 500")]


async def test_an_answer_that_is_no_rcml_was_read_but_its_fallback_is_asked(start: Start, app: AppUnderTest) -> None:
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl=f"{app.url}/sms", SmsFallbackUrl=f"{app.url}/fallback")
    app.paths |= {"/sms": raw("<Response>"), "/fallback": rcml("<Message>sorry</Message>")}
    assert [reply["body"] for reply in (await line.text())["replies"]] == ["sorry"]
    app.paths["/fallback"] = raw("", status=500)
    assert (await line.text())["message"]["status"] == "received"
    assert [code for _, code, _ in await line.notifications()] == [12100, 12100, 11206]


async def test_without_a_fallback_a_failing_app_fails_the_text(line: Line) -> None:
    line.app.paths["/sms"] = raw("", status=503)
    heard = await line.text()
    assert heard["message"]["status"] == "failed"
    assert (await line.server.get("report"))["ok"] is False


async def test_a_refused_connection_is_a_notification_with_the_reason(start: Start, app: AppUnderTest) -> None:
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl="http://127.0.0.1:1/sms")
    heard = await line.text()
    assert heard["message"]["status"] == "failed"
    (log, code, text) = (await line.notifications())[0]
    assert (log, code) == (0, 11205)
    assert "Connect" in text


async def test_an_answer_that_never_ends_is_cut_off_at_the_timeout(line: Line) -> None:
    await line.server.put("scenario", "version: 1\ncallback: {timeout: 100ms}\n")
    released = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await released.wait()
        return response

    line.app.paths["/sms"] = endless
    heard = await line.text()
    released.set()
    assert heard["message"]["status"] == "failed"
    assert (await line.notifications())[0][1:] == (11205, "no answer within 100 ms")


async def test_a_number_nobody_has_is_logged_and_says_so(line: Line) -> None:
    heard = await line.text(to="sms:+15550009999")
    assert heard["message"]["status"] == "received"
    assert heard["request"] is None
    assert (await line.notifications())[0] == (
        0,
        11005,
        "Restcomm cannot process this SMS because the destination number is not hosted locally. To: +15550009999",
    )


async def test_a_sip_number_is_texted_as_it_was_typed(line: Line) -> None:
    line.app.paths["/support"] = rcml("<Message>how can we help?</Message>")
    await line.provision("support", SmsUrl=f"{line.app.url}/support")
    heard = await line.text(to="sms:support")
    assert [(reply["from"], reply["body"]) for reply in heard["replies"]] == [("sms:support", "how can we help?")]


async def test_a_number_bound_to_an_application_uses_its_url(line: Line) -> None:
    sid = line.server.config.account_sid
    made = await line.server.request(
        "POST",
        f"/api/2012-04-24/Accounts/{sid}/Applications.json",
        data={"FriendlyName": "bot", "RcmlUrl": f"{line.app.url}/bot", "Kind": "sms"},
        headers=line.server.auth,
    )
    await line.provision("+15550001112", SmsUrl=f"{line.app.url}/sms", SmsApplicationSid=made.json["sid"])
    await line.text(to="sms:+15550001112")
    assert line.app.told[0].path == "/bot"


async def test_a_message_from_one_number_of_the_account_to_another_arrives_there(line: Line) -> None:
    await line.server.send(NUMBER, "ping", sender="+15550002222")
    await line.server.post("clock/advance", {"to": "idle"})
    assert line.app.told[0].path == "/sms"
    assert (line.app.told[0]["From"], line.app.told[0]["Body"]) == ("sms:+15550002222", "ping")


async def test_a_handset_texts_back_when_the_scenario_says_so(line: Line) -> None:
    await line.server.put(
        "scenario",
        "version: 1\nrules:\n"
        "  - when: {body: '/code is (?P<otp>\\d{6})/'}\n"
        "    then: [sent, delivered after 1s, 'replies \"${otp}\" after 8s']\n",
    )
    await line.server.send(CUSTOMER, "your code is 123456", sender=NUMBER)
    await line.server.post("clock/advance", {"by": "1s"})
    assert line.app.told == []
    await line.server.post("clock/advance", {"by": "8s"})
    assert [(told["From"], told["Body"]) for told in line.app.told] == [(f"sms:{CUSTOMER}", "123456")]


async def test_stop_and_start_change_the_handsets_state(line: Line) -> None:
    await line.server.put(
        "scenario",
        "version: 1\nrules:\n"
        "  - {name: opted out, when: {state: stopped}, reply: {status: 400, code: 21610}}\n"
        "inbound:\n"
        "  - {when: {body: /^stop$/i}, set: stopped}\n"
        "  - {when: {body: /^start$/i}, set: none}\n",
    )
    await line.text("STOP")
    refused = await line.server.try_to_send(CUSTOMER)
    assert (refused.status, refused.json["code"]) == (400, 21610)
    await line.text("start")
    assert (await line.server.try_to_send(CUSTOMER)).status == 200


async def test_failed_texts_are_told_again_as_the_retry_policy_says(line: Line) -> None:
    await line.server.put("scenario", "version: 1\ncallback: {retry: {times: 1, first: 5s}}\n")
    line.app.paths["/sms"] = raw("", status=500)
    heard = await line.text()
    assert heard["message"]["status"] == "received"
    line.app.paths["/sms"] = rcml("<Message>late but here</Message>")
    await line.server.post("clock/advance", {"by": "5s"})
    rows = (await line.server.get("messages"))["messages"]
    assert [row["body"] for row in rows] == ["late but here", "hello"]


async def test_conversations_show_both_directions_in_order(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Message>hello yourself</Message>")
    await line.server.send(CUSTOMER, "are you there?", sender=NUMBER)
    await line.text("hello")
    await line.server.send("+15550104444", "somebody else")
    talk = await line.server.get(f"conversations/{CUSTOMER}")
    assert [(row["direction"], row["body"]) for row in talk["messages"]] == [
        ("outbound-api", "are you there?"),
        ("inbound", "hello"),
        ("outbound-call", "hello yourself"),
    ]
    listed = (await line.server.get("conversations"))["conversations"]
    assert [(row["number"], row["messages"]) for row in listed] == [("+15550104444", 1), (CUSTOMER, 3)]


async def test_a_reply_that_the_scenario_refuses_is_logged(line: Line) -> None:
    await line.server.put("scenario", "version: 1\nrules:\n  - {name: full, reply: 503}\n")
    line.app.paths["/sms"] = rcml("<Message>no</Message>")
    heard = await line.text()
    assert heard["replies"] == []
    assert (await line.notifications())[0] == (
        1,
        11001,
        "<Message> on line 1 was refused by rule 'full' of the scenario",
    )
