"""Each call of these resources, held against what the OpenAPI document says of it."""

from typing import Any

import msgspec

from emulator.api.dispatch import ANY
from emulator.openapi.resources import RESOURCES
from tests.flows.platform_resources.asking import Platform


class Described:
    """Asks, and takes what is answered only as it is described."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.asked: set[tuple[str, tuple[str, ...]]] = set()

    async def ask(self, method: str, path: str, one: str | None = None, **form: str) -> Any:
        """The answer as the type it is described by; None when there is to be none."""
        call = method, (*path.split("/"), ANY) if one else tuple(path.split("/"))
        self.asked.add(call)
        known = RESOURCES[call]
        options: dict[str, Any] = {"data": form} if form else {}
        answer = await self.platform.ask(method, f"{path}/{one}.json" if one else f"{path}.json", **options)
        assert answer.status == known.status, answer.text
        return None if known.answer is None else msgspec.convert(answer.json, known.answer)


async def test_every_answer_is_as_described(platform: Platform) -> None:
    described = Described(platform)
    ask = described.ask
    application = await ask("POST", "Applications", FriendlyName="bot", Kind="sms", RcmlUrl="http://app.test/bot")
    for number, door in enumerate(("", "/Local", "/TollFree", "/Mobile")):
        made = await ask("POST", f"IncomingPhoneNumbers{door}", PhoneNumber=f"+1555000222{number}")
        assert len((await ask("GET", f"IncomingPhoneNumbers{door}")).numbers) == number + 1
    for method in ("POST", "PUT"):
        bound = await ask(method, "IncomingPhoneNumbers", made.sid, SmsApplicationSid=application.sid)
        assert bound.sms_application_name == "bot"
        await ask(method, "Applications", application.sid, Kind="sms")
    assert (await ask("GET", "IncomingPhoneNumbers", made.sid)).sid == made.sid
    assert await ask("GET", "IncomingPhoneNumbers/AvailableCountries") == ["US"]
    assert (await ask("GET", "Applications", application.sid)).kind == "sms"
    assert [row.numbers[0].sid for row in await ask("GET", "Applications")] == [made.sid]
    await platform.server.post("inbound", {"from": "sms:+15550102222", "to": "sms:+15550009999"})
    (logged,) = (await ask("GET", "Notifications")).notifications
    assert (await ask("GET", "Notifications", logged.sid)).error_code == 11005
    sent = await ask("POST", "SMS/Messages", From="+15550109999", To="+150055130003", Body="hi")
    await platform.server.post("clock/advance", {"to": "idle"})
    assert (await ask("GET", "SMS/Messages", sent.sid)).error_code == 30003
    assert (await ask("GET", "SMS/Messages")).total == 2
    await ask("DELETE", "IncomingPhoneNumbers", made.sid)
    await ask("DELETE", "Applications", application.sid)
    assert described.asked == RESOURCES.keys()
