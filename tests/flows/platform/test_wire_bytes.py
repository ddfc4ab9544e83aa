"""Answers byte by byte: connections kept and closed, older HTTP, `100 Continue`."""

import json
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from emulator.app import create_app
from emulator.config import Config
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from tests.raw_http import connect, exchange, hear, request_bytes, send_bytes
from tests.running import Server


def told(data: bytes) -> list[tuple[bytes, dict[bytes, bytes], bytes]]:
    """Status line, headers and body of each answer in these bytes."""
    answers = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        headers = dict(each.split(b": ", 1) for each in lines)
        length = int(headers.get(b"Content-Length", b"0"))
        answers.append((line, headers, rest[:length]))
        data = rest[length:]
    return answers


def closing(request: bytes) -> bytes:
    """The same request, for a connection that ends with it."""
    return request.replace(b"\r\nHost: ", b"\r\nConnection: close\r\nHost: ", 1)


async def test_requests_sent_together_are_answered_one_after_the_other(emulator: Server) -> None:
    heard = await exchange(
        emulator.url,
        send_bytes(emulator, body="first") + send_bytes(emulator, body="second") + closing(request_bytes(emulator)),
    )
    first, second, listed = told(heard.data)
    for line, headers, body in (first, second):
        assert line == b"HTTP/1.1 200 OK"
        assert set(headers) == {b"Content-Type", b"Content-Length", b"Date", b"Server"}
        assert headers[b"Content-Type"] == b"application/json"
        assert headers[b"Date"].endswith(b" GMT")
        assert len(body) == int(headers[b"Content-Length"])
    assert [json.loads(each[2])["body"] for each in (first, second)] == ["first", "second"]
    assert (listed[0], listed[1][b"Connection"]) == (b"HTTP/1.1 200 OK", b"close")


async def test_who_closes_the_connection_is_told_that_it_closes(emulator: Server) -> None:
    (answer,) = told((await exchange(emulator.url, closing(send_bytes(emulator)))).data)
    assert (answer[0], answer[1][b"Connection"]) == (b"HTTP/1.1 200 OK", b"close")
    assert json.loads(answer[2])["status"] == "queued"


async def test_older_http_is_answered_as_such_and_ends(emulator: Server) -> None:
    (answer,) = told((await exchange(emulator.url, send_bytes(emulator).replace(b"HTTP/1.1", b"HTTP/1.0", 1))).data)
    assert answer[0] == b"HTTP/1.0 200 OK"
    assert json.loads(answer[2])["status"] == "queued"


async def test_who_expects_to_be_told_to_continue_is_told(emulator: Server) -> None:
    head, _, body = closing(send_bytes(emulator)).partition(b"\r\n\r\n")
    reader, writer = await connect(emulator.url)
    writer.write(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    (answer,) = told((await hear(reader)).data)
    writer.close()
    assert (answer[0], json.loads(answer[2])["body"]) == (b"HTTP/1.1 200 OK", "hello")


async def test_a_question_about_the_head_gets_no_body(emulator: Server) -> None:
    heard = await exchange(emulator.url, closing(request_bytes(emulator, "HEAD")))
    head, _, body = heard.data.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"")


async def test_the_application_answers_alike_when_somebody_else_runs_it() -> None:
    runner = web.AppRunner(create_app(Config()), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/2012-04-24/Accounts/{DEFAULT_ACCOUNT_SID}/Messages"
        login = {"Authorization": aiohttp.encode_basic_auth(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)}
        form = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": "hello"}
        async with aiohttp.ClientSession(headers=login) as session, session.post(url, data=form) as answer:
            assert (answer.status, (await answer.json())["uri"][: len(urlsplit(url).path)]) == (200, urlsplit(url).path)
    finally:
        await runner.cleanup()
