"""Scenario files: YAML to scenario and back, with every problem in its place; the only owner of YAML.

What does the work is imported when it is first asked for: a server without a scenario does not pay for it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import Problem
from emulator.model import Message

if TYPE_CHECKING:
    from emulator.scenario_file.reading import Loaded
    from emulator.scenario_file.replaying import Answered


def load(text: str | bytes, *, name: str = "scenario") -> "Loaded":
    """The scenario that a text in YAML or JSON holds, with warnings. `name` is what messages call it.

    Raises BadScenario with every problem, each with its line, column, path and remedy. Takes milliseconds for a
    sensible file; the largest file there may be can take two seconds.
    """
    from emulator.scenario_file import reading  # noqa: PLC0415 - see above

    return reading.load(text, name=name)


def with_rule(text: str, rule: str | bytes) -> str:
    """The text of a scenario with one more rule, in YAML or JSON, before all others.

    Raises BadScenario; problems have their place in the rule's own text.
    """
    from emulator.scenario_file import editing  # noqa: PLC0415 - see above

    return editing.with_rule(text, rule)


def expand(text: str | bytes) -> str:
    """The text of a scenario with every step in mapping form, all else as it stands. Raises BadScenario."""
    from emulator.scenario_file import editing  # noqa: PLC0415 - see above

    return editing.expand(text)


def replay(messages: Iterable[Message], answers: "Iterable[Answered]" = ()) -> str:
    """The text of a scenario that repeats what happened to messages, and how odd requests were answered."""
    from emulator.scenario_file import replaying  # noqa: PLC0415 - see above

    return replaying.replay(messages, answers)


def schema() -> dict[str, object]:
    """The language as a JSON Schema, for editors."""
    from emulator.scenario_file import language  # noqa: PLC0415 - see above

    return language.schema()


def describe(problem: Problem, file: str | Path) -> str:
    """A problem on one line: `file:line:column: error: message; remedy`."""
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return f"{file}:{problem.line}:{problem.column}: {problem.level}: {problem.message}{remedy}"
