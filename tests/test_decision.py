from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import scenario_file
from emulator.conditions import Facts, Trial
from emulator.decision import NOTHING_SPECIAL, Decider, Tried
from emulator.ids import draw
from emulator.model import Status, Step, Telling
from emulator.rule_index import INDEXED_ABOVE, RuleIndex
from emulator.scenario import Reply, Scenario
from tests.scenarios import rules, scenarios

HOUR = 3_600_000


def decider(text: str) -> Decider:
    return Decider(scenario_file.load(f"version: 1\n{text}").scenario)


def to(last: int, **facts: Any) -> Facts:
    return Facts(to=f"sms:+1555010{last:04}", **facts)


HAPPY = (
    Step(due=0, status=Status.SENDING),
    Step(due=100, status=Status.SENT),
    Step(due=350, status=Status.DELIVERED),
)


def test_a_message_without_a_rule_is_happy() -> None:
    found = Decider(Scenario()).decide(to(1))
    assert (found.rule, found.reply, found.steps, found.accepted) == (None, None, HAPPY, True)


def test_a_message_of_a_rule_that_says_nothing_is_happy_too() -> None:
    found = decider("rules: [{name: seen}]").decide(to(1))
    assert (found.rule, found.steps) == ("seen", HAPPY)


def test_the_first_rule_that_matches_decides() -> None:
    found = decider("rules: [{name: a, when: {nth: 2}}, {name: b, when: {nth: 1}}, {name: c}]").decide(to(1))
    assert found.rule == "b"


def test_steps_are_due_from_acceptance_or_from_the_step_before_and_in_order() -> None:
    found = decider("rules: [{then: [sent after 1s, delivered at 5s, failed after 1s error 30001, undelivered at 2s]}]")
    assert [(step.due, step.status) for step in found.decide(to(1, now=10_000)).steps] == [
        (11_000, Status.SENT),
        (12_000, Status.UNDELIVERED),
        (15_000, Status.DELIVERED),
        (16_000, Status.FAILED),
    ]


def test_callback_words_become_durations_that_belong_to_the_message() -> None:
    found = decider("rules: [{then: [sending callback first, sent callback late 1s..9s callback x2 gap 50ms]}]")
    one, same, other = (found.decide(to(number)).steps for number in (1, 1, 2))
    assert one[0].callback == Telling(first=True)
    assert 1_000 <= one[1].callback.late <= 9_000
    assert (one[1].callback.times, one[1].callback.gap) == (2, 50)
    assert one == same
    assert one[1].callback.late != other[1].callback.late


def test_captures_fill_in_replies_and_error_codes() -> None:
    text = r"""
rules:
  - when: {to: '/^\+1555(?P<code>\d+)$/', body: '/(?P<otp>\d{4})|(?P<word>x)/'}
    then: ['replies "${otp}-${word}"', 'failed error ${code}']
"""
    assert decider(text).decide(Facts(to="sms:+15550030003", body="a 1234")).steps == (
        Step(due=0, replies="1234-"),
        Step(due=0, status=Status.FAILED, error=30003),
    )


def test_a_captured_text_that_is_no_code_is_the_unknown_error() -> None:
    found = decider("rules: [{when: {body: '/^(?P<code>.*)$/'}, then: ['failed error ${code}']}]")
    assert [found.decide(to(1, body=body)).steps[0].error for body in ("30003", "", "٣", "9" * 10)] == [
        30003,
        30008,
        30008,
        30008,
    ]


def test_a_refused_request_has_no_timeline_but_may_set_the_handsets_state() -> None:
    found = decider("rules: [{reply: {status: 400, code: 21610, after: 1s..2s}, set: gone}]").decide(to(1))
    assert (found.accepted, found.steps, found.set) == (False, (), "gone")
    assert 1_000 <= found.reply_after <= 2_000


def test_what_the_channel_cannot_carry_fails_whatever_the_rule_says() -> None:
    found = decider("rules: [{then: [sent, delivered after 9s]}]").decide(to(1, media=("http://a/",)))
    assert found.steps == (
        Step(due=0, status=Status.SENDING),
        Step(due=100, status=Status.FAILED, error=1002),
    )
    assert decider("channels: {sms: {media: yes}}").decide(to(1, media=("http://a/",))).steps == HAPPY


def test_a_mix_splits_recipients_by_share_and_leaves_the_rest_happy() -> None:
    mixed = decider("rules: [{name: m, then: {mix: [{20%: [failed]}, {30%: [sent]}]}}]")
    endings = [mixed.decide(to(number)).steps[-1].status for number in range(2_000)]
    assert 350 < endings.count(Status.FAILED) < 450
    assert 550 < endings.count(Status.SENT) < 650
    assert endings.count(Status.DELIVERED) == 2_000 - endings.count(Status.FAILED) - endings.count(Status.SENT)


def test_rates_are_counted_only_for_requests_that_the_rest_of_the_rule_is_about() -> None:
    limited = decider("rules: [{name: busy, when: {over: 1/s per account, body: x}, reply: 429}]")
    found = [limited.decide(to(number, body=body)).rule for number, body in enumerate(["x", "y", "y", "x", "y"])]
    assert found == [None, None, None, "busy", None]


