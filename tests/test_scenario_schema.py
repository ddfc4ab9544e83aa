import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import scenario_file
from emulator.errors import BadScenario
from tests.scenarios import scenarios

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))
SCHEMA: Any = scenario_file.schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


class EditorsLoader(yaml.SafeLoader):
    """Types as YAML 1.2 has them, which is what editors validate."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as its base class has it


for tag, pattern, first in (
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]+", "-+0123456789"),
    ("null", r"null|~|", ["n", "~", ""]),
):
    EditorsLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def loaded(text: str) -> list[Any]:
    """A scenario as this reader sees it, and as editors do."""
    return [named(yaml.load(text, Loader=loader)) for loader in (yaml.BaseLoader, EditorsLoader)]


def named(value: Any) -> Any:
    """The value with texts for keys, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): named(each) for key, each in value.items()}
    return [named(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_example_is_valid(path: Path) -> None:
    for value in loaded(path.read_text("utf-8")):
        VALIDATOR.validate(value)


def test_the_schema_is_a_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)


def records(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    """The keys of each mapping that the schema knows, wherever it may stand."""
    if isinstance(schema, list):
        for each in schema:
            yield from records(each, seen)
    elif isinstance(schema, dict):
        if "properties" in schema:
            yield tuple(sorted(schema["properties"]))
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            yield from records(SCHEMA["definitions"][name], seen | {name})
        for key, each in schema.items():
            if key != "definitions":
                yield from records(each if key != "properties" else list(each.values()), seen)


MAPPINGS = [
    "zzz: 1",
    "callback: {zzz: 1}",
    "callback: {retry: {zzz: 1}}",
    "channels: {sms: {zzz: 1}}",
    "numbers: [{zzz: 1}]",
    "inbound: [{zzz: 1}]",
    "inbound: [{when: {zzz: 1}}]",
    "rules: [{zzz: 1}]",
    "rules: [{when: {zzz: 1}}]",
    "rules: [{when: {to: {zzz: 1}}}]",
    "rules: [{reply: {zzz: 1}}]",
    "rules: [{then: {zzz: 1}}]",
    "rules: [{then: [{zzz: 1}]}]",
    "rules: [{then: [{status: sent, callback: {zzz: 1}}]}]",
]


def test_the_reader_and_the_schema_know_the_same_keys() -> None:
    known = set()
    for text in MAPPINGS:
        with pytest.raises(BadScenario) as caught:
            scenario_file.load(f"version: 1\n{text}")
        (found,) = [each for each in caught.value.problems if "zzz" in each.path or "one key" in each.remedy]
        keys = re.fullmatch(r"(?:the keys here are |a mapping has the one key )(.*)", found.remedy)
        assert keys is not None
        known.add(tuple(sorted(keys[1].split(", "))))
    assert known == set(records(SCHEMA))


def test_every_key_is_explained() -> None:
    def properties(schema: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(schema, dict):
            yield from schema.get("properties", {}).items()
            for each in schema.values():
                yield from properties(each)
        elif isinstance(schema, list):
            for each in schema:
                yield from properties(each)

    assert [key for key, value in properties(SCHEMA) if key != "not" and not value.get("description")] == []


@pytest.mark.parametrize(
    "text",
    [
        "rules: []",
        "version: 2",
        "version: 1\nruls: []",
        "version: 1\nrules: [{when: {nth: every}}]",
        "version: 1\nrules: [{when: {chance: 2}}]",
        "version: 1\nrules: [{reply: rest}]",
        "version: 1\nrules: [{then: [sent aftr 2s]}]",
        "version: 1\nrules: [{then: [sent callback]}]",
        "version: 1\nrules: [{then: {mix: [{2: happy}]}}]",
        "version: 1\nrules: [{then: {mix: [{2%: happy, 3%: happy}]}}]",
        "version: 1\nnumbers: [{sms_url: http://127.0.0.1/}]",
    ],
)
def test_an_editor_marks_what_the_reader_refuses(text: str) -> None:
    with pytest.raises(BadScenario):
        scenario_file.load(text)
    for value in loaded(text):
        assert not VALIDATOR.is_valid(value)


@settings(max_examples=100, deadline=None)
@given(scenarios)
def test_an_editor_marks_nothing_that_the_reader_takes(text: str) -> None:
    scenario_file.load(text)
    for value in loaded(text):
        VALIDATOR.validate(value)


WORDS = st.sampled_from(
    [
        *("sending", "sent", "delivered", "failed", "undelivered", "replies", "after", "at", "error", "callback"),
        *(
            "2s",
            "1s..3s",
            "~2s..20s",
            "2",
            "30003",
            "${x}",
            "lost",
            "late",
            "x2",
            "x0",
            "gap",
            "first",
            '"a b"',
            '"\\""',
            '"',
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=7))
def test_any_step_that_the_reader_takes_has_the_shape_that_editors_are_told(words: list[str]) -> None:
    text = " ".join(words).replace('"', '\\"')
    scenario = (
        f"version: 1\nrules: [{{when: {{body: '/(?P<x>.)/'}}, then: [\"{text.replace(chr(92) * 3, chr(92) * 4)}\"]}}]"
    )
    try:
        scenario_file.load(scenario)
    except BadScenario:
        return
    for value in loaded(scenario):
        VALIDATOR.validate(value)
