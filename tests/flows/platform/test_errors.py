"""What the platform refuses, and in which shape."""

import json
from typing import Any

import pytest

from tests.running import AppUnderTest, Server

GOOD = {"from": "sms:+15550109999", "to": "sms:+15550100001"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/Nowhere",
        "/SMS/Nowhere",
        "/Messages/SM1/Media",
        "/Messages/SM1/Media/ME1",
        "//Messages",
        "/messages",
        "/a%0Ab",
    ],
)
async def test_a_path_that_is_not_there_is_404_in_the_platforms_shape(shared: Server, path: str) -> None:
    base = shared.messages_url.removesuffix("/Messages")
    answer = await shared.request("GET", base + path, headers=shared.auth)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert answer.json == {"message": "there is nothing at this path"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "SM1", "%00", "..", "'--", "a" * 2000])
async def test_a_message_that_is_not_there_is_404(shared: Server, sid: str) -> None:
    answer = await shared.request("GET", f"{shared.messages_url}/{sid}".replace("..", "%2E%2E"), headers=shared.auth)
    assert answer.status == 404
    assert list(answer.json) == ["message"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "", "GET, POST"),
        ("PUT", "", "GET, POST"),
        ("PATCH", "", "GET, POST"),
        ("OPTIONS", "", "GET, POST"),
        ("LOCK", "", "GET, POST"),
        ("POST", "/SM1", "GET"),
        ("DELETE", "/SM1", "GET"),
    ],
)
async def test_a_method_that_is_not_allowed_is_405_and_names_those_that_are(
    shared: Server, method: str, path: str, allow: str
) -> None:
    answer = await shared.request(method, shared.messages_url + path, headers=shared.auth)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)
    assert answer.json == {"message": f"{method} is not allowed here; use {allow.replace(', ', ' or ')}"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text/plain", "Content-Type 'text/plain' is not read here"),
        ("multipart/form-data; boundary=x", "Content-Type 'multipart/form-data; boundary=x' is not read here"),
        ("application/xml", "Content-Type 'application/xml' is not read here"),
        ("nonsense", "Content-Type 'nonsense' is not read here"),
        ("", "Content-Type is missing"),
    ],
)
async def test_a_content_type_that_is_not_read_is_415(shared: Server, kind: str, message: str) -> None:
    answer = await shared.request(
        "POST", shared.messages_url, data=b"from=x", headers={**shared.auth, "Content-Type": kind}
    )
    assert answer.status == 415
    assert answer.json == {"message": f"{message}; send application/x-www-form-urlencoded or application/json"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "from is required, such as sms:+15550100001; to is required, such as sms:+15550100001"),
        ({"from": ""}, "from is required, such as sms:+15550100001"),
        ({"from": None}, "from is required, such as sms:+15550100001"),
        ({"from": 1}, "from must be text, not a number"),
        ({"from": True}, "from must be text, not a boolean"),
        ({"from": ["sms:+1555"]}, "from must be text, not a list"),
        ({"from": {"a": 1}}, "from must be text, not an object"),
        (
            {"from": "+15550109999"},
            "from must begin with sms: or mms:, such as sms:+15550100001, not '+15550109999'",
        ),
        (
            {"from": "whatsapp:+15550109999"},
            "from must begin with sms: or mms:, such as sms:+15550100001, not 'whatsapp:+15550109999'",
        ),
        (
            {"from": "SMS:+15550109999"},
            "from must begin with sms: or mms:, such as sms:+15550100001, not 'SMS:+15550109999'",
        ),
        (
            {"from": "sms:Twelve chars"},
            "from must be sms: and an E.164 number or 1 to 11 of A-Z, a-z, 0-9 and space, not 'sms:Twelve chars'",
        ),
        (
            {"from": "sms:Bänk"},
            "from must be sms: and an E.164 number or 1 to 11 of A-Z, a-z, 0-9 and space, not 'sms:Bänk'",
        ),
        (
            {"from": "sms:   "},
            "from must be sms: and an E.164 number or 1 to 11 of A-Z, a-z, 0-9 and space, not 'sms:   '",
        ),
        ({"from": "sms:" + "1" * 61}, "from is longer than 64 characters"),
        ({"to": "sms:Bank"}, "to must be sms: and an E.164 number such as +15550100001, not 'sms:Bank'"),
        ({"to": "sms:15550100001"}, "to must be sms: and an E.164 number such as +15550100001, not 'sms:15550100001'"),
        (
            {"to": "sms:x:+15550100001"},
            "to must be sms: and an E.164 number such as +15550100001, not 'sms:x:+15550100001'",
        ),
        ({"to": "sms:sms:+1555"}, "to must be sms: and an E.164 number such as +15550100001, not 'sms:sms:+1555'"),
        (
            {"from": "sms:a:b"},
            "from must be sms: and an E.164 number or 1 to 11 of A-Z, a-z, 0-9 and space, not 'sms:a:b'",
        ),
        ({"to": "sms:+0555"}, "to must be sms: and an E.164 number such as +15550100001, not 'sms:+0555'"),
        (
            {"to": "sms:+1234567890123456"},
            "to must be sms: and an E.164 number such as +15550100001, not 'sms:+1234567890123456'",
        ),
        ({"to": "sms:+١٢٣٤٥"}, "to must be sms: and an E.164 number such as +15550100001, not 'sms:+١٢٣٤٥'"),
        (
            {"to": "sms:+15550100001\n"},
            "to must be sms: and an E.164 number such as +15550100001, not 'sms:+15550100001\\n'",
        ),
        ({"to": "mms:+15550100001"}, "from and to must be on one channel, not 'sms' and 'mms'"),
        ({"body": "a\x00b"}, "body contains a NUL character"),
        ({"body": "a" * 65_537}, "body is longer than 65536 characters"),
        ({"body": 5}, "body must be text, not a number"),
        ({"status_callback": "app/cb"}, "status_callback must be an absolute http or https URL, not 'app/cb'"),
        ({"status_callback": "ftp://app/"}, "status_callback must be an absolute http or https URL, not 'ftp://app/'"),
        ({"status_callback": "http://"}, "status_callback must be an absolute http or https URL, not 'http://'"),
        (
            {"status_callback": "http://[::1/"},
            "status_callback must be an absolute http or https URL, not 'http://[::1/'",
        ),
        (
            {"status_callback": "http://app:99999/"},
            "status_callback must be an absolute http or https URL, not 'http://app:99999/'",
        ),
        (
            {"status_callback": "http://app/\r\nX: 1"},
            "status_callback must be an absolute http or https URL, not 'http://app/\\r\\nX: 1'",
        ),
        ({"status_callback": "http://a/" + "x" * 2040}, "status_callback is longer than 2048 characters"),
        ({"status_callback_method": "PUT"}, "status_callback_method must be GET or POST, not 'PUT'"),
        ({"status_callback_method": 1}, "status_callback_method must be text, not a number"),
        ({"media_list": 1}, "media_list must be an array"),
        ({"media_list": {}}, "media_list must be an array"),
        (
            {"media_list": "[{"},
            'media_list must be a JSON array such as [{"url":"https://…","content-type":"image/png"}]',
        ),
        ({"media_list": ["http://x/"]}, "media_list[0] must be an object with url and content_type"),
        ({"media_list": [{}]}, "media_list[0].url must be text, not null"),
        (
            {"media_list": [{"url": "http://x/"}, {"url": "x"}]},
            "media_list[1].url must be an absolute http or https URL, not 'x'",
        ),
        (
            {"media_list": [{"url": "http://x/", "content_type": 1}]},
            "media_list[0].content_type must be text, not a number",
        ),
        ({"media_list": [{"url": "http://x/"}] * 11}, "media_list holds 11 attachments, at most 10 are taken"),
        (
            {"from": "x", "to": "y", "body": 1, "status_callback_method": "TRACE"},
            "from must begin with sms: or mms:, such as sms:+15550100001, not 'x'; "
            "to must begin with sms: or mms:, such as sms:+15550100001, not 'y'; "
            "body must be text, not a number; status_callback_method must be GET or POST, not 'TRACE'",
        ),
    ],
)
async def test_every_problem_is_named_and_nothing_is_stored(
    shared: Server, given: dict[str, Any], message: str
) -> None:
    answer = await shared.request(
        "POST", shared.messages_url, json=({**GOOD, **given} if given else {}), headers=shared.auth
    )
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json == {"message": message}
    assert (await shared.get("messages"))["messages"] == []


