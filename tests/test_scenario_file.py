import re
from pathlib import Path

import pytest

from emulator import scenario_file
from emulator.clock import ClockMode
from emulator.errors import BadScenario, Problem
from emulator.model import Status
from emulator.scenario import (
    CallbackPolicy,
    CallbackWords,
    Delay,
    DelayShape,
    Fault,
    InboundRule,
    Mix,
    NumberBinding,
    Reply,
    Retry,
    Scenario,
    ScriptStep,
)

TABLE = (Path(__file__).parent / "problems.txt").read_text("utf-8")
CASE = re.compile(r"((?:^[^ #\n].*\n)+)((?:^    .*\n)*)", re.MULTILINE)
CASES = [(text, [line.strip() for line in told.splitlines()]) for text, told in CASE.findall(TABLE)]


def problems(text: str | bytes, name: str = "scenario") -> tuple[Problem, ...]:
    """What is told of a scenario, whether or not it loads."""
    try:
        return scenario_file.load(text, name=name).warnings
    except BadScenario as error:
        return error.problems


def lines(found: tuple[Problem, ...]) -> list[str]:
    return [
        f"{each.line}:{each.column} {each.level} {each.path}: {each.message}; {each.remedy}".rstrip() for each in found
    ]


def rule(text: str) -> Scenario:
    return scenario_file.load(f"version: 1\nrules:\n- {text}\n").scenario


def steps(text: str) -> object:
    return rule(f"then: [{text}]").rules[0].then


def test_the_table_of_problems_is_read_whole() -> None:
    assert len(CASES) == TABLE.count("\n\n") - TABLE.count("\n# ")


@pytest.mark.parametrize(("text", "told"), CASES, ids=[text.strip()[:60] for text, _ in CASES])
def test_each_problem_is_told_with_its_place_and_remedy(text: str, told: list[str]) -> None:
    assert lines(problems(f"version: 1\n{text}")) == told


def test_every_problem_of_a_file_is_told_at_once_in_the_order_of_the_text() -> None:
    text = """\
version: 2
rules:
  - name: one
    when: {too: "+15550100001"}
    then: [sent, snt]
  - name: one
    reply: 99
"""
    assert [(each.line, each.column, each.message) for each in problems(text)] == [
        (1, 10, "version '2' is not known"),
        (4, 12, "unknown key 'too' in when"),
        (5, 18, "'snt' is not a status"),
        (6, 11, "the name 'one' is taken"),
        (7, 12, "'99' is not an HTTP status"),
    ]


def test_warnings_are_told_beside_errors_and_the_error_names_the_first_of_these() -> None:
    text = "version: 1\nrules:\n- then: [delivered, failed]\n- {when: {nth: 1}}\n- reply: 99\n"
    with pytest.raises(BadScenario) as caught:
        scenario_file.load(text)
    assert [each.level for each in caught.value.problems] == ["warning", "warning", "error"]
    assert str(caught.value) == "the scenario has errors: line 5: '99' is not an HTTP status (and 2 more)"


def test_columns_are_counted_in_characters() -> None:
    assert [(each.line, each.column) for each in problems("version: 1\nrules: [{name: 'é😀', then: [snt]}]")] == [
        (2, 29)
    ]


def test_a_rule_that_could_not_be_read_hides_no_other() -> None:
    text = "version: 1\nrules:\n- {whn: {nth: 1}}\n- {when: {nth: one}}\n- {when: {nth: 2}}\n"
    assert [each.message for each in problems(text)] == [
        "unknown key 'whn' in a rule",
        "'one' is not a number or a range",
    ]


def test_the_least_scenario_is_its_version() -> None:
    assert scenario_file.load("version: 1\n") == scenario_file.load(b"\xef\xbb\xbfversion: 1\n")
    assert scenario_file.load("version: 1\n").scenario == Scenario()


def test_settings_are_read() -> None:
    text = """\
version: 1
seed: 42
clock: manual
list: all
callback:
  timeout: 5s
  retry: {times: 4, first: 1s, factor: 1.5, on: [connect, 4xx]}
channels:
  sms: {media: yes}
timelines:
  happy: [sent]
  slow: [sent, delivered after 1h]
inbound:
  - set: stopped
numbers:
  - {number: "+15550100009", friendly_name: Shop, sms_url: http://127.0.0.1/sms, sms_method: GET}
"""
    assert scenario_file.load(text).scenario == Scenario(
        seed=42,
        clock=ClockMode.MANUAL,
        list_all=True,
        callback=CallbackPolicy(
            timeout=5_000, retry=Retry(times=4, first=1_000, factor=1.5, on=frozenset({"connect", "4xx"}))
        ),
        carries_media={"sms": True, "mms": True},
        timelines={
            "happy": (ScriptStep(status=Status.SENT),),
            "slow": (
                ScriptStep(status=Status.SENT),
                ScriptStep(status=Status.DELIVERED, after=Delay(low=3_600_000, text="1h")),
            ),
        },
        inbound=(InboundRule(set="stopped"),),
        numbers=(
            NumberBinding(
                number="+15550100009", friendly_name="Shop", sms_url="http://127.0.0.1/sms", sms_method="GET"
            ),
        ),
        text=text,
    )


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("{}", CallbackPolicy()),
        ("{retry: none}", CallbackPolicy()),
        ("{timeout: 250ms}", CallbackPolicy(timeout=250)),
        ("{retry: {times: 2}}", CallbackPolicy(retry=Retry(times=2))),
        ("{retry: {times: 2, on: 5xx}}", CallbackPolicy(retry=Retry(times=2, on=frozenset({"5xx"})))),
    ],
)
def test_callback_defaults(text: str, policy: CallbackPolicy) -> None:
    assert scenario_file.load(f"version: 1\ncallback: {text}").scenario.callback == policy


