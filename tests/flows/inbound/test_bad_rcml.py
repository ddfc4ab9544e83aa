"""Answers of the app that are no RCML, or worse: a notification each, and the server goes on."""

import pytest
from aiohttp import web

from tests.flows.inbound.conftest import Line, raw, rcml

BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Response><Message>&b;</Message></Response>'
)
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Message>&x;</Message></Response>'


@pytest.mark.parametrize(
    ("answer", "content_type", "code"),
    [
        ("<Response><Message>x</Response>", "text/xml", 12100),
        ("this is not XML", "application/xml", 12100),
        (BOMB, "text/xml", 12100),
        (EXTERNAL, "text/xml", 12100),
        ("<Response>" + "<a>" * 100 + "</a>" * 100 + "</Response>", "text/xml", 12100),
        ("<Response><Message>" + "x" * 10_000_000 + "</Message></Response>", "text/xml", 12100),
        ("OK", "text/plain", 12300),
        ("<Response><Say>hello</Say></Response>", "text/xml", 14110),
        ("<Response><Message></Message></Response>", "text/xml", 14103),
        ("<Response><Message to='12'>x</Message></Response>", "text/xml", 14101),
        ("<Response><Message from='+'>x</Message></Response>", "text/xml", 14102),
        ("<Response><Redirect method='PUT'>/gone</Redirect></Response>", "text/xml", 13710),
        ("<Response><Redirect>ftp://example.com/</Redirect></Response>", "text/xml", 11100),
        ("<Response><Message action='gopher://x'>x</Message></Response>", "text/xml", 11100),
    ],
)
async def test_it_is_a_notification_and_the_server_goes_on(
    line: Line, answer: str, content_type: str, code: int
) -> None:
    line.app.paths["/sms"] = raw(answer, content_type=content_type)
    line.app.paths["/gone"] = raw("")
    heard = await line.text()
    assert heard["message"]["status"] == "received"
    assert (await line.notifications())[0][1] == code
    line.app.paths["/sms"] = rcml("<Message>fine</Message>")
    assert [reply["body"] for reply in (await line.text())["replies"]] == ["fine"]


async def test_a_chunked_answer_is_read_like_any_other(line: Line) -> None:
    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/xml"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for piece in (b"<Response><Mess", b"age>in pieces</Message>", b"</Response>"):
            await response.write(piece)
        return response

    line.app.paths["/sms"] = chunked
    assert [reply["body"] for reply in (await line.text())["replies"]] == ["in pieces"]


async def test_unknown_verbs_are_skipped_and_said(line: Line) -> None:
    line.app.paths["/sms"] = rcml("<Text>no such verb</Text>", "<Message>still here</Message>")
    assert [reply["body"] for reply in (await line.text())["replies"]] == ["still here"]
    ((log, code, text),) = await line.notifications()
    assert (log, code) == (1, 0)
    assert "Text" in text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "from"),
        ({"from": "sms:+15550102222"}, "to"),
        ({"from": "15550102222", "to": "sms:+15550001111"}, "from"),
        ({"from": "sms:+15550102222", "to": "sms:nobody!"}, "to"),
        ({"from": "sms:+15550102222", "to": "sms:+15550001111", "bdy": "x"}, "bdy"),
        ({"from": "sms:+15550102222", "to": "sms:+15550001111", "media_list": [{"data": "%"}]}, "media_list"),
        ({"from": "sms:+15550102222", "to": "sms:+15550001111", "media_list": [{"url": "ftp://x"}]}, "media_list"),
    ],
)
async def test_a_text_that_makes_no_sense_is_refused_by_name(
    line: Line, given: dict[str, object], problem: str
) -> None:
    answer = await line.server.control("POST", "inbound", json=given)
    assert answer.status == 400
    assert problem in answer.json["error"]["message"]
