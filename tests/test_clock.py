"""Instants and durations, as text and as numbers; the three ways a clock goes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import (
    EARLIEST,
    LATEST,
    Clock,
    ClockMode,
    format_duration,
    iso,
    parse_duration,
    parse_instant,
    wall,
)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("250ms", 250),
        ("2s", 2_000),
        ("1.5s", 1_500),
        ("5m", 300_000),
        ("72h", 259_200_000),
        ("1d", 86_400_000),
        ("1h30m", 5_400_000),
        ("1d2h3m4s5ms", 93_784_005),
        (" 1s ", 1_000),
        ("0s", 0),
        (0, 0),
        (2, 2_000),
        (0.25, 250),
        (0.0004, 0),
    ],
)
def test_a_duration_is_text_or_a_number_of_seconds(text: str | float, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


NO_TEXT = ["", "5", "s", "1 s", "-1s", "+1s", "1S", "1h-5m", "1e3s", "0x1s", "1w", "٣s", "1.s", ".5s", "9" * 30 + "s"]
NO_NUMBER = [-1, -0.001, math.nan, math.inf, True, 1e300]


@pytest.mark.parametrize("value", [*NO_TEXT, "9" * 15 + "d", *NO_NUMBER])
def test_anything_else_is_refused_with_a_sentence(value: str | float) -> None:
    with pytest.raises(ValueError, match=r"duration|too long"):
        parse_duration(value)


@given(st.integers(0, LATEST))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    text = format_duration(milliseconds)
    if len(text) <= 24:
        assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2019-07-04T07:02:28.000Z", 1_562_223_748_000),
        ("2019-07-04T07:02:28", 1_562_223_748_000),
        ("2019-07-04T09:02:28+02:00", 1_562_223_748_000),
        ("2019-07-04", 1_562_198_400_000),
        ("2019-07-04T07:02:28.0015Z", 1_562_223_748_002),
        ("2200-01-01T00:00:00Z", LATEST),
    ],
)
def test_an_instant_is_iso_8601(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "now", "1969-12-31", "2200-01-01T00:00:00.001Z", "2019-13-01", "0001-01-01T00:00+23:59"]
)
def test_what_is_no_instant_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an ISO 8601 time|is outside"):
        parse_instant(text)


@given(st.integers(EARLIEST, LATEST))
def test_an_instant_is_written_as_it_is_read(instant: int) -> None:
    assert parse_instant(iso(instant)) == instant


def test_a_manual_clock_stands_still_and_never_goes_back() -> None:
    clock = Clock(mode=ClockMode.MANUAL, instant=1_000)
    clock.move_to(5_000)
    clock.move_to(2_000)
    assert (clock.now(), clock.started) == (5_000, 1_000)


def test_a_real_clock_is_wall_time() -> None:
    before = wall()
    assert before <= Clock().now() <= wall()


def test_a_clock_that_is_switched_goes_on_and_never_back() -> None:
    ahead = wall() + 3_600_000
    clock = Clock(mode=ClockMode.MANUAL, instant=ahead)
    clock.switch(ClockMode.REAL)
    assert ahead <= clock.now() < ahead + 60_000
    clock.switch(ClockMode.INSTANT)
    assert ahead <= clock.now() < ahead + 60_000
    behind = Clock(mode=ClockMode.MANUAL, instant=1_000)
    behind.switch(ClockMode.REAL)
    assert behind.now() >= 1_000


def test_a_clock_set_to_an_instant_starts_afresh_there() -> None:
    clock = Clock(mode=ClockMode.MANUAL, instant=9_000_000)
    clock.switch(ClockMode.MANUAL, 5_000)
    assert (clock.now(), clock.started) == (5_000, 5_000)
    clock.switch(ClockMode.REAL, 1_000)
    assert clock.started == 1_000
    assert 1_000 <= clock.now() < 61_000
