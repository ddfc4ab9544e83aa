from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.client import CallRefused
from tests.client.conftest import Handle
from tests.running import AppUnderTest

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_a_message_tells_its_story(handle: Handle, app: AppUnderTest) -> None:
    await handle.move_to(NOON)
    sid = await handle.send(status_callback=f"{app.url}/told")
    await handle("clock.advance", "200ms")

    message = await handle("message", sid)
    assert (message.from_, message.to, message.body) == ("sms:+15550109999", "sms:+15550100001", "hello")
    assert (message.status, message.error_code, message.direction) == ("sent", None, "outbound-api")
    assert message.created == NOON
    assert message.sent == NOON + timedelta(milliseconds=100)
    assert [(step.status, step.happened and step.happened - NOON) for step in message.timeline] == [
        ("sending", timedelta(0)),
        ("sent", timedelta(milliseconds=100)),
        ("delivered", None),
    ]
    assert message.timeline[-1].due == NOON + timedelta(milliseconds=350)
    assert [(told.status, told.outcome, told.answer_status) for told in message.callbacks] == [
        ("sending", "answered", 200),
        ("sent", "answered", 200),
    ]
    assert message.callbacks[0].parameters["MessageSid"] == sid
    assert timedelta(0) < message.callbacks[0].duration < timedelta(seconds=30)
    assert message.explain.rules[-1].rule == "happy"
    assert app.statuses == ["sending", "sent"]


async def test_lists_are_newest_first_and_may_be_cut(handle: Handle) -> None:
    for body in ("first", "second", "third"):
        await handle.send(body=body)
    assert [message.body for message in await handle("messages")] == ["third", "second", "first"]
    assert [message.body for message in await handle("messages", limit=2)] == ["third", "second"]
    assert [request.parameters["body"] for request in await handle("requests", limit=1)] == ["third"]


async def test_a_list_of_any_length_comes_whole(handle: Handle) -> None:
    await handle("seed", messages=1500, days=2)
    assert len(await handle("messages")) == 1500
    assert len(await handle("messages", limit=1001)) == 1001


async def test_a_message_of_a_list_says_where_its_callbacks_are(handle: Handle) -> None:
    sid = await handle.send()
    message = (await handle("messages"))[0]
    with pytest.raises(AttributeError, match=rf"ask for it alone: message\('{sid}'\).callbacks"):
        _ = message.callbacks
    with pytest.raises(AttributeError, match="a message has no 'colour'"):
        _ = message.colour


async def test_time_passes_by_text_number_timedelta_and_to_an_instant(handle: Handle) -> None:
    await handle.move_to(NOON)
    for by, then in (
        ("1h30m", NOON + timedelta(minutes=90)),
        (30, NOON + timedelta(minutes=90, seconds=30)),
        (timedelta(seconds=30), NOON + timedelta(minutes=91)),
        (NOON + timedelta(hours=2), NOON + timedelta(hours=2)),
    ):
        assert (await handle("clock.advance", by)).now == then
    with pytest.raises(ValueError, match="'soon' is not a duration"):
        await handle("clock.advance", "soon")


async def test_time_passes_step_by_step_and_until_nothing_is_left(handle: Handle) -> None:
    await handle.move_to(NOON)
    await handle.send()
    assert [event["status"] for event in (await handle("clock.next")).events if event["kind"] == "status"] == [
        "sending"
    ]
    clock = await handle("clock.idle")
    assert (clock.mode, clock.now, clock.pending, clock.next_due) == (
        "manual",
        NOON + timedelta(milliseconds=350),
        0,
        None,
    )


@pytest.mark.parametrize("mode", ["instant", "real"])
async def test_idle_waits_on_clocks_that_go_by_themselves(handle: Handle, mode: str) -> None:
    await handle("clock.set", mode)
    await handle.send()
    assert (await handle("clock.idle")).pending == 0
    assert (await handle("messages"))[0].status == "delivered"


async def test_a_wait_returns_once_the_app_has_answered(handle: Handle, app: AppUnderTest) -> None:
    await handle.send(body="one", status_callback=app.url)
    first = await handle("wait_for", body="one", status="delivered", timeout=timedelta(seconds=20))
    assert [told.outcome for told in first.callbacks] == ["answered"] * 3
    assert app.statuses == ["sending", "sent", "delivered"]

    await handle.send(body="two")
    assert (await handle("wait_for", to=["+1555*", "+4477*"], after=first)).body == "two"
    assert (await handle("wait_for", from_="+15550109999", direction="outbound", channel="sms")).body == "one"


async def test_a_status_set_by_hand_is_told(handle: Handle, app: AppUnderTest) -> None:
    await handle("clock.set", "manual")
    sid = await handle.send(status_callback=app.url)
    message = await handle("set_status", sid, "undelivered", error_code=30003)
    assert (message.status, message.error_code) == ("undelivered", 30003)
    assert app.statuses == ["undelivered"]


async def test_the_receiver_is_judged(handle: Handle, unused_tcp_port: int) -> None:
    await handle.send(status_callback=f"http://127.0.0.1:{unused_tcp_port}/told")
    await handle("clock.idle")
    report = await handle("report")
    assert (report.ok, report.callbacks, report.failures_total) == (False, 3, 3)
    assert report.failures[0].callback.status == "sending"
    assert [callback.outcome for callback in await handle("callbacks")] == ["failed"] * 3


