"""The older SMS API: form in, XML or JSON out, over the same messages."""

from xml.etree import ElementTree

import pytest

from tests.flows.platform_resources.asking import Platform
from tests.running import AppUnderTest, Server

GOOD = {"From": "+15550109999", "To": "+15550100001", "Body": "hello"}
NOON = {"mode": "manual", "now": "2026-07-04T12:00:00Z"}


async def test_a_message_is_answered_in_xml(platform: Platform) -> None:
    await platform.server.put("clock", NOON)
    answer = await platform.ask("POST", "SMS/Messages", data=GOOD | {"Body": "a < b & c > d\r\n'\"é"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    sid = ElementTree.fromstring(answer.text)[0][0].text
    assert (
        answer.text
        == f"""<RestcommResponse>
  <SMSMessage>
    <Sid>{sid}</Sid>
    <DateCreated>Sat, 4 Jul 2026 12:00:00 +0000</DateCreated>
    <DateUpdated>Sat, 4 Jul 2026 12:00:00 +0000</DateUpdated>
    <DateSent/>
    <AccountSid>ACae6e420f425248d6a26948c17a9e2acf</AccountSid>
    <From>+15550109999</From>
    <To>+15550100001</To>
    <Body>a &lt; b &amp; c &gt; d&#xd;
'"é</Body>
    <Status>queued</Status>
    <Direction>outbound-api</Direction>
    <Price>0</Price>
    <PriceUnit>USD</PriceUnit>
    <ApiVersion>2012-04-24</ApiVersion>
    <Uri>/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/SMS/Messages/{sid}</Uri>
  </SMSMessage>
</RestcommResponse>"""
    )


async def test_a_message_is_answered_in_json_when_asked(platform: Platform) -> None:
    await platform.server.put("clock", NOON)
    shown = await platform.post("SMS/Messages.json", **GOOD)
    sid = shown["sid"]
    assert list(shown.items()) == [
        ("sid", sid),
        ("date_created", "Sat, 4 Jul 2026 12:00:00 +0000"),
        ("date_updated", "Sat, 4 Jul 2026 12:00:00 +0000"),
        ("account_sid", "ACae6e420f425248d6a26948c17a9e2acf"),
        ("from", "+15550109999"),
        ("to", "+15550100001"),
        ("body", "hello"),
        ("status", "queued"),
        ("direction", "outbound-api"),
        ("price", "0"),
        ("price_unit", "USD"),
        ("api_version", "2012-04-24"),
        ("uri", f"/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/SMS/Messages/{sid}.json"),
    ]


async def test_an_error_and_the_date_sent_are_shown_once_there_are_any(platform: Platform) -> None:
    await platform.server.put("clock", NOON)
    sid = (await platform.post("SMS/Messages.json", **GOOD | {"To": "+150055030003"}))["sid"]
    await platform.server.post("clock/advance", {"to": "idle"})
    shown = await platform.get(f"SMS/Messages/{sid}.json")
    keys = ["sid", "date_created", "date_updated", "date_sent", "account_sid", "from", "to", "body", "status"]
    keys += ["direction", "error_code", "error_message", "price", "price_unit", "api_version", "uri"]
    assert list(shown) == keys
    assert (shown["status"], shown["error_code"]) == ("undelivered", 30003)
    assert shown["error_message"] == "Unreachable destination handset"
    assert shown["date_sent"].startswith("2026-07-04T12:00:0")
    text = (await platform.ask("GET", f"SMS/Messages/{sid}")).text
    assert (
        """<Direction>outbound-api</Direction>
    <Error>
      <ErrorCode>30003</ErrorCode>
      <ErrorMessage>Unreachable destination handset</ErrorMessage>
    </Error>
    <Price>"""
        in text
    )
    assert f"<DateSent>{shown['date_sent']}</DateSent>" in text


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("SMS/Messages", None, "application/xml"),
        ("SMS/Messages", "*/*", "application/xml"),
        ("SMS/Messages", "", "application/xml"),
        ("SMS/Messages", "application/json", "application/json"),
        ("SMS/Messages", "text/html, application/JSON;q=0.1", "application/json"),
        ("SMS/Messages", "application/xml", "application/xml"),
        ("SMS/Messages", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("SMS/Messages/", "application/*", "application/xml"),
        ("SMS/Messages.json", "application/xml", "application/json"),
        ("SMS/Messages.json", "text/html", "application/json"),
        ("SMS.json/Messages", "*/*", "application/json"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_representation_follows_the_path_then_the_accept_header(
    platform: Platform, method: str, path: str, accept: str | None, kind: str
) -> None:
    skipped = ["Accept"] if accept is None else []
    form = GOOD if method == "POST" else None
    answer = await platform.ask(method, path, accept=accept, data=form, skip_auto_headers=skipped)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)


@pytest.mark.parametrize("prefix", ["/api", "/restcomm", ""])
@pytest.mark.parametrize("path", ["SMS/Messages.json/{}", "SMS/Messages/{}.json", "SMS/Messages/{}.json/"])
async def test_json_may_be_asked_for_at_any_segment_below_any_prefix(
    platform: Platform, prefix: str, path: str
) -> None:
    sid = (await platform.post("SMS/Messages.json", **GOOD))["sid"]
    answer = await platform.ask("GET", path.format(sid), prefix=prefix)
    assert answer.json["sid"] == sid


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/*"])
async def test_what_accepts_neither_xml_nor_json_gets_406(platform: Platform, accept: str) -> None:
    answer = await platform.ask("POST", "SMS/Messages", accept=accept, data=GOOD)
    assert answer.status == 406
    said = f"nothing that Accept: {accept} allows can be sent; accept application/xml, application/json or */*"
    assert answer.json == {"message": said}
    assert (await platform.get("SMS/Messages.json"))["total"] == 0


@pytest.mark.parametrize(("path", "kind"), [("SMS/Messages", "xml"), ("SMS/Messages.json", "json")])
@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (("From", "To", "Body"), "From can not be null."),
        (("To", "Body"), "To can not be null."),
        (("Body",), "Body can not be null."),
    ],
)
async def test_a_missing_parameter_is_answered_with_the_platforms_bare_text(
    platform: Platform, path: str, kind: str, missing: tuple[str, ...], text: str
) -> None:
    form = {name: value for name, value in GOOD.items() if name not in missing} | {"StatusCallbackMethod": "POST"}
    answer = await platform.ask("POST", path, data=form)
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (400, text, f"application/{kind}")


async def test_an_empty_body_is_a_body(platform: Platform) -> None:
    assert (await platform.post("SMS/Messages.json", **GOOD | {"Body": ""}))["body"] == ""
    assert "<Body/>" in (await platform.ask("POST", "SMS/Messages", data=GOOD | {"Body": ""})).text


async def test_json_is_not_read_here(platform: Platform) -> None:
    answer = await platform.ask("POST", "SMS/Messages.json", json=GOOD)
    assert answer.status == 415
    said = "Content-Type 'application/json' is not read here; send application/x-www-form-urlencoded"
    assert answer.json == {"message": said}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"To": "alice"}, "To must be an E.164 number such as +15550100001, a short code or client:name, not 'alice'"),
        ({"To": "mms:+15550100001"}, "To must be an E.164 number such as +15550100001, a short code or client:name"),
        ({"To": ""}, "To must be an E.164 number"),
        ({"To": "12"}, "To must be an E.164 number"),
        ({"To": "+" + "1" * 16}, "To must be an E.164 number"),
        ({"To": "client:"}, "To must be an E.164 number"),
        ({"From": "a name too long"}, "From must be an E.164 number such as +15550100001, a short code or client:name"),
        ({"From": "", "To": "x"}, "From must be an E.164 number"),
        ({"Body": "a" * 65_537}, "Body is longer than 65536 characters"),
        ({"Body": "a\x00b"}, "Body contains a NUL character"),
        ({"StatusCallback": "/told"}, "StatusCallback must be an absolute http or https URL, not '/told'"),
        ({"StatusCallbackMethod": "PUT"}, "StatusCallbackMethod must be GET or POST, not 'PUT'"),
        ({"Encoding": "utf8"}, "Encoding must be one of GSM, UCS-2, UTF-8, not 'utf8'"),
    ],
)
async def test_a_message_that_makes_no_sense_is_refused_with_the_reason(
    platform: Platform, given: dict[str, str], message: str
) -> None:
    answer = await platform.ask("POST", "SMS/Messages.json", data=GOOD | given)
    assert answer.status == 400
    assert answer.json["message"].startswith(message)
    answer = await platform.ask("POST", "SMS/Messages", data=GOOD | given)
    assert answer.headers["Content-Type"] == "application/xml"
    (said,) = ElementTree.fromstring(answer.text)
    assert (said.tag, (said.text or "").startswith(message)) == ("Message", True)
    assert (await platform.get("SMS/Messages.json"))["total"] == 0


