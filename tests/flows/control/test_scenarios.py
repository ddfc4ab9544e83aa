import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import AppUnderTest, Server, running

NOBODY = """version: 1
rules:
  - name: nobody is reached
    then: [sending, failed after 1s error 30003]
"""


async def test_without_a_scenario_there_is_an_empty_one(emulator: Server) -> None:
    answer = await emulator.control("GET", "scenario")
    assert (answer.headers["Content-Type"], answer.text) == ("application/yaml; charset=utf-8", "version: 1\n")


async def test_a_scenario_decides_from_the_moment_it_is_put(emulator: Server) -> None:
    before = await emulator.send()
    assert await emulator.put("scenario", NOBODY) == {"rules": 1, "warnings": []}
    after = await emulator.send()
    await emulator.post("clock/advance", {"to": "idle"})
    assert (await emulator.get(f"messages/{before['sid']}"))["status"] == "delivered"
    assert (await emulator.get(f"messages/{after['sid']}"))["error_code"] == 30003
    assert await emulator.get("scenario") == NOBODY


@pytest.mark.parametrize(
    "content_type", ["application/yaml", "text/yaml", "text/plain", "application/x-www-form-urlencoded"]
)
async def test_yaml_is_read_whatever_it_is_called(emulator: Server, content_type: str) -> None:
    answer = await emulator.control("PUT", "scenario", data=NOBODY, headers={"Content-Type": content_type})
    assert (answer.status, answer.json["rules"]) == (200, 1)


async def test_a_scenario_may_be_json(emulator: Server) -> None:
    rule = {
        "name": '"caf\u00e9" / \U0001f600',
        "when": {"to": "+15550100003", "nth": 1},
        "then": ["failed error 30003"],
    }
    assert await emulator.put("scenario", {"version": 1, "rules": [rule]}) == {"rules": 1, "warnings": []}
    sent = await emulator.send("+15550100003")
    assert (await emulator.get(f"messages/{sent['sid']}"))["rule"] == '"caf\u00e9" / \U0001f600'


async def test_a_bad_scenario_is_refused_with_every_problem_and_the_good_one_stays(emulator: Server) -> None:
    await emulator.put("scenario", NOBODY)
    bad = "version: 1\nrules:\n  - whn: {to: x}\n    then: [snt]\n"
    answer = await emulator.control("PUT", "scenario", data=bad, headers={"Content-Type": "application/yaml"})
    assert answer.status == 422
    assert answer.json["errors"] == [
        {
            "line": 3,
            "column": 5,
            "path": "rules[0].whn",
            "message": "unknown key 'whn' in a rule",
            "remedy": "did you mean 'when'?",
        },
        {
            "line": 4,
            "column": 12,
            "path": "rules[0].then[0]",
            "message": "'snt' is not a status",
            "remedy": "did you mean 'sent'?",
        },
    ]
    assert answer.json["error"] == {
        "message": "the scenario has errors: line 3: unknown key 'whn' in a rule (and 1 more)",
        "remedy": "did you mean 'when'?",
    }
    assert await emulator.get("scenario") == NOBODY


async def test_what_is_odd_about_a_scenario_is_said(emulator: Server) -> None:
    shown = await emulator.put("scenario", "version: 1\nrules:\n  - name: a\n  - name: b\n")
    assert [(each["line"], each["path"]) for each in shown["warnings"]] == [(4, "rules[1]")]


