"""Dates as the platform writes them."""

import pytest

from emulator.api.render import date


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (1_562_223_748_999, "Thu, 4 Jul 2019 07:02:28 +0000"),
        (1_582_977_599_000, "Sat, 29 Feb 2020 11:59:59 +0000"),
        (1_652_186_008_000, "Tue, 10 May 2022 12:33:28 +0000"),
        (4_102_444_799_000, "Thu, 31 Dec 2099 23:59:59 +0000"),
        (7_258_118_400_000, "Wed, 1 Jan 2200 00:00:00 +0000"),
    ],
)
def test_a_date_has_an_unpadded_day_and_no_fraction(instant: int, text: str) -> None:
    assert date(instant) == text
