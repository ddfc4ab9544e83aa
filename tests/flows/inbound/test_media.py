"""What handsets attach is fetched from the emulator, as from the platform."""

import base64

from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.flows.inbound.conftest import CUSTOMER, NUMBER, Line
from tests.running import AppUnderTest


async def test_an_mms_brings_a_picture_that_the_app_can_fetch_without_credentials(line: Line) -> None:
    await line.text("look", **{"from": f"mms:{CUSTOMER}", "to": f"mms:{NUMBER}"})
    told = line.app.told[0]
    assert told["MediaType"] == "image/png"
    prefix = f"{line.server.url}/api/2012-04-24/Accounts/{line.server.config.account_sid}/MediaAttachments/"
    assert told["MediaUrl"].startswith(prefix)
    async with line.server.session.get(told["MediaUrl"]) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert (await answer.read()).startswith(b"\x89PNG")


async def test_uploads_are_told_as_repeated_parameters_in_order(line: Line) -> None:
    data = base64.b64encode(b"BEGIN:VCARD").decode()
    await line.text(media_list=[{"data": data, "content_type": "text/vcard"}, {}])
    kinds = [value for name, value in line.app.told[0].parameters if name == "MediaType"]
    urls = [value for name, value in line.app.told[0].parameters if name == "MediaUrl"]
    assert kinds == ["text/vcard", "image/png"]
    async with line.server.session.get(urls[0]) as answer:
        assert await answer.read() == b"BEGIN:VCARD"


async def test_a_url_is_fetched_for_the_app_when_it_asks(line: Line) -> None:
    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=b"GIF89a", content_type="image/gif")

    line.app.paths["/cat.gif"] = picture
    await line.text(media_list=[{"url": f"{line.app.url}/cat.gif", "content_type": "image/gif"}])
    async with line.server.session.get(line.app.told[0]["MediaUrl"]) as answer:
        assert (answer.status, await answer.read()) == (200, b"GIF89a")


async def test_an_attachment_whose_source_is_gone_is_a_502_with_the_reason(line: Line) -> None:
    await line.text(media_list=[{"url": "http://127.0.0.1:1/x.png"}])
    answer = await line.server.request("GET", line.app.told[0]["MediaUrl"])
    assert answer.status == 502
    assert "cannot fetch the attachment from http://127.0.0.1:1/x.png" in answer.json["message"]


async def test_an_app_that_reaches_the_emulator_otherwise_is_told_the_address_it_can_use(
    start: Start, app: AppUnderTest
) -> None:
    line = Line(await start(clock=ClockMode.MANUAL, public_url="http://emulator:8024"), app)
    await line.provision(SmsUrl=f"{app.url}/sms")
    await line.text(media_list=[{}])
    path = f"/api/2012-04-24/Accounts/{line.server.config.account_sid}/MediaAttachments/"
    assert app.told[0]["MediaUrl"].startswith(f"http://emulator:8024{path}")


async def test_an_attachment_nobody_has_is_404(line: Line) -> None:
    sid = line.server.config.account_sid
    answer = await line.server.request("GET", f"/api/2012-04-24/Accounts/{sid}/MediaAttachments/nothing")
    assert answer.status == 404
