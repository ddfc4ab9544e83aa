"""Requests nobody should make: each gets a clear answer, and the emulator goes on."""

import gzip
import io
import json
from typing import Any

import pytest
from yarl import URL

from tests.raw_http import connect, exchange, hear, request_bytes, send_bytes
from tests.running import Answered, Server

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MEGABYTES = 10_000_000


async def post(server: Server, kind: str, body: bytes) -> Answered:
    headers = {**server.auth, "Content-Type": kind}
    return await server.request("POST", server.messages_url, data=io.BytesIO(body), headers=headers)


async def still_well(server: Server) -> None:
    """Whether a good request is answered and nothing else was stored."""
    await server.send()
    assert len((await server.get("messages"))["messages"]) == 1


NOT_AN_OBJECT = "the body must be a JSON object, as {...}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0); send a JSON object"),
        (b"{", "the body is not JSON: Expecting property name"),
        (b'{"from": "sms:', "the body is not JSON: Unterminated string"),
        (b"[]", NOT_AN_OBJECT),
        (b"null", NOT_AN_OBJECT),
        (b'"from"', NOT_AN_OBJECT),
        (b"{}{}", "the body is not JSON: Extra data"),
        (b'{"body": NaN}', "the body is not JSON: NaN is not JSON"),
        (b'{"body": "\xff"}', "the body is not JSON: 'utf-8' codec can't decode"),
        (b'{"body": ' + b"9" * 5000 + b"}", "the body is not JSON: a number of more than 300 digits is not read"),
        (b'{"from": "a", "from": "b"}', "from is given twice; send each parameter once"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "\\ud800 is given twice; send each parameter once"),
        (b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "the body is nested too deeply"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"body": "\\ud800"}', "body contains half of a surrogate pair, which is not text"),
        (b'{"body": "a\\u0000"}', "body contains a NUL character"),
        (b'{"status_callback": "http://a/\\ud800"}', "status_callback contains half of a surrogate pair"),
        (b'{"media_list": [{"url": "http://a/\\udfff"}]}', "media_list[0].url contains half of a surrogate pair"),
        (b'{"media_list": [{"url": "http://a/", "url": "http://b/"}]}', "url is given twice"),
    ],
)
async def test_json_that_is_none_is_400_and_says_why(emulator: Server, body: bytes, message: str) -> None:
    answer = await post(emulator, JSON, body)
    assert answer.status == 400
    assert message in answer.json["message"]
    await still_well(emulator)


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (FORM, b"", "from is required"),
        (FORM, b"from", "from is required"),
        (FORM, b"&&&==&=x", "a parameter without a name is given twice; send each parameter once"),
        (FORM, b"from=sms:%2B1555%0&to=%zz", "from must be sms: and an E.164 number"),
        (FORM, b"from=a&from=b", "from is given twice; send each parameter once"),
        (FORM, b"from=\xff\xfe", "the body is not text in the charset its Content-Type names; send UTF-8"),
        (FORM, b"body=%00", "body contains a NUL character"),
        (FORM, b"a&" * 1000, "the form has more than 1000 parameters"),
        (FORM, b"body=%ff", "%FF is not text in utf-8; percent-encode UTF-8; a percent sign itself is %25"),
        (FORM, b"body=%ED%A0%80", "%ED is not text in utf-8"),
        (
            FORM,
            b'{"from": "sms:+15550109999"}',
            "the body looks like JSON, but its Content-Type says",
        ),
        (FORM, b"media_list=" + b"[" * 100_000, "media_list must be a JSON array such as"),
        (FORM, b"media_list=%5B%7B%22url%22:%20NaN%7D%5D", "media_list must be a JSON array such as"),
        (f"{FORM}; charset=no-such", b"from=a", "the body is not text in the charset its Content-Type names"),
        (f"{FORM}; charset=idna", b"from=a", "the body is not text in the charset its Content-Type names"),
        (f"{FORM}; charset=zlib", b"from=a", "the body is not text in the charset its Content-Type names"),
        (f"{FORM}; charset=ascii", b"from=\xe4", "the body is not text in the charset its Content-Type names"),
    ],
)
async def test_a_form_that_is_none_is_400_and_says_why(emulator: Server, kind: str, body: bytes, message: str) -> None:
    answer = await post(emulator, kind, body)
    assert answer.status == 400
    assert message in answer.json["message"]
    await still_well(emulator)


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "latin-1", "windows-1252"])
async def test_forms_in_usual_charsets_are_read(emulator: Server, charset: str) -> None:
    body = "from=sms:%2B15550109999&to=sms:%2B15550100001&body=é".encode(charset)
    answer = await post(emulator, f"{FORM}; charset={charset}", body)
    assert (answer.status, answer.json["body"]) == (200, "é")