@pytest.mark.parametrize("method", ["get", "Post", "POST", "GET", ""])
async def test_the_callback_method_may_be_written_in_any_case(emulator: Server, method: str) -> None:
    answer = await emulator.try_to_send(status_callback="http://127.0.0.1:9/", status_callback_method=method)
    assert answer.status == 200


async def test_a_misspelt_parameter_is_ignored_as_the_platform_does_and_said_in_a_header(
    emulator: Server, app: AppUnderTest
) -> None:
    misspelt = {"StatusCallback": app.url, "statuscallback": app.url, "Bödy": "x"}
    answer = await emulator.request("POST", emulator.messages_url, data=GOOD | misspelt, headers=emulator.auth)
    assert answer.status == 200
    assert answer.headers["X-Emulator-Warning"] == (
        "ignored unknown parameters: 'StatusCallback' (did you mean status_callback?), "
        "'statuscallback' (did you mean status_callback?), 'B\\xf6dy'"
    )
    answer = await emulator.request(
        "GET", emulator.messages_url, params={"status": "sent", "Status": "Sent"}, headers=emulator.auth
    )
    assert answer.headers["X-Emulator-Warning"] == "no message has Status 'Sent'"


async def test_what_is_not_read_of_an_attachment_is_named(emulator: Server) -> None:
    media = [{"url": "http://example.com/a", "contentType": "image/png"}, {"url": "http://example.com/b", "size": 1}]
    given = {"from": "mms:+15550109999", "to": "mms:+15550100001"}
    for body in ({"json": {**given, "media_list": media}}, {"data": {**given, "media_list": json.dumps(media)}}):
        answer = await emulator.request("POST", emulator.messages_url, headers=emulator.auth, **body)
        assert answer.status == 200
        assert answer.headers["X-Emulator-Warning"] == (
            "media_list: ignored unknown parameters: 'contentType' (did you mean content_type?), 'size'"
        )


