"""What the first line of each example claims, and that each block of the language's reference is right."""

import re
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from emulator import scenario_file
from emulator.conditions import Facts
from emulator.decision import Decider, Decision
from emulator.errors import BadScenario
from emulator.model import Status, Step, Telling
from emulator.scenario import Fault, NumberBinding, Reply

FOLDER = Path(__file__).parent.parent / "scenarios"
REFERENCE = (FOLDER / "README.md").read_text("utf-8")
HOUR = 3_600_000
DAY = 24 * HOUR


def decider(name: str) -> Decider:
    return Decider(scenario_file.load((FOLDER / f"{name}.yaml").read_bytes()).scenario)


def send(decider: Decider, **facts: object) -> Decision:
    return decider.decide(replace(Facts(to="sms:+15550100001", sender="sms:+15550109999"), **facts))


def story(steps: tuple[Step, ...]) -> list[tuple[int, Status | str | None]]:
    return [(step.due, step.status or step.replies) for step in steps]


def test_bad_day() -> None:
    day = decider("bad-day")
    fates = {number: send(day, to=f"sms:+44{number:010}", seed=2024).steps for number in range(10_000)}
    endings = Counter((steps[-1].status, steps[-1].error) for steps in fates.values())
    assert endings == {
        (Status.DELIVERED, None): 9_284,
        (Status.UNDELIVERED, 30008): 513,
        (Status.FAILED, 30001): 203,
    }
    again = decider("bad-day")
    assert all(send(again, to=f"sms:+44{number:010}", seed=2024).steps == steps for number, steps in fates.items())


def test_carrier_rules() -> None:
    carrier = decider("carrier-rules")
    assert send(carrier, segments=3).accepted
    assert send(carrier, segments=4).reply == Reply(status=400, code=21617, message="The text is too long")
    sale = {"body": "Big SALE today", "now": 23 * HOUR}
    assert story(send(carrier, **sale).steps)[-1] == (23 * HOUR + 1_000, Status.FAILED)
    assert send(carrier, **{**sale, "now": 7 * HOUR}).rule is None
    assert send(carrier, **{**sale, "sender": "sms:+15550101000"}).rule is None
    assert send(carrier, body="20% off!", sender="sms:Shop", now=DAY + HOUR).rule == "advertising at night"
    picture = ("http://127.0.0.1/a.png",)
    assert send(carrier, media=picture).steps[-1].error == 1002
    assert send(carrier, media=picture, to="mms:+15550100001").steps[-1].status is Status.DELIVERED


def test_conversation() -> None:
    talk = decider("conversation")
    assert story(send(talk, body="Your code is 493021", now=5).steps)[-1] == (9_205, "493021")
    assert send(talk, nth=3).steps[-1].replies == "STOP"
    assert talk.handset_state(Facts(body="STOP")) == "stopped"
    assert send(talk, nth=4, state="stopped").reply == Reply(status=400, code=21610)
    assert talk.handset_state(Facts(body="Start")) == "none"
    assert story(send(talk, to="sms:+8821610000001").steps) == [(1_000, Status.SENT), (3 * DAY, Status.DELIVERED)]
    assert talk.scenario.clock == "manual"


def test_failing_api() -> None:
    api = decider("failing-api")
    assert [send(api, to=f"sms:+1555010000{n}").rule for n in range(6)] == [None] * 5 + ["too fast"]
    assert send(api, to="sms:+15550200001", now=2_000).reply == Reply(fault=Fault.RESET)
    second = send(api, to="sms:+15550200001", now=3_000, nth=2)
    assert (second.reply, second.accepted) == (Reply(fault=Fault.HANG, hang=30_000, accept=True), True)
    assert story(second.steps)[-1] == (3_350, Status.DELIVERED)
    assert api.decide(Facts(request="list", now=HOUR)).reply == Reply(status=503)


def test_late_report() -> None:
    late = decider("late-report")
    assert story(send(late, to="sms:+8821610000001").steps)[-1] == (3 * DAY, Status.DELIVERED)
    assert late.scenario.clock == "manual"


def test_lost_and_doubled() -> None:
    lying = decider("lost-and-doubled")
    steps = {word: send(lying, body=f"hello [{word}]").steps for word in ("lost", "doubled", "overtaken")}
    assert all(story(each)[-1] == (1_100, Status.DELIVERED) for each in steps.values())
    assert steps["lost"][-1].callback == Telling(lost=True)
    assert steps["doubled"][-1].callback == Telling(times=2, gap=50)
    assert [step.due + step.callback.late for step in steps["overtaken"]] == [0, 5_100, 1_100]


def test_lost_answer() -> None:
    lost = decider("lost-answer")
    first, second = send(lost, nth=1), send(lost, nth=2)
    assert first.reply == Reply(fault=Fault.RESET, accept=True)
    assert second.reply is None
    assert story(first.steps) == story(second.steps) == [(0, "sending"), (100, "sent"), (350, "delivered")]


def test_lying_callbacks() -> None:
    lying = decider("lying-callbacks")
    scrambled = send(lying, body="hello [scramble]").steps
    assert story(scrambled) == [(0, Status.SENDING), (200, Status.SENT), (1_200, Status.DELIVERED)]
    assert [step.callback for step in scrambled] == [Telling(first=True), Telling(late=5_000), Telling(times=2, gap=50)]
    assert send(lying, body="[silence]").steps[-1].callback == Telling(lost=True)
    assert story(send(lying, body="[contradict]").steps)[1:] == [(1_200, "delivered"), (2_200, "undelivered")]


