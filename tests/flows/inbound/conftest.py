"""An account with a number bound to the app under test."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import Answering, AppUnderTest, Server

NUMBER = "+15550001111"
CUSTOMER = "+15550102222"

Text = Callable[..., Awaitable[dict[str, Any]]]


@dataclass
class Line:
    """A number of the default account, bound to the app's `/sms`, and the calls a test makes about it."""

    server: Server
    app: AppUnderTest

    async def provision(self, number: str = NUMBER, **settings: str) -> dict[str, Any]:
        """Provision a number through the platform's own resource."""
        sid = self.server.config.account_sid
        form = {"PhoneNumber": number, "isSIP": "true", **settings}
        answer = await self.server.request(
            "POST",
            f"/api/2012-04-24/Accounts/{sid}/IncomingPhoneNumbers.json",
            data=form,
            headers=self.server.auth,
        )
        assert answer.status == 200, answer.text
        shown: dict[str, Any] = answer.json
        return shown

    async def text(self, body: str = "hello", **more: Any) -> dict[str, Any]:
        """The customer texts the number."""
        given = {"from": f"sms:{CUSTOMER}", "to": f"sms:{NUMBER}", "body": body, **more}
        heard: dict[str, Any] = await self.server.post("inbound", given)
        return heard

    async def notifications(self) -> list[tuple[int, int, str]]:
        """The account's error log, oldest first: log, code and text."""
        sid = self.server.config.account_sid
        path = f"/api/2012-04-24/Accounts/{sid}/Notifications.json?SortBy=DateCreated:asc"
        answer = await self.server.request("GET", path, headers=self.server.auth)
        return [(row["log"], row["error_code"], row["message_text"]) for row in answer.json["notifications"]]


@pytest.fixture
async def line(start: Start, app: AppUnderTest) -> Line:
    """A number whose texts go to the app; the clock is manual, so replies wait for the test."""
    line = Line(await start(clock=ClockMode.MANUAL), app)
    await line.provision(SmsUrl=f"{app.url}/sms")
    return line


def rcml(*verbs: str, content_type: str = "text/xml") -> Answering:
    """An app that answers with these verbs."""
    return raw("<Response>" + "".join(verbs) + "</Response>", content_type=content_type)


def raw(text: str, *, content_type: str = "text/xml", status: int = 200) -> Answering:
    """An app that answers with this text."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, status=status)

    return answer