LATE = CallbackWords(late=Delay(low=5_000, text="5s"))


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("sending", ScriptStep(status=Status.SENDING)),
        ("  sent   after  2s ", ScriptStep(status=Status.SENT, after=Delay(low=2_000, text="2s"))),
        ("{status: sent, after: 2s}", ScriptStep(status=Status.SENT, after=Delay(low=2_000, text="2s"))),
        ("sent at 1h30m", ScriptStep(status=Status.SENT, at=Delay(low=5_400_000, text="1h30m"))),
        (
            "sent after 1s..3s",
            ScriptStep(status=Status.SENT, after=Delay(shape=DelayShape.UNIFORM, low=1_000, high=3_000, text="1s..3s")),
        ),
        (
            "sent after ~2s",
            ScriptStep(status=Status.SENT, after=Delay(shape=DelayShape.LOGNORMAL, low=2_000, high=8_000, text="~2s")),
        ),
        (
            "sent after ~2s..20s",
            ScriptStep(
                status=Status.SENT, after=Delay(shape=DelayShape.LOGNORMAL, low=2_000, high=20_000, text="~2s..20s")
            ),
        ),
        ("failed error 30003", ScriptStep(status=Status.FAILED, error="30003")),
        ("failed error 30003 after 0s", ScriptStep(status=Status.FAILED, error="30003", after=Delay(low=0, text="0s"))),
        ("sent callback lost", ScriptStep(status=Status.SENT, callback=CallbackWords(lost=True))),
        ("sent callback late 5s", ScriptStep(status=Status.SENT, callback=LATE)),
        ("{status: sent, callback: late 5s}", ScriptStep(status=Status.SENT, callback=LATE)),
        ("{status: sent, callback: [late 5s]}", ScriptStep(status=Status.SENT, callback=LATE)),
        ("{status: sent, callback: {late: 5s, lost: no}}", ScriptStep(status=Status.SENT, callback=LATE)),
        (
            "sent callback x3 gap 50ms callback forged callback garbled",
            ScriptStep(
                status=Status.SENT,
                callback=CallbackWords(times=3, gap=Delay(low=50, text="50ms"), forged=True, garbled=True),
            ),
        ),
        ("sending callback first", ScriptStep(status=Status.SENDING, callback=CallbackWords(first=True))),
        ("replies STOP", ScriptStep(replies="STOP")),
        ('replies "STOP" after 20s', ScriptStep(replies="STOP", after=Delay(low=20_000, text="20s"))),
        (r"""'replies "a \"b\", \\ c\nd"'""", ScriptStep(replies='a "b", \\ c\nd')),
        ('{replies: "a, b"}', ScriptStep(replies="a, b")),
    ],
)
def test_steps_in_one_line_and_as_mappings(text: str, step: ScriptStep) -> None:
    assert steps(text) == (step,)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("503", Reply(status=503)),
        ("reset", Reply(fault=Fault.RESET)),
        ("hang", Reply(fault=Fault.HANG, hang=30_000)),
        ("{fault: hang, for: 2s, accept: yes}", Reply(fault=Fault.HANG, hang=2_000, accept=True)),
        ("{status: 503, accept: true}", Reply(status=503, accept=True)),
        ("{after: 3s}", Reply(after=Delay(low=3_000, text="3s"))),
        ("{headers: {X-A: b}}", Reply(headers=(("X-A", "b"),))),
        (
            '{status: 400, code: 21211, message: "no: such", headers: {Retry-After: 1}, after: 3s}',
            Reply(
                status=400,
                code=21211,
                message="no: such",
                headers=(("Retry-After", "1"),),
                after=Delay(low=3_000, text="3s"),
            ),
        ),
    ],
)
def test_replies(text: str, reply: Reply) -> None:
    assert rule(f"reply: {text}").rules[0].reply == reply


def test_a_mix_takes_lists_and_names() -> None:
    then = rule("then: {mix: [{2%: [failed]}, {0.5%: []}, {rest: happy}]}").rules[0].then
    assert then == Mix(((0.02, (ScriptStep(status=Status.FAILED),)), (0.005, ()), (None, "happy")))


def test_a_timeline_may_be_used_above_its_definition() -> None:
    text = "version: 1\nrules: [{then: slow}]\ntimelines: {slow: [sent]}"
    assert scenario_file.load(text).scenario.rules[0].then == "slow"


def test_rules_without_a_name_are_called_after_their_place() -> None:
    text = "version: 1\nrules: [{when: {nth: 1}}, {name: two, when: {nth: 2}}, {}]"
    assert [each.name for each in scenario_file.load(text).scenario.rules] == ["rule 1", "two", "rule 3"]


def test_json_is_read_too_also_what_it_writes_as_two_escapes() -> None:
    text = '{\n\t"version": 1,\n\t"rules": [{"name": "\\ud83d\\ude00 \\\\ud83d \\u00e9", "reply": {"status": 503}}]\n}'
    found = scenario_file.load(text.encode()).scenario.rules[0]
    assert (found.name, found.reply, found.line) == ("😀 \\ud83d é", Reply(status=503), 3)


def test_values_are_text_whatever_yaml_would_make_of_them() -> None:
    text = "version: 1\nrules: [{when: {to: +15550100001, body: [on, 0777, 22:00, ~]}}]"
    condition = scenario_file.load(text).scenario.rules[0].when
    assert [each.expected for each in condition] == ["+15550100001", "any of on, 0777, 22:00, ~"]


def test_a_problem_on_one_line() -> None:
    problem = Problem("what is wrong", remedy="what to do", line=3, column=4)
    assert scenario_file.describe(problem, Path("x.yaml")) == "x.yaml:3:4: error: what is wrong; what to do"
