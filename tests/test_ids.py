"""SIDs and draws: random when nobody chose a seed, otherwise the same for ever."""

import re

from emulator.ids import draw, random_sid, random_token, seeded_sid


def test_sids_have_the_platforms_shape() -> None:
    assert re.fullmatch(r"SM[0-9a-f]{32}", random_sid("SM"))
    assert re.fullmatch(r"PN[0-9a-f]{32}", seeded_sid("PN", 1))
    assert re.fullmatch(r"[0-9a-f]{32}", random_token())
    assert random_sid("SM") != random_sid("SM")


def test_a_seeded_sid_is_the_same_in_every_release() -> None:
    assert seeded_sid("SM", 42, "sms:+15550100001", 1) == "SMa5680ed01d65104c1c9e08e7a3ed3586"
    assert seeded_sid("SM", 42, "sms:+15550100001", 2) != seeded_sid("SM", 42, "sms:+15550100001", 1)
    assert seeded_sid("AC", 42) != seeded_sid("SM", 42)


def test_a_draw_is_the_same_in_every_release() -> None:
    assert draw(42, "sms:+15550100001", 1, "bad day", 0) == 0.7396348361628622


def test_parts_of_a_key_are_kept_apart() -> None:
    assert draw("a", "bc") != draw("ab", "c")
    assert draw(1, "") != draw("", 1)


def test_draws_spread_evenly_below_one() -> None:
    draws = [draw("spread", number) for number in range(10_000)]
    assert all(0 <= each < 1 for each in draws)
    shares = [sum(low / 10 <= each < (low + 1) / 10 for each in draws) for low in range(10)]
    assert min(shares) > 900
    assert max(shares) < 1_100


def test_any_text_can_be_a_key() -> None:
    assert draw("\ud800", None, 1.5) == draw("\ud800", None, 1.5)