@pytest.mark.parametrize(
    ("sender", "recipient", "stored"),
    [
        ("+15550109999", "+15550100001", ("sms:+15550109999", "sms:+15550100001")),
        ("15550109999", "15550100001", ("sms:15550109999", "sms:15550100001")),
        ("12345", "67890", ("sms:12345", "sms:67890")),
        ("Acme Co", "+19876XXXXXX", ("sms:Acme Co", "sms:+19876XXXXXX")),
        ("sms:+15550109999", "sms:+15550100001", ("sms:+15550109999", "sms:+15550100001")),
        ("client:bob", "client:alice@example.com", ("client:bob", "client:alice@example.com")),
        (" 15550109999", " 15550100001", ("sms:+15550109999", "sms:+15550100001")),
    ],
)
async def test_senders_and_recipients_are_kept_with_a_channel_and_shown_without(
    platform: Platform, sender: str, recipient: str, stored: tuple[str, str]
) -> None:
    sent = await platform.post("SMS/Messages.json", From=sender, To=recipient, Body="hello")
    assert (sent["from"], sent["to"]) == tuple(each.removeprefix("sms:") for each in stored)
    await platform.server.post("clock/advance", {"to": "idle"})
    shown = await platform.get(f"Messages/{sent['sid']}")
    assert (shown["from"], shown["to"], shown["status"]) == (*stored, "delivered")


