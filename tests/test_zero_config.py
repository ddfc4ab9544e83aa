import pytest

from emulator.model import Status
from emulator.zero_config import fate


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
