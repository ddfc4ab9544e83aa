import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.conditions import (
    BUCKETS_LIMIT,
    BetweenCondition,
    Buckets,
    ChanceCondition,
    Condition,
    CountCondition,
    DuringCondition,
    Facts,
    OverCondition,
    TextCondition,
    Trial,
    WordCondition,
)
from emulator.patterns import AnyOf, Glob, Not, Pattern, compile_regex, literals, pattern

HOUR = 3_600_000


def holds(condition: Condition, facts: Facts, buckets: Buckets | None = None) -> bool:
    return condition.holds(Trial(facts, "rule", buckets))


@pytest.mark.parametrize(
    ("glob", "text", "found"),
    [
        ("", "", True),
        ("", "x", False),
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("*", "", True),
        ("*", "any\nthing", True),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*b*", "abc", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("*ab*ab*", "ab", False),
        ("a**c", "abc", True),
        ("[x]?.", "[x]?.", True),
        ("é*😀", "é 😀", True),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(glob: str, text: str, found: bool) -> None:
    assert pattern(glob).found((text,), {}) is found


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_globs_match_as_the_same_regular_expression(glob: str, text: str) -> None:
    same = compile_regex("(?s)^" + ".*".join(glob.split("*")) + "$")
    assert Glob(glob).found((text,), {}) is same.found((text,), {})


@pytest.mark.parametrize(
    ("written", "text", "captures"),
    [
        ("/b+/", "abbc", {}),
        ("/^B/i", "bc", {}),
        (r"/code is (?P<otp>\d{6})/", "Your code is 493021.", {"otp": "493021"}),
        ("/(?P<a>x)|(?P<b>y)/", "y", {"b": "y"}),
        ("/a\\/b/", "a/b", {}),
        ("//", "", {}),
    ],
)
def test_an_expression_is_found_anywhere_and_captures_names(written: str, text: str, captures: dict[str, str]) -> None:
    found: dict[str, str] = {}
    assert pattern(written).found((text,), found)
    assert found == captures


@pytest.mark.parametrize("written", ["/", "/a", "a/b/", "/a/x", "/a/ii"])
def test_text_without_two_slashes_and_known_flags_is_text(written: str) -> None:
    assert pattern(written) == Glob(written)


def test_the_same_expression_is_equal() -> None:
    assert pattern("/a/i") == pattern("/a/i")
    assert pattern("/a/i") != pattern("/a/")
    assert len({pattern("/a/"), pattern("/a/")}) == 1


def test_lists_and_negations_say_what_they_want() -> None:
    either = AnyOf((Glob("a*"), pattern("/(?P<x>b)/")))
    captures: dict[str, str] = {}
    assert either.found(("b",), captures)
    assert captures == {"x": "b"}
    assert either.text == "any of a*, /(?P<x>b)/"
    negated = Not(either)
    assert negated.found(("c",), captures)
    assert not negated.found(("c", "b"), captures)
    assert negated.text == "not any of a*, /(?P<x>b)/"


@pytest.mark.parametrize(
    ("of", "texts"),
    [
        (Glob("a"), ["a"]),
        (Glob("a*"), None),
        (AnyOf((Glob("a"), AnyOf((Glob("b"), Glob("c"))))), ["a", "b", "c"]),
        (AnyOf((Glob("a"), Glob("*"))), None),
        (Not(Glob("a")), None),
    ],
)
def test_what_a_pattern_can_match_when_that_is_known(of: Pattern, texts: list[str] | None) -> None:
    found = literals(of)
    assert (None if found is None else list(found)) == texts


FACTS = Facts(
    to="sms:+15550100001",
    sender="mms:+15550109999",
    body="hello",
    media=("http://a/1.png", "http://a/2.gif"),
    segments=2,
    nth=4,
    state="stopped",
    mode="outage",
    now=22 * HOUR,
    started=20 * HOUR,
)


@pytest.mark.parametrize(
    ("condition", "expected", "actual", "found"),
    [
        (TextCondition("to", Glob("+1555*")), "+1555*", "sms:+15550100001", True),
        (TextCondition("to", Glob("sms:+1555*")), "sms:+1555*", "sms:+15550100001", True),
        (TextCondition("to", Glob("mms:*")), "mms:*", "sms:+15550100001", False),
        (TextCondition("to", Not(Glob("+15550100001"))), "not +15550100001", "sms:+15550100001", False),
        (TextCondition("from", Glob("+15550109999")), "+15550109999", "mms:+15550109999", True),
        (TextCondition("body", Glob("hell")), "hell", "hello", False),
        (TextCondition("media", Glob("*.gif")), "*.gif", "http://a/1.png, http://a/2.gif", True),
        (TextCondition("media", Glob("*.jpg")), "*.jpg", "http://a/1.png, http://a/2.gif", False),
        (WordCondition("channel", ("sms", "mms")), "sms or mms", "sms", True),
        (WordCondition("state", ("none",)), "none", "stopped", False),
        (WordCondition("mode", ("outage",)), "outage", "outage", True),
        (CountCondition(key="nth", low=4, high=4), "4", "4", True),
        (CountCondition(key="nth", low=1, high=3), "1..3", "4", False),
        (CountCondition(key="nth", low=4), "4..", "4", True),
        (CountCondition(key="nth", every=2), "every 2", "4", True),
        (CountCondition(key="nth", every=3), "every 3", "4", False),
        (CountCondition(key="segments", low=3), "3..", "2", False),
        (ChanceCondition(1.0), "100%", "drawn otherwise", True),
        (ChanceCondition(0.0), "0%", "drawn otherwise", False),
        (DuringCondition(low=2 * HOUR, high=3 * HOUR), "2h..3h", "2h", True),
        (DuringCondition(low=HOUR, high=2 * HOUR), "1h..2h", "2h", False),
        (DuringCondition(low=HOUR), "1h..", "2h", True),
        (BetweenCondition(low=22 * HOUR, high=6 * HOUR), "22:00..06:00", "22:00", True),
        (BetweenCondition(low=6 * HOUR, high=22 * HOUR), "06:00..22:00", "22:00", False),
        (BetweenCondition(low=20 * HOUR, high=24 * HOUR), "20:00..24:00", "22:00", True),
        (
            OverCondition(limit=1, period=1_000, per="to", text="1/s per to"),
            "over 1/s per to",
            "within the rate",
            False,
        ),
    ],
)
def test_each_condition_says_what_it_wants_and_what_it_found(
    condition: Condition, expected: str, actual: str, found: bool
) -> None:
    assert (condition.expected, condition.actual(FACTS)) == (expected, actual)
    assert holds(condition, FACTS) is found


def test_a_chance_is_a_share_of_recipients_and_requests_and_stays_with_them() -> None:
    chance = ChanceCondition(0.02)
    drawn = [
        (number, nth)
        for number in range(5_000)
        for nth in (1, 2)
        if holds(chance, Facts(to=f"sms:+1555{number:07}", nth=nth))
    ]
    assert 150 < len(drawn) < 250
    assert drawn == [(n, nth) for n, nth in drawn if holds(chance, Facts(to=f"mms:+1555{n:07}", nth=nth, body="x"))]


def test_a_rate_lets_one_period_through_at_once_and_then_as_many_as_it_says() -> None:
    over = OverCondition(limit=2, period=1_000, per="from", text="2/s per from")
    buckets = Buckets()
    moments = (0, 0, 0, 499, 500, 500, 60_000, 60_000, 60_000)
    exceeded = [holds(over, Facts(sender="sms:+15550100001", now=now), buckets) for now in moments]
    assert exceeded == [False, False, True, True, False, True, False, False, True]


@pytest.mark.parametrize(("per", "exceeded"), [("from", False), ("to", True), ("account", True)])
def test_a_rate_counts_for_each_sender_each_recipient_or_all(per: str, exceeded: bool) -> None:
    over = OverCondition(limit=1, period=1_000, per=per, text="")
    buckets = Buckets()
    assert not holds(over, Facts(sender="sms:+15550100001", to="sms:+15550100009"), buckets)
    assert holds(over, Facts(sender="sms:+15550100002", to="mms:+15550100009"), buckets) is exceeded


def test_rates_are_counted_for_a_bounded_number_of_senders() -> None:
    buckets = Buckets()
    for number in range(BUCKETS_LIMIT + 1):
        assert buckets.take(("rule", str(number)), limit=1, period=HOUR, now=0)
    assert buckets.take(("rule", "0"), limit=1, period=HOUR, now=0)
    assert not buckets.take(("rule", str(BUCKETS_LIMIT)), limit=1, period=HOUR, now=0)
