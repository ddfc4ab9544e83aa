"""What the platform's API answers, key by key."""

from typing import Any

import pytest

from tests.conftest import Start
from tests.running import AppUnderTest, Server

AC = "ACae6e420f425248d6a26948c17a9e2acf"


async def send(server: Server, **parameters: Any) -> dict[str, Any]:
    """Send with exactly these parameters, as JSON."""
    answer = await server.request("POST", server.messages_url, json=parameters, headers=server.auth)
    assert answer.status == 200, answer.text
    shown: dict[str, Any] = answer.json
    return shown


async def test_a_message_without_media_has_no_media_list(emulator: Server) -> None:
    shown = await send(emulator, **{"from": "sms:+15550109999", "to": "sms:+15550100001"})
    assert list(shown) == [
        *("sid", "date_created", "date_updated", "account_sid", "from", "to", "body", "status", "direction"),
        *("api_version", "uri"),
    ]
    assert shown["body"] == ""
    assert shown["sid"][:2] == "SM"
    assert len(shown["sid"]) == 34


async def test_one_message_is_shown_as_the_page_shows_it(emulator: Server) -> None:
    await emulator.put("clock", {"now": "2019-07-04T07:02:28Z"})
    sent = await send(
        emulator, **{"from": "sms:+4916543360736", "to": "sms:+4915739000000", "body": "Another test from CPaaS"}
    )
    sid = sent["sid"]

    async def shown() -> list[tuple[str, Any]]:
        answer = await emulator.request("GET", f"{emulator.messages_url}/{sid}", headers=emulator.auth)
        assert answer.headers["Content-Type"] == "application/json"
        return list(answer.json.items())

    assert await shown() == [
        ("sid", sid),
        ("date_created", "Thu, 4 Jul 2019 07:02:28 +0000"),
        ("date_updated", "Thu, 4 Jul 2019 07:02:28 +0000"),
        ("account_sid", AC),
        ("from", "sms:+4916543360736"),
        ("to", "sms:+4915739000000"),
        ("body", "Another test from CPaaS"),
        ("status", "queued"),
        ("direction", "outbound-api"),
        ("num_segments", 1),
        ("api_version", "2012-04-24"),
        ("uri", f"2012-04-24/Accounts/{AC}/Messages/{sid}.json"),
    ]
    await emulator.post("clock/advance", {"by": "100ms"})
    assert ("date_sent", "2019-07-04T07:02:28.100Z") in await shown()
    await emulator.post("clock/advance", {"by": "5s"})
    assert await shown() == [
        ("sid", sid),
        ("date_created", "Thu, 4 Jul 2019 07:02:28 +0000"),
        ("date_updated", "Thu, 4 Jul 2019 07:02:28 +0000"),
        ("date_sent", "2019-07-04T07:02:28.100Z"),
        ("account_sid", AC),
        ("from", "sms:+4916543360736"),
        ("to", "sms:+4915739000000"),
        ("body", "Another test from CPaaS"),
        ("status", "delivered"),
        ("direction", "outbound-api"),
        ("num_segments", 1),
        ("api_version", "2012-04-24"),
        ("uri", f"2012-04-24/Accounts/{AC}/Messages/{sid}.json"),
    ]


async def test_an_error_is_a_number_and_its_text(emulator: Server) -> None:
    failed = await emulator.send(to="+150055130003")
    assert "error_code" not in failed
    answer = await emulator.request("GET", f"{emulator.messages_url}/{failed['sid']}", headers=emulator.auth)
    assert "error_code" not in answer.json
    await emulator.post("clock/advance", {"to": "idle"})
    answer = await emulator.request("GET", f"{emulator.messages_url}/{failed['sid']}", headers=emulator.auth)
    assert list(answer.json)[7:12] == ["status", "direction", "error_code", "error_message", "num_segments"]
    assert (answer.json["status"], answer.json["error_code"]) == ("failed", 30003)
    assert answer.json["error_message"] == "Unreachable destination handset"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("30003", "Unreachable destination handset"),
        ("30008", "Unknown error"),
        ("30010", "Message price exceeds max price."),
        ("00001", "Error 1"),
    ],
)
async def test_the_platforms_codes_have_its_texts(emulator: Server, code: str, text: str) -> None:
    sent = await emulator.send(to=f"+1500551{code}")
    await emulator.post("clock/advance", {"to": "idle"})
    answer = await emulator.request("GET", f"{emulator.messages_url}/{sent['sid']}", headers=emulator.auth)
    assert (answer.json["error_code"], answer.json["error_message"]) == (int(code), text)


