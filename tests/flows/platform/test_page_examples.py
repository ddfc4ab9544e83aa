"""The examples of the vendor's page, unchanged but for scheme, host and credentials."""

import asyncio
import json
import shutil
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.running import Server

ACCOUNT_SID = "ACae6e420f425248d6a26948c17a9e2acf"
AUTH_TOKEN = "77f8c12cc7b8f8423e5c38b035249166"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass(frozen=True)
class Shown:
    """What an example got back."""

    status: int
    kind: str
    json: Any


async def curl(*arguments: str) -> Shown:
    """Run curl with exactly these arguments, and have it add the status and content type."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-w", "\n%{http_code} %{content_type}", *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    body, _, last = out.decode().rpartition("\n")
    status, _, kind = last.partition(" ")
    return Shown(int(status), kind, json.loads(body))


async def python_example(server: Server, path: str) -> Shown:
    """The page's Python example, with HTTPConnection in place of HTTPSConnection."""

    def run() -> Shown:
        user_and_pass = b64encode(bytes(ACCOUNT_SID + ":" + AUTH_TOKEN, "utf-8")).decode("ascii")
        headers = {"Authorization": f"Basic {user_and_pass}"}
        conn = HTTPConnection(server.url.removeprefix("http://"))
        conn.request("GET", path, headers=headers)
        res = conn.getresponse()
        shown = Shown(res.status, res.headers["Content-Type"], json.loads(res.read()))
        conn.close()
        return shown

    return await asyncio.to_thread(run)


async def send_as_the_page_does(server: Server) -> Shown:
    return await curl(
        "-X",
        "POST",
        f"{server.url}/api/2012-04-24/Accounts/{ACCOUNT_SID}/Messages",
        "-d",
        "from=mms:+19876XXXXXX",
        "-d",
        "to=mms:+13216XXXXXX",
        "-d",
        "body=Test Message",
        "-d",
        "status_callback=http://127.0.0.1:9/",
        "-d",
        'media_list=[{"url":"https://example.com/image.jpeg","content-type":"image/jpeg"}]',
        "-u",
        f"{ACCOUNT_SID}:{AUTH_TOKEN}",
    )


@needs_curl
async def test_the_curl_example_sends_a_message(emulator: Server) -> None:
    await emulator.put("clock", {"now": "2015-11-19T12:21:35Z"})
    shown = await send_as_the_page_does(emulator)
    assert (shown.status, shown.kind) == (200, "application/json")
    sid = shown.json["sid"]
    assert list(shown.json.items()) == [
        ("sid", sid),
        ("date_created", "Thu, 19 Nov 2015 12:21:35 +0000"),
        ("date_updated", "Thu, 19 Nov 2015 12:21:35 +0000"),
        ("account_sid", ACCOUNT_SID),
        ("from", "mms:+19876XXXXXX"),
        ("to", "mms:+13216XXXXXX"),
        ("body", "Test Message"),
        ("status", "queued"),
        ("direction", "outbound-api"),
        ("api_version", "2012-04-24"),
        ("uri", f"/api/2012-04-24/Accounts/{ACCOUNT_SID}/Messages/{sid}.json"),
        ("media_list", [{"url": "https://example.com/image.jpeg", "content-type": "image/jpeg"}]),
    ]


@needs_curl
async def test_the_list_examples_find_numbers_by_prefix(emulator: Server) -> None:
    sent = await send_as_the_page_does(emulator)
    await emulator.send(to="+15550100001")
    await emulator.post("clock/advance", {"to": "idle"})
    path = f"/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}/Messages?To=mms:%2B1%25"
    by_curl = await curl("-X", "GET", emulator.url + path, "-u", f"{ACCOUNT_SID}:{AUTH_TOKEN}")
    assert (by_curl.status, by_curl.kind) == (200, "application/json")
    assert [message["sid"] for message in by_curl.json["messages"]] == [sent.json["sid"]]
    assert await python_example(emulator, path) == by_curl


@needs_curl
async def test_the_sorting_examples_take_a_raw_plus(emulator: Server) -> None:
    await emulator.put("clock", {"now": "2018-05-31T16:10:32Z"})
    sent = await emulator.send(sender="+19876XXXXXX", to="+13216XXXXXX", body="Hello 13216XXXXXX")
    await emulator.send(to="+15550100001")
    await emulator.post("clock/advance", {"to": "idle"})
    path = (
        f"/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}/Messages?From=sms:+19876XXXXXX&To=sms:+13216XXXXXX"
        "&StartTime=2018-05-30&EndTime=2018-06-09&Page=0&PageSize=10&SortBy=DateCreated:asc"
    )
    by_curl = await curl("-X", "GET", emulator.url + path, "-u", f"{ACCOUNT_SID}:{AUTH_TOKEN}")
    assert by_curl.status == 200
    assert [message["sid"] for message in by_curl.json["messages"]] == [sent["sid"]]
    assert by_curl.json["messages"][0]["date_created"] == "Thu, 31 May 2018 16:10:32 +0000"
    assert await python_example(emulator, path) == by_curl


@needs_curl
async def test_the_single_message_examples_read_it_back(emulator: Server) -> None:
    sent = await emulator.send()
    path = f"/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}/Messages/{sent['sid']}"
    by_curl = await curl("-X", "GET", emulator.url + path, "-u", f"{ACCOUNT_SID}:{AUTH_TOKEN}")
    assert (by_curl.status, by_curl.kind, by_curl.json["sid"]) == (200, "application/json", sent["sid"])
    assert await python_example(emulator, path) == by_curl
