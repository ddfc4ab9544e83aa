import io

import pytest

from tests.running import Server


@pytest.mark.parametrize("path", ["/nothing", "", "/accounts/default/nothing", "/accounts/default/clock/back"])
async def test_a_path_that_is_not_there_names_the_list_of_those_that_are(emulator: Server, path: str) -> None:
    answer = await emulator.control("GET", path or "/")
    assert (answer.status, answer.json["error"]["remedy"]) == (404, "GET /_emulator/openapi.json lists every call")


async def test_a_method_that_is_not_there_names_those_that_are(emulator: Server) -> None:
    answer = await emulator.control("DELETE", "clock")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT")
    assert answer.json == {"error": {"message": "DELETE is not allowed here", "remedy": "use GET or PUT"}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", None),
        ("DELETE", "", None),
        ("GET", "/scenario", None),
        ("PUT", "/scenario", None),
        ("POST", "/rules", None),
        ("DELETE", "/scenario", None),
        ("GET", "/clock", None),
        ("PUT", "/clock", {"mode": "manual"}),
        ("POST", "/clock/advance", {"to": "next"}),
        ("GET", "/idle", None),
        ("GET", "/wait", None),
        ("GET", "/messages", None),
        ("GET", "/messages/SM1", None),
        ("POST", "/messages/SM1/status", {"status": "sent"}),
        ("GET", "/requests", None),
        ("GET", "/callbacks", None),
        ("GET", "/report", None),
        ("GET", "/explain/SM1", None),
        ("GET", "/otp?to=%2B15550100001", None),
        ("GET", "/handsets/+15550100001", None),
        ("PUT", "/handsets/+15550100001", {"state": "x"}),
        ("GET", "/mode", None),
        ("PUT", "/mode", {"mode": "x"}),
        ("POST", "/reset", None),
        ("GET", "/export", None),
        ("POST", "/seed", None),
        ("GET", "/events", None),
    ],
)
async def test_an_account_that_is_not_there_is_not_found_by_any_call(
    emulator: Server, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = await emulator.control(method, f"/accounts/ACnone{path}", json=body or {})
    assert (answer.status, answer.json["error"]["message"]) == (404, "there is no account ACnone")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON: Input data was truncated"),
        (b"[1]", "the body must be a JSON object, as {...}"),
        (b"null", "the body must be a JSON object, as {...}"),
        (b'{"by": NaN}', "the body is not JSON: JSON is malformed: invalid character (byte 7)"),
        (b"\xff\xfe", "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
        (b'{"by": "\\ud800"}', "the body is not JSON: Input data was truncated"),
        (b"[" * 100_000, "the body is not JSON: maximum recursion depth exceeded while deserializing an object"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(emulator: Server, body: bytes, message: str) -> None:
    answer = await emulator.control("POST", "clock/advance", data=body)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)


async def test_a_body_is_json_whatever_its_content_type_says(emulator: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await emulator.control("POST", "clock/advance", data=b'{"by": "1s"}', headers=headers)
    assert answer.status == 200


async def test_a_multipart_body_is_not_read(emulator: Server) -> None:
    answer = await emulator.control(
        "PUT", "mode", data=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (answer.status, answer.json["error"]["remedy"]) == (415, "send application/json")


@pytest.mark.parametrize("path", ["mode", "scenario"])
async def test_a_body_of_ten_megabytes_is_too_long(emulator: Server, path: str) -> None:
    answer = await emulator.control("PUT", path, data=io.BytesIO(b" " * 10_000_001))
    assert (answer.status, answer.json["error"]["message"]) == (413, "the body is longer than 10000000 bytes")


async def test_text_that_is_not_utf8_is_refused(emulator: Server) -> None:
    answer = await emulator.control("PUT", "scenario", data=b"\xff", headers={"Content-Type": "text/yaml"})
    assert (answer.status, answer.json["error"]["remedy"]) == (400, "send UTF-8")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: Expected `int` >= 1"),
        ("limit=1001", "limit: Expected `int` <= 1000"),
        ("limit=many", "limit: Expected `int`, got `str`"),
        ("before=0", "before: Expected `int` >= 1"),
        ("before=99999999999999999999", "before: Expected `int` <= 9007199254740992"),
        ("befor=1", "unknown parameter 'befor'"),
        ("limit=1&limit=2", "limit is given 2 times"),
        ("%00=%FF", "unknown parameter '\\x00'"),
    ],
)
@pytest.mark.parametrize("path", ["messages", "requests", "callbacks"])
async def test_a_page_that_makes_no_sense_is_refused(emulator: Server, path: str, query: str, message: str) -> None:
    answer = await emulator.control("GET", f"{path}?{query}")
    assert (answer.status, answer.json["error"]["message"]) == (400, message)


async def test_a_call_without_parameters_takes_none(emulator: Server) -> None:
    answer = await emulator.control("GET", "clock?mode=real")
    assert answer.json["error"] == {"message": "unknown parameter 'mode'", "remedy": "this call takes no parameter"}