async def test_a_list_is_shown_as_the_page_shows_it(emulator: Server) -> None:
    await emulator.put("clock", {"now": "2022-05-10T12:31:24Z"})
    good = await send(emulator, **{"from": "mms:+12012000000", "to": "mms:+16696000000", "body": "echo"})
    await emulator.send()
    bad = await emulator.send(to="+150055030003")
    await emulator.post("clock/advance", {"by": "1s"})
    answer = await emulator.request("GET", emulator.messages_url, headers=emulator.auth)
    assert answer.headers["Content-Type"] == "application/json"
    listed = answer.json.pop("messages")
    path = f"/api/2012-04-24/Accounts/{AC}/Messages"
    assert list(answer.json.items()) == [
        ("page", 0),
        ("num_pages", 0),
        ("page_size", 10),
        ("total", 3),
        ("limit", 5000),
        ("start", "0"),
        ("end", "3"),
        ("uri", path),
        ("first_page_uri", f"{path}?Page=0&PageSize=10&Limit=5000"),
        ("previous_page_uri", "null"),
        ("next_page_uri", "null"),
        ("last_page_uri", f"{path}?Page=0&PageSize=10&Limit=5000"),
    ]
    assert list(listed[2].items()) == [
        ("sid", good["sid"]),
        ("date_created", "Tue, 10 May 2022 12:31:24 +0000"),
        ("date_updated", "Tue, 10 May 2022 12:31:24 +0000"),
        ("account_sid", AC),
        ("from", "mms:+12012000000"),
        ("to", "mms:+16696000000"),
        ("body", "echo"),
        ("status", "delivered"),
        ("direction", "outbound-api"),
        ("num_segments", 1),
        ("price", "0.0"),
        ("price_unit", "USD"),
        ("api_version", "2012-04-24"),
        ("uri", f"2012-04-24/Accounts/{AC}/Messages/{good['sid']}.json"),
    ]
    assert list(listed[0])[8:12] == ["direction", "error_code", "error_message", "num_segments"]
    assert (listed[0]["sid"], listed[0]["status"], listed[0]["error_code"]) == (bad["sid"], "undelivered", 30003)


PREFIXES = ("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "path",
    [
        "/Accounts/{AC}/Messages",
        "/Accounts/{AC}/Messages/",
        "/Accounts/{AC}/Messages.json",
        "/Accounts/{AC}.json/Messages",
        "/Accounts.json/{AC}/Messages",
        "/Accounts.json/{AC}.json/Messages.json/",
    ],
)
async def test_every_spelling_of_the_path_is_the_same_resource(emulator: Server, prefix: str, path: str) -> None:
    path = prefix + path.format(AC=AC)
    form = {"from": "sms:+15550109999", "to": "sms:+15550100001"}
    sent = await emulator.request("POST", path, data=form, headers=emulator.auth)
    assert sent.status == 200
    plain = f"{prefix}/Accounts/{AC}/Messages"
    assert sent.json["uri"] == f"{plain}/{sent.json['sid']}.json"
    await emulator.post("clock/advance", {"to": "idle"})
    listed = await emulator.request("GET", path, headers=emulator.auth)
    assert listed.json["uri"] == plain
    assert [message["sid"] for message in listed.json["messages"]] == [sent.json["sid"]]
    for tail in (f"/{sent.json['sid']}", f"/{sent.json['sid']}.json", f"/{sent.json['sid']}/"):
        one = await emulator.request("GET", path.rstrip("/") + tail, headers=emulator.auth)
        assert one.json["sid"] == sent.json["sid"]


@pytest.mark.parametrize("prefix", ["/api/", "/restcomm/", "/"])
async def test_what_a_shown_uri_names_can_be_fetched(emulator: Server, prefix: str) -> None:
    sent = await emulator.send()
    one = await emulator.request("GET", f"{emulator.messages_url}/{sent['sid']}", headers=emulator.auth)
    again = await emulator.request("GET", prefix + one.json["uri"], headers=emulator.auth)
    assert again.json == one.json
    again = await emulator.request("GET", sent["uri"], headers=emulator.auth)
    assert again.json == one.json


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
async def test_num_segments_counts_what_the_network_carries(shared: Server, body: str, segments: int) -> None:
    sent = await shared.send(body=body)
    answer = await shared.request("GET", f"{shared.messages_url}/{sent['sid']}", headers=shared.auth)
    assert answer.json["num_segments"] == segments
    assert answer.json["body"] == body