def test_reads_are_decided_by_rules_about_them_and_by_nothing_else() -> None:
    reads = decider("rules: [{name: any, when: {request: any, mode: down}, reply: 503}, {name: sends, reply: 501}]")
    assert reads.decide(Facts(request="list", mode="down")).reply == Reply(status=503)
    assert reads.decide(Facts(request="fetch", to="sms:+150055030003")) == NOTHING_SPECIAL
    assert [reads.watches(request) for request in ("send", "fetch", "list")] == [True, True, True]
    assert not decider("rules: [{}]").watches("fetch")


def test_inbound_rules_say_what_a_text_does_to_a_handset() -> None:
    texts = decider("inbound: [{when: {state: stopped, body: START}, set: none}, {when: {to: '+1*'}, set: seen}]")
    assert texts.handset_state(Facts(sender="sms:+44", to="sms:+15550100001", body="START", state="stopped")) == "none"
    assert texts.handset_state(Facts(sender="sms:+44", to="sms:+15550100001", body="START")) == "seen"
    assert texts.handset_state(Facts(sender="sms:+44", to="sms:+4915550100001")) is None


def test_an_explanation_names_each_rule_and_the_first_condition_that_failed() -> None:
    text = """
rules:
  - {name: roaming, when: {nth: 1, to: "+88*"}}
  - {name: too fast, when: {over: 5/s per from}, reply: 429}
  - {name: third, when: {nth: 3}}
  - {name: never looked at}
"""
    found = decider(text)
    facts = to(1, nth=3)
    tried = [
        Tried(rule="roaming", matched=False, condition="nth", expected="1", actual="3"),
        Tried(rule="too fast", matched=False, condition="over", expected="over 5/s per from", actual="within the rate"),
        Tried(rule="third", matched=True),
    ]
    assert found.explain(facts, found.decide(facts).rule) == tried
    assert Decider(Scenario()).explain(facts, None) == [Tried(rule="happy", matched=True)]


def test_ten_thousand_requests_meet_the_same_fates_in_whatever_order_they_arrive() -> None:
    text = """
seed: 7
rules:
  - {name: unlucky, when: {chance: 3%}, reply: 503}
  - {name: slow, when: {to: "*7", nth: 1}, then: [sent after 1s..9s, delivered after ~2s..20s callback late ~1s]}
  - name: mixed
    then: {mix: [{10%: [failed after ~300ms error 30001]}, {rest: [sent after ~1s, delivered after ~2s]}]}
"""
    requests = [to(number, nth=nth, seed=7, now=HOUR) for number in range(5_000) for nth in (1, 2)]
    one, other = decider(text), decider(text)
    fates = {(facts.to, facts.nth): one.decide(facts) for facts in requests}
    shuffled = sorted(requests, key=lambda facts: draw("another order", facts.to, facts.nth))
    assert shuffled != requests
    assert {(facts.to, facts.nth): other.decide(facts) for facts in shuffled} == fates
    assert {fate.rule for fate in fates.values()} == {"unlucky", "slow", "mixed"}


def test_another_text_or_sender_changes_no_draw_and_another_seed_does() -> None:
    mixed = decider("rules: [{then: [sent after 0s..1h]}]")
    one = mixed.decide(to(1, body="Your code is 111111", sender="sms:A")).steps
    assert mixed.decide(to(1, body="Your code is 222222", sender="sms:B", segments=2)).steps == one
    assert mixed.decide(to(1, seed=1)).steps != one


numbers = st.integers(1, 6)
requests = st.builds(
    Facts,
    to=numbers.map("sms:+1555010000{}".format) | numbers.map("mms:+1555010000{}".format),
    sender=st.sampled_from(("sms:Acme", "sms:+15550100001", "mms:+15550100002")),
    body=st.sampled_from(("", "x", "say [x] now", "STOP", "+15550100001", "é 😀")) | st.text(max_size=5),
    media=st.just(()) | st.just(("http://a/[x]",)),
    segments=st.integers(1, 3),
    nth=st.integers(1, 6),
    state=st.sampled_from(("none", "stopped", "gone")),
    now=st.sampled_from((0, 2 * HOUR, 23 * HOUR)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rules, min_size=INDEXED_ABOVE + 1, max_size=40), st.lists(requests, min_size=1, max_size=10))
def test_the_index_of_rules_decides_as_trying_each_does(some: list[str], asked: list[Facts]) -> None:
    scenario = scenario_file.load(f"version: 1\ntimelines: {{slow: [sent]}}\nrules:\n{''.join(some)}").scenario
    index = RuleIndex(scenario.rules)
    for facts in asked:
        tried = [rule for rule in scenario.rules if rule.first_difference(Trial(facts, rule.name, None)) is None]
        found = [
            rule for rule in index.candidates(facts) if rule.first_difference(Trial(facts, rule.name, None)) is None
        ]
        assert found == tried
        assert len({rule.name for rule in index.candidates(facts)}) == len(list(index.candidates(facts)))


@settings(max_examples=40, deadline=None)
@given(scenarios, rules, st.lists(requests, min_size=1, max_size=10))
def test_a_rule_below_changes_nothing_above(text: str, rule: str, asked: list[Facts]) -> None:
    before, after = (Decider(scenario_file.load(each).scenario) for each in (text, text + rule))
    for facts in asked:
        found = before.decide(facts)
        if found.rule is not None and found.rule.startswith("rule "):
            assert after.decide(facts) == found