@pytest.mark.parametrize("kind", [FORM, JSON])
async def test_ten_megabytes_are_read_and_one_byte_more_is_413(emulator: Server, kind: str) -> None:
    assert (await post(emulator, kind, b" " * MEGABYTES)).status == 400
    answer = await post(emulator, kind, b" " * (MEGABYTES + 1))
    assert (answer.status, answer.json) == (413, {"message": "Length larger than 10000000"})
    await still_well(emulator)


async def test_a_long_body_sent_in_chunks_is_413_too(emulator: Server) -> None:
    async def chunks() -> Any:
        for _ in range(MEGABYTES // 100_000 + 1):
            yield b"a" * 100_000

    answer = await emulator.request(
        "POST", emulator.messages_url, data=chunks(), headers={**emulator.auth, "Content-Type": FORM}
    )
    assert (answer.status, answer.json) == (413, {"message": "Length larger than 10000000"})
    await still_well(emulator)


async def test_a_compressed_bomb_is_413(emulator: Server) -> None:
    answer = await emulator.request(
        "POST",
        emulator.messages_url,
        data=gzip.compress(b"a" * (MEGABYTES + 1)),
        headers={**emulator.auth, "Content-Type": FORM, "Content-Encoding": "gzip"},
    )
    assert answer.status == 413
    await still_well(emulator)


async def test_the_longest_message_is_kept_whole(emulator: Server) -> None:
    body = "ж" * 65_536
    sent = await emulator.send(body=body)
    answer = await emulator.request("GET", f"{emulator.messages_url}/{sent['sid']}", headers=emulator.auth)
    assert (answer.json["body"], answer.json["num_segments"]) == (body, 979)


def head(server: Server, *more: str, body: bytes = b"", method: str = "POST") -> bytes:
    """A request with exactly these header fields beside those that prove the account."""
    lines = request_bytes(server, method).split(b"\r\n\r\n")[0].split(b"\r\n")[:3]
    return b"\r\n".join([*lines, *(line.encode() for line in more), b"Connection: close"]) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ([f"Content-Type: {FORM}", "Content-Length: abc"], b"from="),
        ([f"Content-Type: {FORM}", "Content-Length: -1"], b"from="),
        ([f"Content-Type: {FORM}", "Transfer-Encoding: chunked"], b"zz\r\nfrom=\r\n0\r\n\r\n"),
        ([f"Content-Type: {FORM}", "Transfer-Encoding: chunked", "Content-Length: 5"], b"0\r\n\r\n"),
        ([f"Content-Type: {FORM}", "Content-Encoding: gzip", "Content-Length: 5"], b"from="),
        (["X: " + "a" * 20_000], b""),
        (["no colon"], b""),
    ],
)
async def test_what_is_not_http_is_400(emulator: Server, more: list[str], body: bytes) -> None:
    heard = await exchange(emulator.url, head(emulator, *more, body=body))
    assert heard.data.split(b" ")[1] == b"400"
    await still_well(emulator)


@pytest.mark.parametrize(
    "line",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS",
        b"GET / SPDY/9\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /api/2012-04-24/Accounts/\xff\xfe/Messages HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_a_first_line_that_is_none_is_400(emulator: Server, line: bytes) -> None:
    heard = await exchange(emulator.url, line)
    assert heard.data.split(b" ")[1] == b"400"
    await still_well(emulator)


async def test_a_body_that_ends_too_early_is_nobodys_message(emulator: Server) -> None:
    whole = send_bytes(emulator)
    for part in (whole[:-1], whole[:-30], whole[: whole.index(b"\r\n\r\n") + 4], whole[:20]):
        reader, writer = await connect(emulator.url)
        writer.write(part)
        writer.write_eof()
        assert b" 200 " not in (await hear(reader)).data
        writer.close()
    await still_well(emulator)


async def test_requests_sent_without_waiting_are_answered_in_order(emulator: Server) -> None:
    requests = [send_bytes(emulator, body=str(number)) for number in range(5)]
    last = head(emulator, method="GET")
    heard = await exchange(emulator.url, b"".join(requests) + last)
    bodies = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in heard.data.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert [body.get("body") for body in bodies[:5]] == ["0", "1", "2", "3", "4"]
    assert bodies[5]["page"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/2012-04-24/Accounts/%FF/Messages",
        "/api/2012-04-24/Accounts/%00/Messages",
        "/api/2012-04-24/Accounts/AC%2F..%2F..%2Fetc/Messages",
        "/api/2012-04-24/Accounts/'; DROP TABLE account; --/Messages",
        "/api/2012-04-24/Accounts/" + "A" * 3000 + "/Messages",
        "/api/2012-04-24/Accounts//Messages",
        "/api/2012-04-24/Accounts/@/Messages",
        "/api/2012-04-24/Accounts/.json/Messages",
    ],
)
async def test_an_account_nobody_could_have_is_404(emulator: Server, path: str) -> None:
    url = URL(emulator.url + path.replace(" ", "%20"), encoded=True)
    answer = await emulator.request("GET", str(url), headers=emulator.auth)
    assert answer.status == 404
    await still_well(emulator)
