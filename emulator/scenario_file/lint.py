"""What can only be wrong between the parts of a scenario: names, timelines, captures, rules that are never reached."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from emulator.conditions import ChanceCondition, Condition, CountCondition, OverCondition, TextCondition
from emulator.patterns import AnyOf, Glob, Pattern, Regex
from emulator.scenario_file.grammar import CAPTURE, nearest, quoted
from emulator.scenario_file.language import NAME, REPLY_KEY, SET, THEN_KEY, Draft, ReadRule
from emulator.scenario_file.settings import NUMBERS
from emulator.scenario_file.steps import STATUSES
from emulator.scenario_file.tree import Entries, Findings, Items, Node, Text, children, texts

COMPARED = 6
"""Of a rule with more conditions only pairs are compared with earlier rules."""

_ABSENT_FROM_LISTS = ("to", "from", "body", "media", "segments", "channel", "state")

Captures = Mapping[str, frozenset[str]]
"""The names that each timeline fills in."""


def check(draft: Draft, findings: Findings) -> None:
    """Find what is wrong between the parts of a whole scenario."""
    used = timelines(draft)
    for name in sorted(used["happy"]):
        # messages without a rule meet it too, and the numbers whose fate is built in
        remedy = "use it in a timeline of another name, with rules that capture it"
        findings.error(_happy(draft.node), f"the happy timeline has nobody to capture ${{{name}}}", remedy)
    taken: dict[str, int] = {}
    for each in draft.rules:
        check_rule(each, used, taken, findings)
        taken.setdefault(each.rule.name, each.got.node.line)
    asking = (
        _Asking(each.got.node, f"rule {quoted(each.rule.name)}", each.rule.when, each.rule.requests)
        for each in draft.rules
        if each.complete
    )
    _check_reached(asking, findings)
    texts_back = (_Asking(each.got.node, "the rule", each.rule.when) for each in draft.inbound if each.complete)
    _check_reached(texts_back, findings)
    _check_numbers(draft, findings)


def check_rule(read: ReadRule, used: Captures, taken: Mapping[str, int], findings: Findings) -> None:
    """Find what is wrong with a rule among timelines and the names of other rules, each with its line."""
    name = read.rule.name
    if name in taken:
        remedy = f"it is on line {taken[name]} already; draws depend on the name, so each rule needs its own"
        findings.error(read.got.at(NAME), f"the name {quoted(name)} is taken", remedy)
    _check_requests(read, findings)
    then = read.got.node.find(THEN_KEY.key)
    if then is not None and read.rule.then is not None:
        captured = _captured(read.rule.when)
        _check_timelines(then, used, captured, findings)
        _check_captures(then, captured, findings)


def timelines(draft: Draft) -> Captures:
    """The timelines there are, each with the names it fills in."""
    written = draft.node.find("timelines")
    entries = written.entries if isinstance(written, Entries) else []
    used = {entry.key.value: frozenset(name for _, name in _uses(entry.value)) for entry in entries}
    # a timeline that could not be read is there all the same
    return {name: frozenset() for name in draft.scenario.timelines} | used


def _happy(node: Entries) -> Node:
    written = node.find("timelines")
    return (written.find("happy") if isinstance(written, Entries) else None) or node


def _check_requests(read: ReadRule, findings: Findings) -> None:
    rule, got = read.rule, read.got
    about = " and ".join(sorted(rule.requests))
    if "send" not in rule.requests:
        if THEN_KEY in got:
            remedy = "leave it out, or write request: any"
            got.error(THEN_KEY, f"`then` is about messages that are sent, this rule about {about}", remedy)
        if rule.reply is not None and rule.reply.accept:
            got.error(REPLY_KEY, f"`accept` is about messages that are sent, this rule about {about}", "leave it out")
    elif THEN_KEY in got and rule.reply is not None and not rule.reply.accepts:
        remedy = "add accept: yes to the reply, or leave `then` out"
        got.error(THEN_KEY, "the request is refused, so nothing happens to its message", remedy)
    if rule.requests == {"list"}:
        if SET in got:
            got.error(SET, "a request for a list is about no handset", "leave `set` out")
        _check_list(read, findings)


def _check_list(read: ReadRule, findings: Findings) -> None:
    when = read.got.node.find("when")
    for entry in when.entries if isinstance(when, Entries) else []:
        if entry.key.value in _ABSENT_FROM_LISTS:
            remedy = "leave it out; nth, mode, chance, over, during and between work"
            findings.warn(entry.key, f"a request for a list has no {quoted(entry.key.value)}", remedy)


def _check_timelines(then: Node, used: Captures, captured: frozenset[str], findings: Findings) -> None:
    for node in _names(then):
        name = node.value
        if name not in used:
            steps = f"a list of one step is written [{name[:40]}]" if name.split(" ")[0] in STATUSES else ""
            findings.error(node, f"unknown timeline {quoted(name)}", steps or nearest(name, used))
        elif missing := sorted(used[name] - captured):
            told = f"timeline {quoted(name)} fills in ${{{missing[0]}}}, which no matcher of this rule captures"
            findings.error(node, told, _capture_remedy(missing[0], captured))


def _check_captures(then: Node, captured: frozenset[str], findings: Findings) -> None:
    for node, name in _uses(then):
        if name not in captured:
            told = f"${{{name[:40]}}} is captured by no matcher of this rule"
            findings.error(node, told, _capture_remedy(name[:40], captured))


def _capture_remedy(name: str, captured: frozenset[str]) -> str:
    return nearest(name, sorted(captured), f"capture it in `when`, as in body: '/(?P<{name}>[0-9]+)/'")


def _names(then: Node) -> Iterator[Text]:
    """The names of timelines in a `then`."""
    if isinstance(then, Text):
        yield then
    elif isinstance(then, Entries) and isinstance(mix := then.find("mix"), Items):
        parts = (value for share in mix.items for value in children(share))
        yield from (value for value in parts if isinstance(value, Text))


def _uses(node: Node) -> Iterator[tuple[Text, str]]:
    """Where in a node names are filled in."""
    for text in texts(node):
        for found in CAPTURE.finditer(text.value):
            yield text, found[1]


def _captured(conditions: Iterable[Condition]) -> frozenset[str]:
    patterns = (condition.pattern for condition in conditions if isinstance(condition, TextCondition))
    return frozenset(name for pattern in patterns for name in _groups(pattern))


def _groups(pattern: Pattern) -> Iterator[str]:
    if isinstance(pattern, Regex):
        yield from pattern.compiled.groupindex
    elif isinstance(pattern, AnyOf):
        yield from chain.from_iterable(_groups(each) for each in pattern.patterns)


class _Asking(NamedTuple):
    """What a rule asks for, as far as reaching it is concerned."""

    node: Node
    name: str
    when: Sequence[Condition]
    requests: frozenset[str] = frozenset()


def _check_reached(rules: Iterable[_Asking], findings: Findings) -> None:
    """Warn of rules that ask for all that an earlier one asks for: that one always matches first."""
    numbers: dict[Condition, int] = {}
    seen: dict[frozenset[int], list[_Asking]] = {}
    for rule in rules:
        certain = [each for each in rule.when if not _by_chance(each) and not _always(each)]
        asked = frozenset(numbers.setdefault(each, len(numbers)) for each in certain)
        before = (one for some in _subsets(asked) for one in seen.get(some, ()))
        earlier = next((one for one in before if one.requests >= rule.requests), None)
        if earlier is not None:
            told = f"never reached: {earlier.name} on line {earlier.node.line} matches all that this one does"
            findings.warn(rule.node, told, "move this rule above it, or let it ask for something else")
        elif not any(_by_chance(each) for each in rule.when):
            seen.setdefault(asked, []).append(rule)


def _subsets(asked: frozenset[int]) -> Iterator[frozenset[int]]:
    most = len(asked) if len(asked) <= COMPARED else 2
    for size in range(most + 1):
        yield from map(frozenset, combinations(sorted(asked), size))
    if most < len(asked):
        yield asked


def _by_chance(condition: Condition) -> bool:
    return isinstance(condition, OverCondition) or (isinstance(condition, ChanceCondition) and condition.share < 1)


def _always(condition: Condition) -> bool:
    if isinstance(condition, TextCondition):
        stars = isinstance(condition.pattern, Glob) and not condition.pattern.text.strip("*")
        return stars and condition.pattern.text != "" and condition.key != "media"
    if isinstance(condition, CountCondition):
        return condition.every <= 1 and condition.low <= 1 and condition.high is None
    return isinstance(condition, ChanceCondition)


def _check_numbers(draft: Draft, findings: Findings) -> None:
    seen: dict[str, int] = {}
    written = draft.node.find(NUMBERS.key)
    for each in children(written):
        number = each.find("number") if isinstance(each, Entries) else None
        if isinstance(number, Text):
            if number.value in seen:
                told = f"number {quoted(number.value)} is on line {seen[number.value]} already"
                findings.error(number, told, "keep one of them")
            seen.setdefault(number.value, number.line)