async def test_deleting_it_goes_back_to_the_servers_scenario(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(NOBODY)
    emulator = await start(scenario=file)
    await emulator.put("scenario", "version: 1\n")
    answer = await emulator.control("DELETE", "scenario")
    assert (answer.status, answer.json["rules"]) == (200, 1)
    assert await emulator.get("scenario") == NOBODY


async def test_a_scenario_may_set_the_clock(emulator: Server) -> None:
    await emulator.send()
    url = f"{emulator.url}/_emulator/accounts/default/events"
    async with emulator.session.get(url) as stream:
        await emulator.put("scenario", "version: 1\nclock: instant\n")
        async for line in stream.content:
            if line.startswith(b"event: clock"):
                break
    await emulator.get("idle")
    assert (await emulator.get("clock"))["mode"] == "instant"


async def test_a_rule_is_put_before_all_others(emulator: Server) -> None:
    await emulator.put("scenario", NOBODY)
    answer = await emulator.control("POST", "rules", data="{name: all is well, when: {to: '*0001'}, then: happy}")
    assert (answer.status, answer.json) == (201, {"rules": 2, "warnings": []})
    await emulator.post("rules", {"name": "the latest", "when": {"to": "*00001"}, "reply": 503})
    assert (await emulator.try_to_send("+15550100001")).status == 503
    sent = [await emulator.send("+15550110001"), await emulator.send("+15550110002")]
    rules = [(await emulator.get(f"messages/{each['sid']}"))["rule"] for each in sent]
    assert rules == ["all is well", "nobody is reached"]


async def test_a_bad_rule_is_refused_with_its_place(emulator: Server) -> None:
    answer = await emulator.control("POST", "rules", data="whn: {}")
    assert (answer.status, answer.json["errors"][0]["message"]) == (422, "unknown key 'whn' in a rule")
    assert await emulator.get("scenario") == "version: 1\n"


async def test_rules_put_at_the_same_time_are_all_kept(emulator: Server) -> None:
    await asyncio.gather(
        *(
            emulator.post("rules", {"name": f"rule {number}", "when": {"to": f"+1555010{number:04d}"}, "reply": 503})
            for number in range(30)
        )
    )
    text = await emulator.get("scenario")
    assert [f"rule {number}" in text for number in range(30)] == [True] * 30


async def test_a_restart_keeps_the_scenario_of_an_account(start: Start, tmp_path: Path) -> None:
    async with running(db=tmp_path / "emulator.db") as first:
        await first.put("scenario", NOBODY)
    second = await start(db=tmp_path / "emulator.db")
    assert await second.get("scenario") == NOBODY


async def test_explain_says_which_rules_were_tried_and_what_failed(emulator: Server) -> None:
    scenario = """version: 1
rules:
  - name: another number
    when: {to: "+15550100009"}
    then: happy
  - name: the second text
    when: {to: "*0001", nth: 2}
    then: happy
  - name: this one
    when: {body: "*code*"}
    then: [sent]
  - name: never looked at
    then: happy
"""
    await emulator.put("scenario", scenario)
    sent = await emulator.send("+15550100001", "your code is 123456")
    shown = {
        "message": sent["sid"],
        "rule": "this one",
        "rules": [
            {
                "rule": "another number",
                "matched": False,
                "condition": "to",
                "expected": "+15550100009",
                "actual": "sms:+15550100001",
            },
            {"rule": "the second text", "matched": False, "condition": "nth", "expected": "2", "actual": "1"},
            {"rule": "this one", "matched": True, "condition": None, "expected": None, "actual": None},
        ],
        "note": "",
    }
    assert await emulator.get(f"explain/{sent['sid']}") == shown
    await emulator.put("scenario", NOBODY)
    assert await emulator.get(f"explain/{sent['sid']}") == shown


async def test_a_message_after_a_reset_is_explained_too(emulator: Server) -> None:
    await emulator.put("scenario", NOBODY)
    await emulator.post("reset")
    sent = await emulator.send()
    assert (await emulator.get(f"explain/{sent['sid']}"))["note"] == ""


async def test_a_scenario_long_forgotten_is_said_to_be(emulator: Server) -> None:
    await emulator.put("scenario", NOBODY)
    sent = await emulator.send()
    for number in range(101):
        await emulator.put("scenario", NOBODY.replace("30003", str(30010 + number)))
    assert await emulator.get(f"explain/{sent['sid']}") == {
        "message": sent["sid"],
        "rule": "nobody is reached",
        "rules": [{"rule": "nobody is reached", "matched": True, "condition": None, "expected": None, "actual": None}],
        "note": "the scenario that decided this message is no longer kept, so only its rule's name is known",
    }


async def test_a_mode_brings_an_outage_and_ends_it(emulator: Server) -> None:
    await emulator.post("rules", {"name": "outage", "when": {"mode": "outage"}, "reply": 503})
    assert (await emulator.try_to_send()).status == 200
    await emulator.put("mode", {"mode": "outage"})
    assert (await emulator.try_to_send()).status == 503
    await emulator.put("mode", {"mode": "normal"})
    assert (await emulator.try_to_send()).status == 200


async def test_a_reset_of_all_brings_back_the_servers_scenario(emulator: Server) -> None:
    await emulator.put("scenario", NOBODY)
    await emulator.post("reset")
    assert await emulator.get("scenario") == NOBODY
    await emulator.post("reset", {"all": True})
    assert await emulator.get("scenario") == "version: 1\n"


async def test_counted_rates_are_forgotten_by_a_reset(emulator: Server) -> None:
    await emulator.post("rules", {"name": "too fast", "when": {"over": "1/h per from"}, "reply": 429})
    statuses = [(await emulator.try_to_send()).status for _ in range(2)]
    await emulator.post("reset")
    statuses.append((await emulator.try_to_send()).status)
    assert statuses == [200, 429, 200]


async def test_retries_follow_the_accounts_clock(emulator: Server, app: AppUnderTest) -> None:
    """Three failures, then an answer: told at 0, 5, 15 and 35 seconds."""

    async def fourth_time(request: web.Request) -> web.Response:
        return web.Response(status=200 if len(app.told) == 4 else 500)

    app.answering = fourth_time
    await emulator.put("clock", {"now": "2026-01-31T08:00:00Z"})
    await emulator.put(
        "scenario",
        "version: 1\ncallback: {retry: {times: 4, first: 5s, factor: 2, on: [5xx]}}\nrules: [{then: [sending]}]\n",
    )
    sent = await emulator.send(status_callback=app.url)
    answer = await emulator.post("clock/advance", {"by": "20s"})
    assert [event["at"][17:19] for event in answer["events"] if event["kind"] == "callback"] == ["00", "05", "15"]
    assert (await emulator.get("report"))["ok"] is True
    await emulator.post("clock/advance", {"to": "idle"})
    shown = await emulator.get(f"messages/{sent['sid']}")
    assert [(each["attempt"], each["sent"][17:19], each["answer_status"]) for each in shown["callbacks"]] == [
        (1, "00", 500),
        (2, "05", 500),
        (3, "15", 500),
        (4, "35", 200),
    ]
    assert (await emulator.get("report"))["ok"] is True


async def test_a_callback_that_failed_every_time_is_one_failure(emulator: Server, app: AppUnderTest) -> None:
    async def never(request: web.Request) -> web.Response:
        return web.Response(status=503)

    app.answering = never
    await emulator.put(
        "scenario", "version: 1\ncallback: {retry: {times: 2, first: 1s}}\nrules: [{then: [sending, sent]}]\n"
    )
    await emulator.send(status_callback=app.url)
    await emulator.post("clock/advance", {"to": "idle"})
    report = await emulator.get("report")
    assert (report["ok"], report["callbacks"], report["failures_total"]) == (False, 6, 2)
    assert [(each["callback"]["status"], each["callback"]["attempt"]) for each in report["failures"]] == [
        ("sending", 3),
        ("sent", 3),
    ]


async def test_a_callback_told_first_comes_before_the_answer(emulator: Server, app: AppUnderTest) -> None:
    await emulator.put("scenario", "version: 1\nrules: [{then: [sending callback first, sent after 1s]}]\n")
    order = []

    async def told(request: web.Request) -> web.Response:
        order.append("told")
        advance = await emulator.control("POST", "clock/advance", json={"to": "idle"})
        order.append(str(advance.status))
        return web.Response()

    app.answering = told
    await emulator.send(status_callback=app.url)
    order.append("answered")
    assert order == ["told", "200", "answered"]


async def test_instant_clocks_wait_for_a_request_to_be_answered(start: Start, app: AppUnderTest) -> None:
    emulator = await start(clock=ClockMode.INSTANT)
    await emulator.put("scenario", "version: 1\nrules: [{reply: {after: 300ms}, then: happy}]\n")
    first = asyncio.create_task(emulator.send(status_callback=app.url))
    await emulator.get("wait", timeout="20s")
    assert not first.done()
    assert app.told == []
    await first
    await emulator.get("idle")
    assert app.statuses == ["sending", "sent", "delivered"]