@pytest.mark.parametrize("key", ["content_type", "content-type"])
async def test_both_spellings_of_an_attachments_type_are_read(emulator: Server, key: str) -> None:
    shown = await send(
        emulator,
        **{
            "from": "mms:+15550109999",
            "to": "mms:+15550100001",
            "media_list": [{"url": "https://example.com/a.gif", key: "image/gif"}, {"url": "http://example.com/b"}],
        },
    )
    assert shown["media_list"] == [
        {"url": "https://example.com/a.gif", "content-type": "image/gif"},
        {"url": "http://example.com/b", "content-type": ""},
    ]


async def test_media_on_sms_is_accepted_then_failed_and_told(emulator: Server, app: AppUnderTest) -> None:
    sent = await send(
        emulator,
        **{
            "from": "sms:+15550109999",
            "to": "sms:+15550100001",
            "media_list": [{"url": "https://example.com/a.gif", "content_type": "image/gif"}],
            "status_callback": app.url,
        },
    )
    assert sent["status"] == "queued"
    await emulator.post("clock/advance", {"to": "idle"})
    answer = await emulator.request("GET", f"{emulator.messages_url}/{sent['sid']}", headers=emulator.auth)
    assert (answer.json["status"], answer.json["error_code"]) == ("failed", 1002)
    assert answer.json["error_message"] == "Feature Not Supported"
    assert app.statuses == ["sending", "failed"]
    assert app.told[1]["ErrorCode"] == "1002"


async def test_head_answers_without_a_body(emulator: Server) -> None:
    answer = await emulator.request("HEAD", emulator.messages_url, headers=emulator.auth)
    assert (answer.status, answer.headers["Content-Type"], answer.text) == (200, "application/json", "")


async def test_an_alphanumeric_sender_is_a_sender(emulator: Server) -> None:
    shown = await send(emulator, **{"from": "sms:My Bank 24", "to": "sms:+15550100001"})
    assert shown["from"] == "sms:My Bank 24"


async def test_a_seed_makes_sids_the_same_each_time(start: Start) -> None:
    first, second, other = await start(seed=1), await start(seed=1), await start(seed=2)
    sids = [(await server.send())["sid"] for server in (first, second, other)]
    assert sids[0] == sids[1] != sids[2]
    unseeded = await start()
    assert len({(await unseeded.send())["sid"], (await (await start()).send())["sid"]}) == 2


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("hi  ", "hi  "),
        ("hi+", "hi "),
        ("hi%20%0A", "hi \n"),
        ("hi\n", "hi"),
        ("hi\r\n", "hi"),
        ("hi%EF%BF%BD", "hi\ufffd"),
    ],
)
async def test_a_text_at_the_end_of_a_form_is_kept_but_for_the_forms_own_line_break(
    emulator: Server, written: str, body: str
) -> None:
    form = f"from=sms:%2B15550109999&to=sms:%2B15550100001&body={written}".encode()
    headers = {**emulator.auth, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await emulator.request("POST", emulator.messages_url, data=form, headers=headers)
    assert (answer.status, answer.json["body"]) == (200, body)


async def test_a_sender_that_begins_with_a_space_keeps_it_in_json(emulator: Server) -> None:
    shown = await send(emulator, **{"from": "sms: 12345", "to": "sms:+15550100001"})
    assert shown["from"] == "sms: 12345"


async def test_an_attachments_type_may_be_null(emulator: Server) -> None:
    media = [{"url": "http://example.com/a", "content_type": None}]
    shown = await send(emulator, **{"from": "mms:+15550109999", "to": "mms:+15550100001", "media_list": media})
    assert shown["media_list"] == [{"url": "http://example.com/a", "content-type": ""}]


async def test_uris_can_be_followed_when_the_account_is_named_by_its_friendly_name(emulator: Server) -> None:
    path = "/api/2012-04-24/Accounts/Default%20account/Messages"
    answer = await emulator.request("GET", path, headers=emulator.auth)
    assert answer.json["uri"] == path
    assert answer.json["first_page_uri"].startswith(f"{path}?Page=0")