async def test_a_sort_by_an_unknown_field_is_told(emulator: Server) -> None:
    answer = await emulator.request("GET", f"{emulator.messages_url}?SortBy=datecreated:asc", headers=emulator.auth)
    assert answer.status == 200
    assert answer.headers["X-Emulator-Warning"] == (
        "there is no sorting by 'datecreated'; known are DateCreated, From, To, Direction, Status"
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Body=%ff", "%FF is not text in utf-8; percent-encode UTF-8; a percent sign itself is %25"),
        ("To=%E4x", "%E4 is not text in utf-8"),
        ("Body=" + "+".join(map(str, range(33))), "Body has more than 32 words; search for fewer"),
    ],
)
async def test_a_query_that_cannot_be_meant_is_400_and_says_why(emulator: Server, query: str, message: str) -> None:
    answer = await emulator.request("GET", f"{emulator.messages_url}?{query}", headers=emulator.auth)
    assert answer.status == 400
    assert message in answer.json["message"]


async def test_the_api_without_a_path_is_404_in_the_platforms_shape(emulator: Server) -> None:
    for path in ("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24", "/api/2012-04-24/"):
        answer = await emulator.request("GET", path, headers=emulator.auth)
        assert (answer.status, answer.json) == (404, {"message": "there is nothing at this path"})
        assert (await emulator.request("GET", path)).status == 401
