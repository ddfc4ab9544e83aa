from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import scenario_file
from emulator.conditions import Facts
from emulator.decision import Decider, Decision
from emulator.model import Direction, Media, Message, Status, Step, Telling
from emulator.scenario import Delay, Fault, Reply
from emulator.scenario_file.replaying import Answered
from tests.scenarios import scenarios

NOW = 1_700_000_000_000


def message(
    recipient: str = "sms:+15550100001",
    nth: int = 1,
    *steps: Step,
    direction: Direction = Direction.OUTBOUND_API,
    media: tuple[Media, ...] = (),
) -> Message:
    return Message(
        id=1,
        account=1,
        sid="SM1",
        arrival=1,
        created=NOW,
        updated=NOW,
        sender="sms:+15550100009",
        recipient=recipient,
        media=media,
        status=Status.QUEUED,
        direction=direction,
        steps=steps,
        nth=nth,
    )


SENT = Step(due=NOW + 1_500, status=Status.SENT)


def test_what_happened_is_written_with_offsets_from_acceptance() -> None:
    first = message(
        "sms:+15550100001",
        1,
        Step(due=NOW, status=Status.SENDING, happened=NOW, callback=Telling(first=True)),
        Step(due=NOW + 90_061_001, status=Status.FAILED, error=30001, callback=Telling(late=5_000, times=2, gap=50)),
        Step(due=NOW + 1_500, replies='a "b", c'),
    )
    assert (
        scenario_file.replay([first])
        == """\
# what happened to 1 requests, to happen again
version: 1
rules:
  - name: replay 1
    when: {to: "+15550100001", nth: 1}
    then: [{status: sending, at: 0s, callback: {first: yes}}, {replies: "a \\"b\\", c", at: 1s500ms}, \
{status: failed, at: 1d1h1m1s1ms, error: 30001, callback: {times: 2, late: 5s, gap: 50ms}}]
"""
    )


def test_requests_with_one_fate_share_a_rule() -> None:
    told = [message(f"sms:+1555010000{number}", nth, SENT) for number in (1, 2) for nth in (1, 2, 4)]
    assert (
        scenario_file.replay(told)
        == """\
# what happened to 6 requests, to happen again
version: 1
rules:
  - name: replay 1
    when: {to: ["+15550100001", "+15550100002"], nth: 1..2}
    then: [{status: sent, at: 1s500ms}]
  - name: replay 2
    when: {to: ["+15550100001", "+15550100002"], nth: 4}
    then: [{status: sent, at: 1s500ms}]
"""
    )


def test_refusals_are_repeated_and_a_message_that_lived_on_is_accepted() -> None:
    answers = [
        Answered(
            recipient="+15550100001",
            nth=1,
            reply=Reply(
                status=400, code=21211, message="no", headers=(("X-A", "b: c"),), after=Delay(low=1, text="1ms")
            ),
        ),
        Answered(recipient="+15550100001", nth=2, reply=Reply(fault=Fault.HANG, hang=2_000)),
    ]
    assert (
        scenario_file.replay([message("mms:+15550100001", 2, SENT)], answers)
        == """\
# what happened to 2 requests, to happen again
version: 1
rules:
  - name: replay 1
    when: {to: "+15550100001", nth: 1}
    reply: {status: 400, code: 21211, message: no, headers: {X-A: "b: c"}, after: 1ms}
  - name: replay 2
    when: {to: "+15550100001", nth: 2}
    reply: {fault: hang, for: 2s, accept: yes}
    then: [{status: sent, at: 1s500ms}]
"""
    )


def test_nothing_is_written_of_texts_from_handsets_and_of_what_nobody_asked_for() -> None:
    others = [message(direction=Direction.INBOUND), message("sms:+15550100001", 0, SENT)]
    assert scenario_file.replay(others) == "# what happened to 0 requests, to happen again\nversion: 1\nrules: []\n"


def test_odd_recipients_steps_and_media_still_make_a_good_scenario() -> None:
    told = [
        message("sms:+0*1", 1, SENT),
        message("alice", 1, Step(due=NOW - 5, status=Status.SENT, error=7), Step(due=NOW, status=Status.QUEUED)),
        message("sms:+15550100001", 1, Step(due=NOW + 10**14, replies="${x}"), Step(due=NOW, replies="")),
        message("mms:+15550100002", 1, SENT, media=(Media(url="http://127.0.0.1/a.png"),)),
    ]
    text = scenario_file.replay(told)
    assert "channels: {sms: {media: yes}, mms: {media: yes}}\n" in text
    decider = Decider(scenario_file.load(text).scenario)
    found = [decider.decide(Facts(to=each.recipient, now=NOW)) for each in told]
    assert [each.rule for each in found] == ["replay 1", "replay 2", "replay 3", "replay 1"]
    assert found[1].steps == (Step(due=NOW, status=Status.SENT),)
    assert found[2].steps == (Step(due=NOW + 400 * 86_400_000, replies="$ {x}"),)


def test_what_a_scenario_cannot_hold_is_left_out_and_said() -> None:
    told = [message(f"sms:+1555{number:07}", 1, Step(due=NOW + number, status=Status.SENT)) for number in range(11_000)]
    text = scenario_file.replay(told)
    kept = len(scenario_file.load(text).scenario.rules)
    assert text.splitlines()[:2] == [
        f"# what happened to {kept} requests, to happen again",
        f"# {11_000 - kept} further ones are left out, because a scenario cannot be larger",
    ]
    assert 9_000 < kept <= 10_000


def _decided(decider: Decider, facts: Facts) -> Decision:
    return decider.decide(facts)


@settings(max_examples=50, deadline=None)
@given(scenarios, st.lists(st.tuples(st.sampled_from("123"), st.integers(1, 3)), unique=True, max_size=6))
def test_a_replay_tells_the_same_story(text: str, requests: list[tuple[str, int]]) -> None:
    decider = Decider(scenario_file.load(text).scenario)
    told, answers = [], []
    for last, nth in requests:
        decision = decider.decide(Facts(to=f"sms:+1555010000{last}", body="[x]", nth=nth, now=NOW, seed=7))
        if decision.accepted:
            told.append(message(f"sms:+1555010000{last}", nth, *decision.steps))
        if decision.reply is not None:
            answers.append(Answered(recipient=f"+1555010000{last}", nth=nth, reply=decision.reply))
    again = Decider(scenario_file.load(scenario_file.replay(told, answers)).scenario)
    for each in told:
        found = again.decide(Facts(to=each.recipient, body="[x]", nth=each.nth, now=NOW))
        assert found.accepted
        assert found.steps == each.steps
    for answer in answers:
        found = again.decide(Facts(to=f"sms:{answer.recipient}", body="[x]", nth=answer.nth, now=NOW))
        assert found.reply == answer.reply
