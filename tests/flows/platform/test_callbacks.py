"""Status callbacks: what the app is told, how, and in which order."""

import asyncio

import pytest
from aiohttp import web

from emulator import __version__
from tests.conftest import Start
from tests.running import AppUnderTest, Server, serving
from tests.told import attempts, tell

AC = "ACae6e420f425248d6a26948c17a9e2acf"


async def test_the_app_is_told_of_each_status_by_get_with_a_query(emulator: Server, app: AppUnderTest) -> None:
    whole = await tell(emulator, f"{app.url}/status", body="50% off: a+b & c=d é 😀")
    assert [told.method for told in app.told] == ["GET", "GET", "GET"]
    assert app.statuses == ["sending", "sent", "delivered"]
    assert app.told[0].path == "/status"
    assert app.told[0].parameters == (
        ("MessageSid", whole["sid"]),
        ("MessageStatus", "sending"),
        ("AccountSid", AC),
        ("From", "sms:+15550109999"),
        ("To", "sms:+15550100001"),
        ("Body", "50% off: a+b & c=d é 😀"),
    )
    assert app.told[0].headers["User-Agent"] == f"cpaas-emulator/{__version__}"
    assert "Content-Type" not in app.told[0].headers
    assert attempts(whole) == [
        ("sending", "answered", 200),
        ("sent", "answered", 200),
        ("delivered", "answered", 200),
    ]


async def test_the_app_is_told_by_post_with_a_form(emulator: Server, app: AppUnderTest) -> None:
    whole = await tell(
        emulator,
        f"{app.url}/status",
        to="+150055030003",
        body="50% off: a+b & c=d é 😀",
        status_callback_method="POST",
    )
    assert [told.method for told in app.told] == ["POST", "POST", "POST"]
    assert app.statuses == ["sending", "sent", "undelivered"]
    assert app.told[2].parameters == (
        ("MessageSid", whole["sid"]),
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30003"),
        ("AccountSid", AC),
        ("From", "sms:+15550109999"),
        ("To", "sms:+150055030003"),
        ("Body", "50% off: a+b & c=d é 😀"),
    )
    assert "ErrorCode" not in dict(app.told[1].parameters)
    assert app.told[0].headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert app.told[0].headers["User-Agent"] == f"cpaas-emulator/{__version__}"


async def test_attachments_are_repeated_parameters(emulator: Server, app: AppUnderTest) -> None:
    media = [{"url": "https://example.com/a?x=1&y=2", "content_type": "image/gif"}, {"url": "https://example.com/b"}]
    form = {"from": "mms:+15550109999", "to": "mms:+15550100001", "media_list": media, "status_callback": app.url}
    answer = await emulator.request("POST", emulator.messages_url, json=form, headers=emulator.auth)
    assert answer.status == 200
    await emulator.post("clock/advance", {"to": "idle"})
    given = app.told[0].parameters
    assert [value for name, value in given if name == "MediaUrl"] == [
        "https://example.com/a?x=1&y=2",
        "https://example.com/b",
    ]
    assert [value for name, value in given if name == "MediaType"] == ["image/gif", ""]
    assert app.statuses == ["sending", "sent", "delivered"]


async def test_a_query_in_the_url_stays_for_get_and_moves_into_the_form_for_post(
    emulator: Server, app: AppUnderTest
) -> None:
    url = f"{app.url}/status?tenant=7&empty=&a=x%20%2B+y&a=2"
    own = (("tenant", "7"), ("empty", ""), ("a", "x + y"), ("a", "2"))
    await tell(emulator, url)
    assert app.told[0].parameters[:4] == own
    assert dict(app.told[0].parameters)["MessageStatus"] == "sending"
    app.told.clear()
    queries: list[str] = []

    async def note(request: web.Request) -> web.Response:
        queries.append(request.query_string)
        return web.Response()

    app.answering = note
    await tell(emulator, url, status_callback_method="POST")
    assert app.told[0].parameters[-4:] == own
    assert dict(app.told[0].parameters)["MessageStatus"] == "sending"
    assert queries == ["", "", ""]