def test_magic_numbers() -> None:
    magic = decider("magic-numbers")
    assert [send(magic, to=f"sms:+150051{code}").steps[-1].error for code in ("30003", "00007")] == [30003, 7]
    assert story(send(magic, to="sms:+15550100003").steps)[-1] == (2_150, Status.UNDELIVERED)
    assert send(magic, to="sms:+1500513000").rule is None


def test_numbers() -> None:
    assert decider("numbers").scenario.numbers == (
        NumberBinding(
            number="+15550001111",
            friendly_name="Customer service",
            sms_url="http://127.0.0.1:5000/sms",
            sms_fallback_url="http://127.0.0.1:5000/fallback",
        ),
    )


def test_opt_out() -> None:
    texts = decider("opt-out")
    assert [texts.handset_state(Facts(body=body)) for body in (" Stop ", "please stop", "START")] == [
        "stopped",
        None,
        "none",
    ]
    assert not send(texts, state="stopped").accepted
    assert send(texts, state="none").accepted


def test_otp() -> None:
    codes = decider("otp")
    steps = [send(codes, to=f"sms:+1555{n:07}", body="Your code is 493021").steps[-1] for n in range(1_000)]
    assert Counter(step.replies for step in steps) == {"493021": 900, "000000": 100}
    assert 6_200 <= min(step.due for step in steps) < max(step.due for step in steps) <= 26_200


def test_outage() -> None:
    broken = decider("outage")
    requests = ("send", "fetch", "list")
    answers = [broken.decide(Facts(request=each, mode="outage")).reply for each in requests]
    assert [answer and answer.status for answer in answers] == [503, 503, 503]
    assert [3_000 <= broken.decide(Facts(request=each, mode="slow")).reply_after <= 8_000 for each in requests] == [
        False,
        True,
        True,
    ]
    assert [send(broken, now=now).accepted for now in (HOUR - 1, HOUR, HOUR + 599_999, HOUR + 600_000)] == [
        True,
        False,
        False,
        True,
    ]


def test_rate_limit() -> None:
    limit = decider("rate-limit")
    answers = [send(limit, sender=sender).reply for sender in ["sms:+15550100009"] * 6 + ["sms:+15550100008"]]
    assert [answer is None for answer in answers] == [True] * 5 + [False, True]
    assert answers[5] == Reply(status=429, code=20429, message="Too many requests", headers=(("Retry-After", "1"),))
    assert send(limit, sender="sms:+15550100009", now=1_000).reply is None


def test_retries() -> None:
    retry = decider("retries").scenario.callback.retry
    assert retry is not None
    assert [retry.delay(attempt) for attempt in range(1, retry.times + 1)] == [5_000, 10_000, 20_000, 40_000]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_claims_something_that_a_test_checks(path: Path) -> None:
    claim, second, *_ = path.read_text("utf-8").splitlines()
    assert re.fullmatch(r"# [a-z].{30,110}", claim)
    assert second == "version: 1"
    assert f"test_{path.stem.replace('-', '_')}" in globals()
    warnings = scenario_file.load(path.read_bytes()).warnings
    assert [each.message for each in warnings] == (
        ["two endings: undelivered comes after delivered"] if path.stem == "lying-callbacks" else []
    )


BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)
MISTAKE = re.search(r"^```yaml mistake\n(.*?)^```$.*^```text mistake\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS)
def test_every_block_of_the_reference_is_a_scenario_without_a_warning(text: str) -> None:
    whole = text if text.startswith(("version:", "#")) else f"version: 1\n{text}"
    assert scenario_file.load(whole).warnings == ()


def test_what_the_reference_says_of_mistakes_is_what_is_told() -> None:
    assert MISTAKE is not None
    with pytest.raises(BadScenario) as caught:
        scenario_file.load(MISTAKE[1])
    assert [scenario_file.describe(each, "scenario.yaml") for each in caught.value.problems] == MISTAKE[2].splitlines()


def test_the_file_that_says_what_holds_without_it_is_right() -> None:
    said, nothing = (scenario_file.load(text).scenario for text in (BLOCKS[1], "version: 1"))
    assert replace(said, text="", seed=None, clock=None, timelines={}) == replace(nothing, text="", timelines={})
    facts = Facts(to="sms:+15550100001")
    assert Decider(said).decide(facts) == Decider(nothing).decide(facts)


def test_the_two_forms_of_steps_in_the_reference_say_the_same() -> None:
    (block,) = [text for text in BLOCKS if "callback: {times: 2" in text]
    one_line, mapping = scenario_file.load(f"version: 1\n{block}").scenario.rules
    assert one_line.then == mapping.then


def test_the_reference_names_every_example() -> None:
    linked = re.findall(r"^\| \[.*\]\((.*\.yaml)\) \| (.*) \|$", REFERENCE, re.MULTILINE)
    first = {path.name: path.read_text("utf-8").splitlines()[0] for path in FOLDER.glob("*.yaml")}
    assert {name: f"# {claim}" for name, claim in linked} == first
