"""Recipients whose fate is known without any scenario."""

from typing import Any

import pytest

from tests.running import AppUnderTest, Server


async def fate(server: Server, to: str, callback: str) -> dict[str, Any]:
    """Send to this number, and see the message after all has happened."""
    sent = await server.send(to=to, body="hello", status_callback=callback)
    await server.post("clock/advance", {"to": "idle"})
    whole: dict[str, Any] = await server.get(f"messages/{sent['sid']}")
    return whole


@pytest.mark.parametrize(
    ("to", "status", "error", "told"),
    [
        ("+15550100001", "delivered", None, ["sending", "sent", "delivered"]),
        ("+150055030003", "undelivered", 30003, ["sending", "sent", "undelivered"]),
        ("+150055000001", "undelivered", 1, ["sending", "sent", "undelivered"]),
        ("+150055130001", "failed", 30001, ["sending", "failed"]),
        ("+150055199999", "failed", 99999, ["sending", "failed"]),
        ("+15005590001", "sending", None, ["sending"]),
        ("+15005590002", "sent", None, ["sending", "sent"]),
        ("+15005590003", "delivered", None, []),
        ("+15005590004", "delivered", None, ["delivered", "sent", "sending"]),
        (
            "+15005590005",
            "delivered",
            None,
            ["sending", "sending", "sent", "sent", "delivered", "delivered"],
        ),
        ("+15005590008", "delivered", None, ["sending", "sent", "delivered"]),
        ("+15005590009", "delivered", None, ["sending", "sent", "delivered"]),
        ("+150055300000", "delivered", None, ["sending", "sent", "delivered"]),
        ("+1500550300031", "delivered", None, ["sending", "sent", "delivered"]),
        ("+15005503000", "delivered", None, ["sending", "sent", "delivered"]),
    ],
)
async def test_a_number_decides_the_fate_of_its_message(
    emulator: Server, app: AppUnderTest, to: str, status: str, error: int | None, told: list[str]
) -> None:
    whole = await fate(emulator, to, app.url)
    assert (whole["status"], whole["error_code"]) == (status, error)
    assert app.statuses == told
    one = await emulator.request("GET", f"{emulator.messages_url}/{whole['sid']}", headers=emulator.auth)
    assert (one.json["status"], one.json.get("error_code")) == (status, error)


async def test_lost_callbacks_are_in_the_journal(emulator: Server, app: AppUnderTest) -> None:
    whole = await fate(emulator, "+15005590003", app.url)
    assert [(each["status"], each["outcome"]) for each in whole["callbacks"]] == [
        ("sending", "lost"),
        ("sent", "lost"),
        ("delivered", "lost"),
    ]


@pytest.mark.parametrize(
    ("code", "text"), [("21211", "Error 21211"), ("30003", "Unreachable destination handset"), ("00007", "Error 7")]
)
async def test_a_number_is_refused_at_once_with_its_code(emulator: Server, code: str, text: str) -> None:
    answer = await emulator.try_to_send(to=f"+1500552{code}")
    assert (answer.status, answer.json) == (400, {"message": text, "code": int(code)})
    assert (await emulator.get("messages"))["messages"] == []


async def test_a_handset_texts_back_what_it_got(emulator: Server, app: AppUnderTest) -> None:
    await fate(emulator, "+15005590008", app.url)
    reply = (await emulator.get("messages"))["messages"][0]
    assert (reply["direction"], reply["status"], reply["body"]) == ("inbound", "received", "hello")
    assert (reply["from"], reply["to"]) == ("sms:+15005590008", "sms:+15550109999")


async def test_the_number_counts_on_mms_too(emulator: Server) -> None:
    form = {"from": "mms:+15550109999", "to": "mms:+150055130001"}
    answer = await emulator.request("POST", emulator.messages_url, data=form, headers=emulator.auth)
    await emulator.post("clock/advance", {"to": "idle"})
    whole = await emulator.get(f"messages/{answer.json['sid']}")
    assert (whole["status"], whole["error_code"]) == ("failed", 30001)
