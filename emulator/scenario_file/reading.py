"""From text to scenario: reads, lints, and says every problem at once."""

from msgspec import Struct
from msgspec.structs import replace

from emulator.errors import BadScenario, Problem
from emulator.scenario import Scenario
from emulator.scenario_file.language import SCENARIO, Draft
from emulator.scenario_file.lint import check
from emulator.scenario_file.source import Unusable, decoded, tree
from emulator.scenario_file.tree import Enough, Findings, Node


class Loaded(Struct, frozen=True, kw_only=True):
    """A good scenario, and what is odd about it."""

    scenario: Scenario
    warnings: tuple[Problem, ...] = ()


def load(text: str | bytes, *, name: str = "scenario") -> Loaded:
    """Read a scenario in YAML or JSON. `name` is what messages call it.

    Raises BadScenario with every problem, warnings included, in the order of the text.
    """
    source, draft, warnings = read(text, name=name)
    return Loaded(scenario=replace(draft.scenario, text=source), warnings=warnings)


def read(text: str | bytes, *, name: str = "scenario") -> tuple[str, Draft, tuple[Problem, ...]]:
    """The text as it was decoded, what was read in it, and warnings. Raises BadScenario."""
    findings = Findings()
    root: Node | None = None
    draft: Draft | None = None
    source = ""
    try:
        source = decoded(text, findings, name=name)
        root = tree(source, findings, name=name)
        draft = SCENARIO.read(root, findings)
        if draft is not None:
            check(draft, findings)
    except (Unusable, Enough):
        pass  # the findings tell why
    problems = findings.problems(root)
    if draft is None or any(problem.level == "error" for problem in problems):
        raise BadScenario(problems)
    return source, draft, problems
