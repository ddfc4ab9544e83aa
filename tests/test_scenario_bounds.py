"""Scenario files from strangers: refused with a place and a remedy, in bounded time, never with a traceback."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import scenario_file
from emulator.clock import stopwatch
from emulator.conditions import Facts
from emulator.decision import Decider
from emulator.errors import BadScenario, Problem

MEGABYTE = 1 << 20
PATIENCE = 20_000
"""Milliseconds that no file may take, on the slowest machine; most take a few."""


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    passed = stopwatch()
    yield
    assert passed() < PATIENCE


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(BadScenario) as caught:
        scenario_file.load(text, name="outage.yaml")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1 outage.yaml is empty; write version: 1, and rules below it"),
        ("# nothing\n", "1:1 outage.yaml is empty; write version: 1, and rules below it"),
        (b"version: 1\n# caf\xe9", "2:6 byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfev\x00", "1:1 byte 0xff is not UTF-8; save the file as UTF-8"),
        (
            "version: 1\nseed: \x07",
            '2:7 character U+0007 is not allowed; inside double quotes write it as an escape: "\\u0007"',
        ),
        ("seed: \ud800", '1:7 character U+D800 is not allowed; inside double quotes write it as an escape: "\\ud800"'),
        ("a" * (10 << 20), "1:1 outage.yaml has 10485760 bytes; a scenario has at most 1048576"),
        (b"a" * (10 << 20), "1:1 outage.yaml has 10485760 bytes; a scenario has at most 1048576"),
        ("version: 1\nrules:\n\t- {}", "3:1 a tab cannot indent; indent with spaces"),
        ("version: 1\n---\nversion: 1", "2:1 a second document begins in outage.yaml; keep one scenario in a file"),
        (
            "rules: *x\nversion: 1",
            '1:8 aliases are not read; for a text that begins with * write "*x"; to say steps once, name a timeline',
        ),
        ("version: 1\nrules: [{when: {body: *[x]*}}]", '2:23 a text that begins with * needs quotes; write "*…"'),
        ("version: 1\nrules: [{when: {body: @x}}]", '2:23 a text that begins with @ needs quotes; write "@…"'),
        (
            "version: 1\nrules: !!seq []",
            "2:8 tags are not read; every value is text; put quotes around one that begins with !",
        ),
        ("%TAG ! x\n---\nversion: 1", "1:1 a scenario has no tags; leave %TAG out"),
        ("version: 1\nversion: 1", "2:1 key 'version' is written twice; it stands on line 1 already; keep one of them"),
        (
            'version: 1\nrules: [{when: {body: "/\\d/"}}]',
            "2:25 unknown escape in double quotes; in single quotes a backslash stands for itself: '/\\d{6}/'",
        ),
        ("{a: " * (MEGABYTE // 4), "1:81 nested more than 20 deep; nothing in a scenario goes that deep"),
        ("- " * (MEGABYTE // 2), "1:41 nested more than 20 deep; nothing in a scenario goes that deep"),
        ("version: 1\nrules: [" + "a," * 250_000 + "]", "2:399999 more than 200000 values; split the scenario"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_is_no_tree(text: str | bytes, told: str) -> None:
    (found,) = problems(text)
    assert f"{found.line}:{found.column} {found.message}; {found.remedy}" == told


def test_brackets_beyond_the_parsers_own_limit_are_told_like_those_beyond_ours() -> None:
    (found,) = problems("[" * MEGABYTE)
    assert (found.message, found.remedy) == ("nested more than 20 deep", "nothing in a scenario goes that deep")
    assert (found.line, found.column) in {(1, 21), (1, 1001)}  # as far as the parser reads before it tells anything


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("version: 1\nrules: [{}\nseed: 1\n", "3:1", "the bracket [ opened on line 2 is not closed before this"),
        ("version: 1\nrules: [{when: {to: x}]\n", "2:23", "the brace { opened on line 2 is not closed before this"),
        ("version: 1\nseed: 'x", "2:7", "a quote is opened here and never closed"),
        ("version: 1\n rules: []\n", "2:7", "a colon where no key can stand"),
        ("version: 1\nrules:\n- {}\nx\n", "5:1", "this does not fit in here"),
        ("version: 1\n? [a]\n: 1\n", "2:3", "a key is one word, not a list or mapping"),
    ],
)
def test_text_that_is_not_yaml_is_told_with_the_characters_that_need_quotes(text: str, place: str, said: str) -> None:
    (found,) = problems(text)
    assert (f"{found.line}:{found.column}", found.message) == (place, said)
    assert "put quotes around a text with : # { } [ ] , in it" in found.remedy


def test_anchors_and_aliases_are_refused_so_that_nothing_grows_or_loops() -> None:
    bomb = "\n".join([f"a{number}: &a{number} [*a{number - 1}, *a{number - 1}]" for number in range(1, 40)])
    loop = "version: 1\nrules: &a [*a]\n"
    assert {each.message for each in problems(f"version: 1\na0: &a0 x\n{bomb}")} >= {
        "anchors are not read",
        "aliases are not read",
    }
    assert [(each.path, each.message) for each in problems(loop)] == [
        ("rules", "anchors are not read"),
        ("rules[0]", "aliases are not read"),
    ]


def test_a_merge_key_is_an_unknown_key() -> None:
    assert [each.message for each in problems("version: 1\n<<: {seed: 1}")] == ["unknown key '<<' in a scenario"]


def test_two_hundred_problems_are_enough() -> None:
    found = problems("version: 1\nrules:\n" + "- {whn: 1}\n" * 9_000)
    assert len(found) == 201
    assert found[-1].path == "rules[200].whn"


def test_warnings_alone_never_refuse_a_file() -> None:
    loaded = scenario_file.load("version: 1\nrules:\n" + "- {}\n" * 10_000)
    assert len(loaded.scenario.rules) == 10_000
    assert len(loaded.warnings) == 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: [" + "{}," * 10_001 + "]", "10001 entries; write 0 to 10000"),
        ("rules: [{then: [" + "sent," * 101 + "]}]", "101 steps; a timeline has at most 100"),
        ("rules: [{when: {body: [" + "x," * 10_001 + "]}}]", "10001 texts to choose from; write 1 to 10000"),
        ("timelines:\n" + "".join(f"  t{n}: []\n" for n in range(1_001)), "1001 entries; write at most 1000"),
        ("rules: [{when: {body: " + "x" * 1_001 + "}}]", "a text to match of 1001 characters; write at most 1000"),
        ("rules: [{reply: {after: " + "1s" * 400_000 + "}}]", "'1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1…' is not a"),
        ("rules: [{then: [" + "x" * 1_000_000 + "]}]", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' is not a status"),
        ("rules: [{then: ['sent " + '"\\" ' * 200_000 + "']}]", "'\"\\\"' is out of place"),
        ("? " + "x" * 1_000_000 + "\n: 1", "unknown key 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' in a scenario"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_limits_of_the_language(text: str, told: str) -> None:
    found = problems("version: 1\n" + text)
    assert f"{found[0].message}; {found[0].remedy}".startswith(told)
    assert all(len(each.message) + len(each.remedy) + len(each.path) < 600 for each in found)


@pytest.mark.parametrize(
    "expression",
    ["(a+)+$", "(a|aa)+$", "^(a|a?)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"],
)
def test_an_expression_that_would_backtrack_without_end_is_linear_in_the_text(expression: str) -> None:
    decider = Decider(
        scenario_file.load(f"version: 1\nrules: [{{when: {{body: '/{expression}/'}}, reply: 503}}]").scenario
    )
    assert decider.decide(Facts(to="sms:+15550100001", body="a" * 100_000 + "x" * 100_000 + "!")).rule is None


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (r"((a{100}){100}){100}", "invalid repetition size: {100}"),
        (r"\\pL{500}", "pattern too large - compile failed"),
        ("(" * 900, "missing ): " + "(" * 189),
    ],
)
def test_an_expression_that_would_need_much_memory_is_refused(expression: str, told: str) -> None:
    (found,) = problems(f'version: 1\nrules: [{{when: {{body: "/{expression}/"}}}}]')
    assert found.message.endswith(f"is not a regular expression: {told}")


def test_expressions_that_would_need_much_time_together_are_refused() -> None:
    rules = "".join(f"- {{when: {{body: '/x{{900}}{number}/'}}, reply: 503}}\n" for number in range(2_000))
    (found,) = problems(f"version: 1\nrules:\n{rules}")
    assert found.message == "from here on the regular expressions are too large together"
    assert found.path == "rules[110].when.body"


def test_many_stars_are_searched_one_by_one() -> None:
    rules = "".join(f'- {{when: {{body: "{"*a" * 450}{number}"}}, reply: 503}}\n' for number in range(1_000))
    decider = Decider(scenario_file.load(f"version: 1\nrules:\n{rules}").scenario)
    assert decider.decide(Facts(to="sms:+15550100001", body="ab" * 1_000)).rule is None
    assert decider.decide(Facts(to="sms:+15550100001", body="ab" * 1_000 + "a77")).rule == "rule 78"


FRAGMENTS = st.sampled_from(
    [*"[]{}:,-?|>'\"&*!%#@`\n\t ", "version: 1", "\nrules:", "\n  - ", "when: ", "then: ", "sent", "2%: ", "mix: "]
)


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary() | st.lists(FRAGMENTS, max_size=40).map("".join))
def test_no_text_ends_in_a_traceback(text: str | bytes) -> None:
    try:
        found = scenario_file.load(text).warnings
    except BadScenario as error:
        found = error.problems
    assert all(each.line >= 1 and each.column >= 1 for each in found)