@pytest.mark.parametrize("path", ["/ä b".replace(" ", "%20"), "/%C3%A4%2F", "/a;b=c", "/~x/", ""])
async def test_any_path_is_asked_as_it_was_given(emulator: Server, app: AppUnderTest, path: str) -> None:
    await tell(emulator, app.url + path)
    assert app.statuses == ["sending", "sent", "delivered"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 302, 303, 307])
async def test_redirects_are_followed_with_the_same_method_and_parameters(
    emulator: Server, app: AppUnderTest, method: str, status: int
) -> None:
    async def move(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/new"})

    app.paths["/old"] = move
    whole = await tell(emulator, f"{app.url}/old", status_callback_method=method)
    assert [(told.method, told.path) for told in app.told[:2]] == [(method, "/old"), (method, "/new")]
    assert app.told[0].parameters == app.told[1].parameters
    assert attempts(whole)[0] == ("sending", "answered", 200)


async def test_a_redirect_may_lead_to_another_host_and_bring_a_query(emulator: Server, app: AppUnderTest) -> None:
    other = AppUnderTest()
    async with serving(other.handle) as other.url:

        async def move(request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{other.url}/new?moved=yes"})

        app.answering = move
        await tell(emulator, app.url, status_callback_method="POST")
        assert other.statuses == ["sending", "sent", "delivered"]
        assert other.told[0]["moved"] == "yes"


async def test_without_a_callback_url_nobody_is_told(emulator: Server) -> None:
    sent = await emulator.send()
    await emulator.post("clock/advance", {"to": "idle"})
    whole = await emulator.get(f"messages/{sent['sid']}")
    assert (whole["status"], whole["callbacks"]) == ("delivered", [])


async def test_the_app_is_told_nothing_before_its_request_was_answered(start: Start, app: AppUnderTest) -> None:
    server = await start()
    await server.put("scenario", "version: 1\nrules:\n- reply: {status: 200, after: 100ms}\n  then: [sending]\n")
    story = []

    async def note(request: web.Request) -> web.Response:
        story.append("told")
        return web.Response()

    app.answering = note
    await server.send(status_callback=app.url)
    story.append("answered")
    await app.wait(1)
    assert story == ["answered", "told"]


class Gate:
    """An app that keeps every request waiting until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = 0
        self.most = 0

    async def hold(self, request: web.Request) -> web.Response:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        return web.Response()


async def test_a_message_is_told_in_order_however_slow_the_app_is(start: Start, app: AppUnderTest) -> None:
    server, gate = await start(), Gate()
    app.answering = gate.hold
    slow = await server.send(status_callback=app.url)
    await server.get("wait", status="delivered", to="+15550100001", timeout="20s")
    quick = AppUnderTest()
    async with serving(quick.handle) as quick.url:
        await server.send(to="+15550100002", status_callback=quick.url)
        await quick.wait(3)
    assert app.statuses == ["sending"]
    gate.open.set()
    await app.wait(3)
    assert app.statuses == ["sending", "sent", "delivered"]
    await server.get("idle", timeout="20s")
    whole = await server.get(f"messages/{slow['sid']}")
    assert [each["outcome"] for each in whole["callbacks"]] == ["answered"] * 3


async def test_requests_to_one_host_are_bounded_and_those_that_wait_are_kept(start: Start, app: AppUnderTest) -> None:
    server, gate = await start(), Gate()
    app.answering = gate.hold
    recipients = [f"+155501{number:05}" for number in range(90)]
    await asyncio.gather(*(server.send(to=to, status_callback=f"{app.url}/{to}?own=query") for to in recipients))
    for to in recipients:
        await server.get("wait", to=to, status="delivered", timeout="20s")
    assert len(app.told) == 64
    other = AppUnderTest()
    async with serving(other.handle) as other.url:
        await server.send(to="+15550200000", status_callback=other.url)
        await other.wait(3)
    gate.open.set()
    await app.wait(270)
    assert gate.most == 64
    told = {to: [each["MessageStatus"] for each in app.told if each["To"] == f"sms:{to}"] for to in recipients}
    assert set(map(tuple, told.values())) == {("sending", "sent", "delivered")}
    await server.get("idle", timeout="20s")
    assert (await server.get("report"))["ok"] is True