async def test_a_message_of_one_api_is_seen_in_the_other(platform: Platform) -> None:
    sms = await platform.server.send()
    form = {"from": "mms:+15550109999", "to": "mms:+15550100001", "body": "look"}
    mms = await platform.post("Messages", **form)
    shown = await platform.get(f"SMS/Messages/{sms['sid']}.json")
    assert (shown["from"], shown["to"], shown["body"]) == ("+15550109999", "+15550100001", "hello")
    shown = await platform.get(f"SMS/Messages/{mms['sid']}.json")
    assert (shown["from"], shown["to"], shown["body"]) == ("mms:+15550109999", "mms:+15550100001", "look")
    listed = await platform.get("SMS/Messages.json")
    assert [row["sid"] for row in listed["messages"]] == [mms["sid"], sms["sid"]]


async def test_the_app_is_told_by_post_unless_it_asked_otherwise(platform: Platform, app: AppUnderTest) -> None:
    for method in ({}, {"StatusCallbackMethod": "get"}):
        await platform.post("SMS/Messages.json", **GOOD, StatusCallback=f"{app.url}/told", **method)
        await platform.server.post("clock/advance", {"to": "idle"})
    assert [each.method for each in app.told] == ["POST"] * 3 + ["GET"] * 3
    assert app.statuses == ["sending", "sent", "delivered"] * 2