async def test_a_number_is_provisioned_and_then_changed(handle: Handle, app: AppUnderTest) -> None:
    number = await handle("number", "+15550109999", sms_url="http://127.0.0.1:9/elsewhere")
    changed = await handle("number", "+15550109999", sms_url=f"{app.url}/texts", sms_method="POST")
    assert (changed.sid, changed.sms_url) == (number.sid, f"{app.url}/texts")

    heard = await handle("inbound", from_="+15550100001", to="+15550109999", body="hello")
    assert (heard.message.from_, heard.message.status) == ("sms:+15550100001", "received")
    assert (heard.request.url, heard.request.answer_status) == (f"{app.url}/texts", 200)
    assert heard.request.parameters["Body"] == app.told[0]["Body"] == "hello"
    assert heard.replies == []


async def test_a_number_that_makes_no_sense_is_refused_in_the_platforms_words(handle: Handle) -> None:
    with pytest.raises(CallRefused) as refused:
        await handle("number", "+15550109999", sms_url="nowhere")
    assert refused.value.status == 400
    assert "SmsUrl" in str(refused.value)


async def test_a_text_with_an_attachment_is_an_mms(handle: Handle) -> None:
    heard = await handle("inbound", from_="+15550100001", to="+15550109999", media_list=[{"content_type": "image/png"}])
    assert (heard.message.channel, heard.request) == ("mms", None)
    assert heard.message.media[0].content_type == "image/png"


async def test_a_code_is_read_once_it_is_texted(handle: Handle) -> None:
    await handle.send(body="hello")
    await handle.send(body="Your code is 493021.")
    assert await handle("otp", "+15550100001") == "493021"
    assert await handle("otp", "+15550100001", pattern="code is (49)") == "49"


async def test_handsets_and_modes_are_read_and_set(handle: Handle) -> None:
    assert (await handle("handset", "+15550100001")).state == "none"
    assert (await handle("handset", "+15550100001", state="stopped")).state == "stopped"
    assert (await handle("handset", "+15550100001")).state == "stopped"
    assert await handle("mode") == "normal"
    assert await handle("mode", "outage") == "outage"
    assert await handle("mode") == "outage"


async def test_a_scenario_is_text_a_file_or_a_mapping(handle: Handle, tmp_path: Path) -> None:
    text = "version: 1\nrules: [{name: down, reply: 503}]\n"
    (tmp_path / "down.yaml").write_text(text)
    for script in (
        text,
        tmp_path / "down.yaml",
        str(tmp_path / "down.yaml"),
        {"version": "1", "rules": [{"reply": 503}]},
    ):
        assert (await handle("scenario", script)).rules == 1
        assert (await handle("restore_scenario")).rules == 0
    await handle("scenario", text)
    assert await handle("scenario_text") == text
    with pytest.raises(FileNotFoundError, match=r"there is no scenario file no\.yaml"):
        await handle("scenario", "no.yaml")


async def test_a_bad_scenario_is_refused_with_every_problem_in_its_place(handle: Handle) -> None:
    with pytest.raises(CallRefused) as refused:
        await handle("scenario", "version: 1\nrulez: []\nclock: slow\n")
    assert refused.value.status == 422
    assert [problem.partition(": ")[0] for problem in refused.value.errors] == ["2:1", "3:8"]
    assert all(problem in str(refused.value) for problem in refused.value.errors)


async def test_a_rule_comes_before_all_others(handle: Handle) -> None:
    await handle("rule", "closed", reply={"status": 400, "code": 21610})
    await handle("rule", when={"to": "+44*"}, then="happy", set="texted")
    assert (await handle("rule", "third", reply=503, when={"to": "+33*"})).rules == 3
    sid = await handle.send(to="+447700900123")
    assert (await handle("handset", "+447700900123")).state == "texted"
    tried = (await handle("explain", sid)).rules
    assert [(rule.rule, rule.matched) for rule in tried][:1] == [("third", False)]
    assert (tried[0].condition, tried[0].expected) == ("to", "+33*")


async def test_reset_forgets_and_with_all_forgets_numbers_too(handle: Handle) -> None:
    await handle("number", "+15550109999", sms_url="http://127.0.0.1:9/texts")
    await handle("rule", reply=503)
    await handle("reset")
    assert (await handle("inbound", from_="+15550100001", to="+15550109999")).request is not None
    assert "503" in await handle("scenario_text")
    await handle("reset", all=True)
    assert (await handle("inbound", from_="+15550100001", to="+15550109999")).request is None
    assert "503" not in await handle("scenario_text")


async def test_what_happened_is_exported_as_a_scenario_that_repeats_it(handle: Handle) -> None:
    await handle.send(to="+150055030003")
    await handle("clock.idle")
    exported = await handle("export")
    await handle("reset")
    await handle("scenario", exported)
    await handle.send(to="+150055030003")
    assert (await handle("wait_for", status="undelivered")).error_code == 30003


async def test_accounts_are_made_changed_and_deleted(handle: Handle) -> None:
    made = await handle("create_account", friendly_name="another", seed=7, clock="manual")
    assert (made.friendly_name, made.seed, made.clock) == ("another", 7, "manual")

    other = Handle(handle.emulator.of(made))
    assert (await other("change_account", status="suspended")).status == "suspended"
    assert (await other("account")).status == "suspended"
    await other("delete_account")
    with pytest.raises(CallRefused, match=f"there is no account {made.sid}"):
        await other("account")


async def test_the_emulator_says_that_it_is_well(handle: Handle) -> None:
    assert (await handle("health")).status == "ok"


async def test_a_story_names_the_account_and_its_messages(handle: Handle) -> None:
    sid = await handle.send()
    assert handle.emulator.account_sid in await handle("story")
    assert sid in await handle("story")
