import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from emulator import scenario_file
from emulator.errors import BadScenario
from emulator.scenario import Reply, Scenario
from tests.scenarios import rules, scenarios


def load(text: str) -> Scenario:
    return scenario_file.load(text).scenario


def alike(one: Scenario, other: Scenario) -> bool:
    """Whether two scenarios say the same, in whatever words and wherever in the file."""
    return _bare(one) == _bare(other)


def _bare(scenario: Scenario) -> Scenario:
    return replace(scenario, text="", rules=tuple(replace(rule, line=0) for rule in scenario.rules))


# with_rule


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("version: 1\n", 'version: 1\nrules:\n- name: added 1\n  reply: "503"\n'),
        ("version: 1", 'version: 1\nrules:\n- name: added 1\n  reply: "503"'),
        (
            "version: 1 # one\n# two\nseed: 1\n",
            'version: 1 # one\nrules:\n- name: added 1\n  reply: "503"\n# two\nseed: 1\n',
        ),
        ("version: 1\nrules: []\n", 'version: 1\nrules: [{name: added 1, reply: "503"}]\n'),
        ("version: 1\nrules:\nseed: 1\n", 'version: 1\nrules: [{name: added 1, reply: "503"}]\nseed: 1\n'),
        ("version: 1\nrules: [{}]", 'version: 1\nrules: [{name: added 1, reply: "503"}, {"name": "rule 1"}]'),
        (
            "version: 1\nrules: # first\n  # of all\n  - when: {nth: 1} # once\n  - {name: x}\n",
            'version: 1\nrules: # first\n  - name: added 1\n    reply: "503"\n'
            "  # of all\n  - name: rule 1\n    when: {nth: 1} # once\n  - {name: x}\n",
        ),
        ('{"version": 1}', '{"rules": [{name: added 1, reply: "503"}], "version": 1}'),
        (
            '{"version": 1, "rules": [{"set": "a"}]}',
            '{"version": 1, "rules": [{name: added 1, reply: "503"}, {"name": "rule 1", "set": "a"}]}',
        ),
        (
            "---\n? version\n: 1\n? rules\n: - set: a\n...\n",
            '---\n? version\n: 1\n? rules\n: - name: added 1\n    reply: "503"\n  - name: rule 1\n    set: a\n...\n',
        ),
    ],
)
def test_a_rule_is_put_before_all_others_and_the_rest_of_the_text_stays(text: str, changed: str) -> None:
    found = scenario_file.with_rule(text, "reply: 503").replace("reply: 503", 'reply: "503"')
    assert found == changed
    assert load(found).rules[0].reply == Reply(status=503)


def test_a_rule_may_come_as_json_with_any_text() -> None:
    rule = r"""{"name": "\u2028 {a: b} \ud83d\ude00",
        "reply": {"status": 400, "message": "\u0007\u007f \"x\" # y\n"}}"""
    (found,) = load(scenario_file.with_rule("version: 1", rule)).rules
    assert (found.name, found.reply) == ("\u2028 {a: b} 😀", Reply(status=400, message='\x07\x7f "x" # y\n'))


def test_added_rules_are_counted_and_the_latest_is_first() -> None:
    text = "version: 1\nrules: [{when: {nth: 7}}, {name: mine}]"
    for rule in ("reply: 501", "{name: yours, reply: 502}", "reply: 503"):
        text = scenario_file.with_rule(text, rule)
    assert [each.name for each in load(text).rules] == ["added 2", "yours", "added 1", "rule 1", "mine"]


@pytest.mark.parametrize(
    ("rule", "place", "path", "message"),
    [
        ("when: {}\nthen: slow", "2:7", "then", "unknown timeline 'slow'"),
        ("{name: mine}", "1:8", "name", "the name 'mine' is taken"),
        ("- reply: 503", "1:1", "", "expected a rule, found a list"),
        ("", "1:1", "", "the rule is empty"),
        ("then: [sent,", "2:1", "", "a value is missing here, or a bracket is not closed"),
        ('{then: [failed error "${x}"]}', "1:27", "", "a quote is opened here and never closed"),
    ],
)
def test_what_is_wrong_with_a_rule_has_its_place_in_the_rule(rule: str, place: str, path: str, message: str) -> None:
    with pytest.raises(BadScenario) as caught:
        scenario_file.with_rule("version: 1\nrules: [{name: mine}]", rule)
    found = caught.value.problems[0]
    assert (f"{found.line}:{found.column}", found.path, found.message) == (place, path, message)


@settings(max_examples=60, deadline=None)
@given(scenarios, rules)
def test_a_rule_above_changes_nothing_below_not_even_names(text: str, rule: str) -> None:
    before = load(text)
    first, *others = load(scenario_file.with_rule(text, rule.replace("  - ", "    ", 1))).rules
    assert first.name == "added 1"
    assert [replace(each, line=0) for each in others] == [replace(each, line=0) for each in before.rules]


# expand


def test_expanding_replaces_the_steps_and_nothing_else() -> None:
    text = """\
# a comment
version: 1
timelines:
  slow: [sending, sent at 1h]   # another
rules:
  - then:
      - 'replies "a \\"b\\"" after ~2s'
      - |
        sent after 1s
          callback x2 gap 50ms callback forged
      # a third
      - {status: delivered}
  - when: {nth: 2}
    then: {mix: [{2%: [failed error 30001 callback late 5s]}, {rest: slow}]}
"""
    assert (
        scenario_file.expand(text)
        == """\
# a comment
version: 1
timelines:
  slow: [{status: sending}, {status: sent, at: 1h}]   # another
rules:
  - then:
      - {replies: "a \\"b\\"", after: ~2s}
      - {status: sent, after: 1s, callback: {times: 2, gap: 50ms, forged: yes}}
      # a third
      - {status: delivered}
  - when: {nth: 2}
    then: {mix: [{2%: [{status: failed, error: 30001, callback: {late: 5s}}]}, {rest: slow}]}
"""
    )


@settings(max_examples=100, deadline=None)
@given(scenarios)
def test_an_expanded_scenario_says_the_same_and_has_nothing_left_to_expand(text: str) -> None:
    expanded = scenario_file.expand(text)
    assert alike(load(expanded), load(text))
    assert scenario_file.expand(expanded) == expanded
