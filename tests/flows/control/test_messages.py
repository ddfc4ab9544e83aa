from typing import Any

import pytest

from tests.conftest import Start
from tests.running import AppUnderTest, Server

NOW = "2026-01-31T08:00:00.000Z"


@pytest.fixture
async def still(emulator: Server) -> Server:
    await emulator.put("clock", {"now": NOW})
    return emulator


async def test_messages_of_any_status_are_listed_newest_first(still: Server) -> None:
    for number in range(3):
        await still.send(body=f"number {number}")
    listed = await still.get("messages")
    assert [message["body"] for message in listed["messages"]] == ["number 2", "number 1", "number 0"]
    assert (listed["before"], listed["cursor"], listed["dropped"]) == (None, 3, 0)


async def test_pages_follow_each_other_without_gap_or_repetition(still: Server) -> None:
    for number in range(5):
        await still.send(body=str(number))
    bodies: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await still.get("messages", **query)
        bodies.append("".join(message["body"] for message in page["messages"]))
        if page["before"] is None:
            break
        query["before"] = page["before"]
        await still.send(body="arrived meanwhile")
    assert bodies == ["43", "21", "0"]


async def test_a_message_shows_everything_that_is_known_of_it(still: Server, app: AppUnderTest) -> None:
    sent = await still.send("+15550100001", "hello", status_callback=app.url, status_callback_method="POST")
    shown = await still.get(f"messages/{sent['sid']}")
    parts = {name: shown.pop(name) for name in ("timeline", "callbacks", "explain")}
    assert shown == {
        "sid": sent["sid"],
        "account_sid": still.config.account_sid,
        "cursor": 1,
        "channel": "sms",
        "from": "sms:+15550109999",
        "to": "sms:+15550100001",
        "body": "hello",
        "media": [],
        "direction": "outbound-api",
        "status": "queued",
        "error_code": None,
        "error_message": None,
        "num_segments": 1,
        "created": NOW,
        "updated": NOW,
        "sent": None,
        "next_due": NOW,
        "callback_url": app.url,
        "callback_method": "POST",
        "rule": None,
        "nth": 1,
        "state": "none",
        "mode": "normal",
    }
    assert [(step["status"], step["due"][-10:], step["happened"]) for step in parts["timeline"]] == [
        ("sending", "00:00.000Z", None),
        ("sent", "00:00.100Z", None),
        ("delivered", "00:00.350Z", None),
    ]
    assert parts["callbacks"] == []
    assert parts["explain"]["rules"] == [
        {"rule": "happy", "matched": True, "condition": None, "expected": None, "actual": None}
    ]


async def test_a_timeline_shows_what_happened_and_what_is_still_due(still: Server) -> None:
    sent = await still.send("+15005590004")
    await still.post("clock/advance", {"by": "200ms"})
    shown = await still.get(f"messages/{sent['sid']}")
    assert (shown["status"], shown["sent"], shown["next_due"]) == (
        "sent",
        "2026-01-31T08:00:00.100Z",
        "2026-01-31T08:00:00.350Z",
    )
    assert shown["timeline"] == [
        {
            "status": "sending",
            "replies": None,
            "error_code": None,
            "due": NOW,
            "happened": NOW,
            "callback": "late 700ms",
        },
        {
            "status": "sent",
            "replies": None,
            "error_code": None,
            "due": "2026-01-31T08:00:00.100Z",
            "happened": "2026-01-31T08:00:00.100Z",
            "callback": "late 400ms",
        },
        {
            "status": "delivered",
            "replies": None,
            "error_code": None,
            "due": "2026-01-31T08:00:00.350Z",
            "happened": None,
            "callback": "",
        },
    ]


async def test_each_attempt_to_tell_the_app_is_shown(still: Server, app: AppUnderTest) -> None:
    sent = await still.send("+15005590005", "hi", status_callback=app.url)
    await still.post("clock/advance", {"to": "next"})
    callbacks = (await still.get(f"messages/{sent['sid']}"))["callbacks"]
    assert [callback.pop("duration") > 0 for callback in callbacks] == [True, True]
    assert callbacks[0] == {
        "id": 1,
        "message": sent["sid"],
        "kind": "status",
        "status": "sending",
        "error_code": None,
        "url": app.url,
        "method": "GET",
        "parameters": {
            "MessageSid": sent["sid"],
            "MessageStatus": "sending",
            "AccountSid": still.config.account_sid,
            "From": "sms:+15550109999",
            "To": "sms:+15005590005",
            "Body": "hi",
        },
        "attempt": 1,
        "due": NOW,
        "sent": NOW,
        "outcome": "answered",
        "answer_status": 200,
        "error": "",
        "forged": False,
        "garbled": False,
    }


async def test_a_forced_status_is_told_at_once_and_ends_the_timeline(still: Server, app: AppUnderTest) -> None:
    sent = await still.send(status_callback=app.url)
    await still.post("clock/advance", {"by": "100ms"})
    forced = await still.post(f"messages/{sent['sid']}/status", {"status": "failed", "error_code": 30007})
    assert (forced["status"], forced["error_code"], forced["error_message"]) == ("failed", 30007, "Carrier violation")
    assert app.statuses == ["sending", "sent", "failed"]
    assert app.told[-1]["ErrorCode"] == "30007"
    clock = await still.get("clock")
    assert (clock["pending"], clock["next_due"]) == (0, None)
    assert (await still.post("clock/advance", {"to": "idle"}))["events"] == []
    timeline = (await still.get(f"messages/{sent['sid']}"))["timeline"]
    assert [step["status"] for step in timeline] == ["sending", "sent", "failed"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "status is required"),
        ({"status": "queued"}, 400, "status: Invalid enum value 'queued'"),
        ({"status": "sent", "error_code": 30001}, 400, "sent carries no error_code"),
        ({"status": "failed", "error_code": "30001"}, 400, "error_code: Expected `int | null`, got `str`"),
        ({"status": "failed", "error_code": 0}, 400, "error_code: Expected `int` >= 1"),
        ({"status": "failed", "error": 1}, 400, "unknown key 'error'"),
    ],
)
async def test_a_status_that_makes_no_sense_is_not_forced(
    still: Server, body: dict[str, object], status: int, message: str
) -> None:
    sent = await still.send()
    answer = await still.control("POST", f"messages/{sent['sid']}/status", json=body)
    assert (answer.status, answer.json["error"]["message"]) == (status, message)
    assert (await still.get(f"messages/{sent['sid']}"))["status"] == "queued"


async def test_a_text_from_a_handset_cannot_be_forced(still: Server) -> None:
    heard = await still.post("inbound", {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "hi"})
    answer = await still.control("POST", f"messages/{heard['message']['sid']}/status", json={"status": "failed"})
    assert (answer.status, answer.json["error"]["message"]) == (
        409,
        "a text from a handset is received, and has no other fate",
    )


@pytest.mark.parametrize("path", ["messages/SMnone", "explain/SMnone"])
async def test_a_message_that_is_not_there_is_not_found(still: Server, path: str) -> None:
    answer = await still.control("GET", path)
    assert (answer.status, answer.json["error"]) == (
        404,
        {"message": "this account has no message SMnone", "remedy": "GET messages lists them"},
    )


async def test_the_oldest_messages_go_first_and_the_answer_says_how_many(start: Start) -> None:
    emulator = await start(message_limit=10)
    for number in range(15):
        await emulator.send(body=str(number))
    listed = await emulator.get("messages")
    assert listed["messages"][0]["body"] == "14"
    assert len(listed["messages"]) + listed["dropped"] == 15
    assert 10 <= len(listed["messages"]) <= 11