async def test_the_app_is_told_in_the_words_of_the_api_that_it_used(platform: Platform, app: AppUnderTest) -> None:
    form = GOOD | {"To": "+150055030003", "StatusCallback": f"{app.url}/told"}
    failed = await platform.post("SMS/Messages.json", **form)
    await platform.server.post("clock/advance", {"to": "idle"})
    assert app.told[-1].parameters == (
        ("From", "+15550109999"),
        ("To", "+150055030003"),
        ("Body", "hello"),
        ("AccountSid", platform.sid),
        ("ErrorCode", "30003"),
        ("MessageSid", failed["sid"]),
        ("MessageStatus", "undelivered"),
    )
    journal = (await platform.server.get("callbacks", limit=1))["callbacks"]
    assert journal[0]["parameters"] == dict(app.told[-1].parameters)
    given = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": "hello"}
    await platform.post("Messages", **given, status_callback=f"{app.url}/told", status_callback_method="POST")
    await platform.server.post("clock/advance", {"to": "idle"})
    assert [name for name, _ in app.told[-1].parameters] == [
        *("MessageSid", "MessageStatus", "AccountSid", "From", "To", "Body")
    ]
    assert app.told[-1]["From"] == "sms:+15550109999"


async def test_nothing_is_told_of_messages_to_clients(platform: Platform, app: AppUnderTest) -> None:
    form = GOOD | {"To": "client:alice", "StatusCallback": f"{app.url}/told"}
    answer = await platform.ask("POST", "SMS/Messages.json", data=form)
    assert answer.headers["X-Emulator-Warning"] == (
        "StatusCallback is ignored: the platform tells nothing of messages to clients"
    )
    await platform.server.post("clock/advance", {"to": "idle"})
    assert app.told == []


async def test_the_scenario_decides_for_both_apis(platform: Platform) -> None:
    # a zero-config number: refused at once with code 30004
    form = GOOD | {"To": "+150055230004"}
    answer = await platform.ask("POST", "SMS/Messages", data=form)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/xml")
    assert answer.text == (
        "<RestcommResponse>\n  <Message>Message blocked</Message>\n  <Error>30004</Error>\n</RestcommResponse>"
    )
    answer = await platform.ask("POST", "SMS/Messages.json", data=form)
    assert (answer.status, answer.json) == (400, {"message": "Message blocked", "code": 30004})


async def test_characters_that_xml_cannot_hold_do_not_break_it(platform: Platform) -> None:
    body = "a\x01b\x0bc\ufffed\U0001f600"
    text = (await platform.ask("POST", "SMS/Messages", data=GOOD | {"Body": body})).text
    assert ElementTree.fromstring(text).findtext("SMSMessage/Body") == "a\ufffdb\ufffdc\ufffdd\U0001f600"
    assert (await platform.get("SMS/Messages.json"))["messages"][0]["body"] == body


async def test_what_the_platform_reads_is_not_warned_of(platform: Platform) -> None:
    form = GOOD | {"ApiVersion": "2012-04-24", "Encoding": "UCS-2", "X-Custom": "1", "StatusCallBack": "http://x"}
    answer = await platform.ask("POST", "SMS/Messages.json", data=form)
    assert answer.headers["X-Emulator-Warning"] == (
        "ignored unknown parameters: 'StatusCallBack' (did you mean StatusCallback?)"
    )


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "nonsense", "%00", "'--"])
async def test_a_message_that_is_not_there_is_404(platform: Platform, sid: str) -> None:
    answer = await platform.ask("GET", f"SMS/Messages/{sid}.json")
    assert (answer.status, list(answer.json)) == (404, ["message"])


async def test_another_accounts_message_is_forbidden(platform: Platform, other: Platform) -> None:
    sid = (await platform.post("SMS/Messages.json", **GOOD))["sid"]
    answer = await other.ask("GET", f"SMS/Messages/{sid}.json")
    assert (answer.status, answer.text) == (403, "")
    assert (await other.get("SMS/Messages.json"))["total"] == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_messages_cannot_be_changed(platform: Platform, method: str) -> None:
    sid = (await platform.post("SMS/Messages.json", **GOOD))["sid"]
    answer = await platform.ask(method, f"SMS/Messages/{sid}.json")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_an_account_without_the_beta_still_has_the_older_api(platform: Platform, emulator: Server) -> None:
    answer = await emulator.control("PATCH", "/accounts/default", json={"messages_enabled": False})
    assert answer.status == 200, answer.text
    assert (await emulator.try_to_send()).status == 403
    assert (await platform.post("SMS/Messages.json", **GOOD))["status"] == "queued"
