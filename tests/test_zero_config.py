import re
from pathlib import Path

import pytest

from emulator import scenario_file
from emulator.conditions import Facts
from emulator.decision import Decider
from emulator.model import PLAINLY, Status, Step, Telling
from emulator.scenario import Fault, Scenario
from emulator.zero_config import fate

LOST = Telling(lost=True)
TWICE = Telling(times=2)


@pytest.mark.parametrize(
    ("number", "status", "error"),
    [
        ("+150055030003", Status.UNDELIVERED, "30003"),
        ("+150055000042", Status.UNDELIVERED, "00042"),
        ("+150055130007", Status.FAILED, "30007"),
    ],
)
def test_eight_characters_and_five_digits_of_a_code_end_with_that_code(number: str, status: Status, error: str) -> None:
    rule = fate(number)
    assert rule is not None
    assert isinstance(rule.then, tuple)
    assert (rule.then[-1].status, rule.then[-1].error) == (status, error)


def test_a_number_of_the_third_family_is_refused_with_its_code() -> None:
    rule = fate("+150055221211")
    assert rule is not None
    assert rule.reply is not None
    assert (rule.reply.status, rule.reply.code) == (400, 21211)


@pytest.mark.parametrize("number", ["+15005503000", "+1500550300030", "+15005599999", "+150055930003", "+15550100001"])
def test_a_number_of_another_length_or_family_is_like_any_other(number: str) -> None:
    assert fate(number) is None


@pytest.mark.parametrize(
    ("number", "steps"),
    [
        ("+15005590001", [(0, "sending", PLAINLY)]),
        ("+15005590002", [(0, "sending", PLAINLY), (100, "sent", PLAINLY)]),
        ("+15005590003", [(0, "sending", LOST), (100, "sent", LOST), (350, "delivered", LOST)]),
        (
            "+15005590004",
            [(0, "sending", Telling(late=700)), (100, "sent", Telling(late=400)), (350, "delivered", PLAINLY)],
        ),
        ("+15005590005", [(0, "sending", TWICE), (100, "sent", TWICE), (350, "delivered", TWICE)]),
        ("+15005590006", []),
        ("+15005590007", [(0, "sending", PLAINLY), (100, "sent", PLAINLY), (350, "delivered", PLAINLY)]),
        (
            "+15005590008",
            [(0, "sending", PLAINLY), (100, "sent", PLAINLY), (350, "delivered", PLAINLY), (850, "got it?", PLAINLY)],
        ),
    ],
)
def test_the_fate_of_each_special_number(number: str, steps: list[tuple[int, str, Telling]]) -> None:
    found = Decider(Scenario()).decide(Facts(to=f"sms:{number}", body="got it?"))
    assert [(step.due, step.status or step.replies, step.callback) for step in found.steps] == steps
    assert found.rule == f"number {number}"


@pytest.mark.parametrize(
    ("number", "fault", "accepted"), [("+15005590006", Fault.RESET, False), ("+15005590007", Fault.HANG, True)]
)
def test_two_special_numbers_are_faults_on_the_wire(number: str, fault: Fault, accepted: bool) -> None:
    found = Decider(Scenario()).decide(Facts(to=f"mms:{number}"))
    assert found.reply is not None
    assert (found.reply.fault, found.accepted) == (fault, accepted)


def test_a_rule_comes_before_the_fate_of_a_number() -> None:
    text = 'version: 1\nrules: [{name: mine, when: {to: "+15005590001"}, then: [failed]}]'
    found = Decider(scenario_file.load(text).scenario).decide(Facts(to="sms:+15005590001"))
    assert (found.rule, found.steps) == ("mine", (Step(due=0, status=Status.FAILED),))


def test_the_reference_tells_of_these_numbers() -> None:
    reference = (Path(__file__).parent.parent / "scenarios" / "README.md").read_text("utf-8")
    told = re.findall(r"^\| `(\+1500[0-9N]+)` \|", reference, re.MULTILINE)
    assert [number.replace("NNNNN", "30003") for number in told if fate(number.replace("NNNNN", "30003")) is None] == []
    assert len(told) == 11
