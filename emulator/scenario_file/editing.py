"""Changes to a scenario's text that leave the rest of it, comments too, as it stands."""

import re
from collections.abc import Iterator, Mapping

from emulator.errors import BadScenario
from emulator.scenario_file.language import RULE, RULES, RULES_LIMIT, Draft, ReadRule, named
from emulator.scenario_file.lint import check_rule, timelines
from emulator.scenario_file.reading import read
from emulator.scenario_file.source import Unusable, decoded, tree
from emulator.scenario_file.steps import as_mapping, step
from emulator.scenario_file.tree import Enough, Entries, Findings, Items, Node, Text, children
from emulator.scenario_file.writing import Value, block, flow, plain, quoted

_ADDED = re.compile(r"added ([0-9]{1,9})")
_REST_OF_LINE = re.compile(r"[ \t]*:[ \t]*(#[^\n]*)?\r?\n")

Edit = tuple[int, int, str]
"""From, to, and what stands there instead."""


def with_rule(text: str, rule: str | bytes) -> str:
    """The scenario's text with one more rule, in YAML or JSON, before all others.

    A rule without a name becomes `added 1`, `added 2` and so on; rules that were called after their place get that
    name in writing, because draws depend on it. Raises BadScenario; problems have their place in the rule's own text.
    """
    source, draft, _ = read(text)
    added = _read_rule(rule, draft)
    body = {"name": added.rule.name} | plain(added.got.node)
    return _edited(source, [*_names(draft), _insertion(source, draft.node, body)])


def expand(text: str | bytes) -> str:
    """The scenario's text with every one-line step as a mapping. Raises BadScenario."""
    source, draft, _ = read(text)
    edits = []
    for node in _steps(draft.node):
        if isinstance(node, Text):
            # a block scalar takes its line's end with it
            end = "\n" if source[node.start : node.end].endswith("\n") else ""
            edits.append((node.start, node.end, flow(as_mapping(step(node.value))) + end))
    return _edited(source, edits)


def _read_rule(text: str | bytes, draft: Draft) -> ReadRule:
    findings = Findings()
    root: Node | None = None
    found: ReadRule | None = None
    try:
        root = tree(decoded(text, findings, name="the rule"), findings, name="the rule")
        found = RULE.read(root, findings)
        if found is not None:
            found = _named(found, draft)
            taken = {each.rule.name: each.got.node.line for each in draft.rules}
            check_rule(found, timelines(draft), taken, findings)
            if len(draft.rules) >= RULES_LIMIT:
                findings.error(root, f"the scenario has {len(draft.rules)} rules", "take some away before you add one")
    except (Unusable, Enough):
        pass  # the findings tell why
    problems = findings.problems(root)
    if found is None or any(problem.level == "error" for problem in problems):
        raise BadScenario(problems)
    return found


def _named(read: ReadRule, draft: Draft) -> ReadRule:
    if read.rule.name:
        return read
    numbers = (int(found[1]) for each in draft.rules if (found := _ADDED.fullmatch(each.rule.name)))
    return named(read, f"added {max(numbers, default=0) + 1}")


def _names(draft: Draft) -> Iterator[Edit]:
    """Write the names that rules have by their place, which is about to change."""
    for each in draft.rules:
        node = each.got.node
        if node.find("name") is None:
            comma = ", " if node.entries else ""
            block = f"name: {each.rule.name}\n{_indent(node)}"
            written = f'"name": {quoted(each.rule.name)}{comma}' if node.flow else block
            yield (node.start + node.flow, node.start + node.flow, written)


def _insertion(source: str, root: Entries, body: Mapping[str, Value]) -> Edit:
    """Put the rule first among the rules, in the way that these are written."""
    rules = root.find(RULES.key)
    if rules is None:
        if root.flow:
            return (root.start + 1, root.start + 1, f'"rules": [{flow(body)}], ')
        return _below_version(source, root, body)
    if not isinstance(rules, Items):
        return (rules.start, rules.start, f" [{flow(body)}]")
    if rules.flow:
        comma = ", " if rules.items else ""
        return (rules.start + 1, rules.start + 1, flow(body) + comma)
    key = next(entry.key for entry in root.entries if entry.value is rules)
    line = _REST_OF_LINE.match(source, key.end)
    if line is None or line.end() > rules.start:
        return (rules.start, rules.start, _block(body, rules))
    # above the comments of what was the first rule
    return (line.end(), line.end(), _indent(rules) + _block(body, rules).removesuffix(_indent(rules)))


def _below_version(source: str, root: Entries, body: Mapping[str, Value]) -> Edit:
    version = root.find("version") or root
    end = source.find("\n", version.end)
    end = len(source) if end < 0 else end
    rules = f"\n{_indent(root)}rules:\n{_indent(root)}{_block(body, root)}"
    return (end, end, rules.rstrip())


def _block(body: Mapping[str, Value], among: Node) -> str:
    """The rule as an entry of a list, up to where the next one starts."""
    return f"- {block(body, _indent(among) + '  ')}\n{_indent(among)}"


def _indent(node: Node) -> str:
    return " " * (node.column - 1)


def _steps(root: Entries) -> Iterator[Node]:
    """Every step there is, in whichever form."""
    lists = list(children(root.find("timelines")))
    for rule in children(root.find("rules")):
        then = rule.find("then") if isinstance(rule, Entries) else None
        if isinstance(then, Entries):
            lists += [part for share in children(then.find("mix")) for part in children(share)]
        elif then is not None:
            lists.append(then)
    for each in lists:
        if isinstance(each, Items):
            yield from each.items


def _edited(source: str, edits: list[Edit]) -> str:
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source
