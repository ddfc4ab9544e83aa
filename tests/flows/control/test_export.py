from typing import Any

import aiohttp
import pytest

from tests.running import AppUnderTest, Server

BAD_DAY = """version: 1
seed: 2024
callback: {retry: {times: 1, first: 3s}}
rules:
  - name: too fast
    when: {over: 2/h per to, to: "+44*"}
    reply: {status: 429, code: 20429, headers: {Retry-After: 1}}
  - name: cut off
    when: {to: "+43*", nth: 1}
    reply: reset
  - name: taken, but not said
    when: {to: "+43*", nth: 2}
    reply: {fault: empty, accept: yes}
    then: [sent after 2s, delivered after 3s callback x2 gap 1s]
  - name: accepted, later
    when: {to: "+42*"}
    reply: {status: 202}
    then: [sending callback late 5s, sent after 1s, undelivered after 1m..2m error 30003]
  - name: bad day
    when: {to: "+44*"}
    then:
      mix:
        - 30%: [sending, failed after ~300ms error 30001]
        - rest: [sending callback forged, sent after ~200ms callback lost, delivered after ~2s..20s]
"""

RECIPIENTS = ["+441000000001", "+441000000002", "+441000000001", "+441000000001", "+441000000003"]
RECIPIENTS += ["+431000000001", "+431000000001", "+431000000001", "+421000000001", "+15005500003"]
RECIPIENTS += ["+150055130004", "+150055221211", "+15005590006", "+15550100001", "+441000000001", "+441000000004"]


async def live(server: Server, app: AppUnderTest, account: tuple[str, str]) -> dict[str, Any]:
    """Send one message to each recipient; returns everything that happened, free of SIDs and dates."""
    sid = account[0]
    await server.put("clock", {"mode": "manual", "now": "2026-01-31T08:00:00Z"}, account=sid)
    answers: list[Any] = []
    for recipient in RECIPIENTS:
        try:
            answer = await server.try_to_send(recipient, account=account, status_callback=app.url)
            answers.append((recipient, answer.status, answer.json.get("code"), answer.headers.get("Retry-After")))
        except aiohttp.ClientError as error:
            answers.append((recipient, type(error).__name__))
    app.told.clear()
    await server.post("clock/advance", {"to": "idle"}, account=sid)
    listed = (await server.get("messages", account=sid, limit=100))["messages"]
    whole = [await server.get(f"messages/{message['sid']}", account=sid) for message in listed]
    return {
        "answers": answers,
        "told": [(told["To"], told["MessageStatus"], dict(told.parameters).get("ErrorCode")) for told in app.told],
        "stories": [
            [message["to"], message["nth"], message["error_code"]]
            + [[step["status"], step["happened"], step["error_code"], step["callback"]] for step in message["timeline"]]
            for message in whole
        ],
    }


async def test_replaying_an_export_tells_the_same_story(emulator: Server, app: AppUnderTest) -> None:
    first = await emulator.post("/accounts", {"auth_token": "one"})
    await emulator.put("scenario", BAD_DAY, account=first["sid"])
    happened = await live(emulator, app, (first["sid"], "one"))
    assert [answer[1] for answer in happened["answers"]].count(429) == 2
    exported = await emulator.get("export", account=first["sid"])

    second = await emulator.post("/accounts", {"auth_token": "two"})
    await emulator.put("scenario", exported, account=second["sid"])
    assert await live(emulator, app, (second["sid"], "two")) == happened


async def test_an_export_of_nothing_is_a_scenario(emulator: Server) -> None:
    answer = await emulator.control("GET", "export")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert await emulator.put("scenario", answer.text) == {"rules": 0, "warnings": []}


@pytest.mark.parametrize("count", [2, 7])
async def test_an_export_of_a_seeded_past_is_a_scenario(emulator: Server, count: int) -> None:
    await emulator.post("seed", {"messages": count})
    exported = await emulator.get("export")
    assert (await emulator.put("scenario", exported))["warnings"] == []


async def test_what_was_refused_before_any_rule_is_not_repeated(emulator: Server) -> None:
    await emulator.try_to_send("nobody")
    await emulator.try_to_send(account=(emulator.config.account_sid, "wrong"))
    assert "rules: []" in await emulator.get("export")


async def test_a_refusal_by_a_rule_that_is_gone_is_repeated_by_what_it_said(emulator: Server) -> None:
    await emulator.post("rules", {"name": "no", "reply": {"status": 400, "code": 21211, "message": "not you"}})
    await emulator.try_to_send("+15550100001")
    await emulator.control("DELETE", "scenario")
    exported = await emulator.get("export")
    await emulator.post("reset")
    await emulator.put("scenario", exported)
    answer = await emulator.try_to_send("+15550100001")
    assert (answer.status, answer.json) == (400, {"message": "not you", "code": 21211})
