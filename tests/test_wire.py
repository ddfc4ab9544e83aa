"""Reading and writing what every surface reads and writes."""

import json

import pytest

from emulator.errors import BadRequest
from emulator.wire import check_text, json_bytes, unknown_parameters, whole_number


def test_json_is_indented_by_two_spaces_and_keeps_text_as_it_is() -> None:
    assert json_bytes({"a": [1, "é😀"], "b": None}) == '{\n  "a": [\n    1,\n    "é😀"\n  ],\n  "b": null\n}'.encode()
    assert json.loads(json_bytes({"quote": '"\\\n\x7f'})) == {"quote": '"\\\n\x7f'}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", None),
        ("a" * 10, None),
        ("a" * 11, "it is longer than 10 characters"),
        ("a\x00", "it contains a NUL character"),
        ("\udfff", "it contains half of a surrogate pair, which is not text"),
        ("😀", None),
        (None, "it must be text, not null"),
        (False, "it must be text, not a boolean"),
        (1.5, "it must be text, not a number"),
        ([], "it must be text, not a list"),
        ({}, "it must be text, not an object"),
    ],
)
def test_text_is_checked_in_words(value: object, problem: str | None) -> None:
    assert check_text("it", value, limit=10) == problem


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("-5", -5), ("10", 10)])
def test_whole_numbers_are_read(text: str, number: int) -> None:
    assert whole_number("it", text, low=-5, high=10) == number


@pytest.mark.parametrize("text", ["", "-", "--1", "+1", "1 ", "1_0", "0x1", "１", "11", "-6", "9" * 5000])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^it must be "):
        whole_number("it", text, low=-5, high=10)


def test_unknown_parameters_are_few_short_and_ascii_in_a_header() -> None:
    assert unknown_parameters(["to"], ["to", "from"]) == ""
    assert unknown_parameters(["form", "ü\n"], ["to", "from"]) == (
        "ignored unknown parameters: 'form' (did you mean from?), '\\xfc\\n'"
    )
    many = unknown_parameters([f"{number}" * 1_000 for number in range(100)], ["to"])
    assert len(many) < 1_000
