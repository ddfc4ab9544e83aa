"""The whole language: a rule, an inbound rule, and every key at the top of a scenario."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from emulator.clock import ClockMode
from emulator.scenario import InboundRule, Rule, Scenario
from emulator.scenario_file import grammar
from emulator.scenario_file.grammar import Unreadable, quoted
from emulator.scenario_file.kinds import Empty, Kind, ListOf, MapOf, Scalar, Schema, words
from emulator.scenario_file.matching import INBOUND_WHEN, WHEN, WORD_SHAPE, When, word
from emulator.scenario_file.records import Field, Fields, Record
from emulator.scenario_file.replies import REPLY
from emulator.scenario_file.settings import CALLBACK, CHANNELS, NUMBERS
from emulator.scenario_file.timelines import NAME_SHAPE, STEPS, THEN, name
from emulator.scenario_file.tree import Entries, Items, Node

RULES_LIMIT = 10_000
INBOUND_LIMIT = 1_000
TIMELINES_LIMIT = 1_000
SEED_LIMIT = 2**53
"""Numbers up to here are the same in every reader of JSON."""


class ReadRule(Struct, frozen=True, eq=False):
    """A rule, what was written under its keys, and whether all of that could be read."""

    rule: Rule
    got: Fields
    complete: bool = True


class ReadInbound(Struct, frozen=True, eq=False):
    """An inbound rule, as `ReadRule`."""

    rule: InboundRule
    got: Fields
    complete: bool


class Draft(Struct, frozen=True, kw_only=True, eq=False):
    """A scenario as it was read, before its parts were held against each other."""

    scenario: Scenario
    rules: Sequence[ReadRule]
    inbound: Sequence[ReadInbound]
    node: Entries


NAME = Field("name", Scalar("a name", name, NAME_SHAPE, "a text"), "What the rule is called; draws depend on it")
_WHEN = Field("when", Empty(WHEN, When()), "Which requests; all of it must hold, and nothing matches everything")
REPLY_KEY = Field("reply", REPLY, "How the request is answered, when not as the platform does")
THEN_KEY = Field("then", THEN, "What happens to the message: steps, a timeline's name, or mix")
SET = Field("set", Scalar("a state", word, WORD_SHAPE, "stopped"), "The state that this brings the handset to")


def _rule(got: Fields) -> ReadRule:
    when = got.given(_WHEN, When())
    rule = Rule(
        name=got.get(NAME) or "",
        when=when.conditions,
        requests=when.requests,
        reply=got.get(REPLY_KEY),
        then=got.get(THEN_KEY),
        set=got.get(SET),
        line=got.node.line,
    )
    return ReadRule(rule, got, complete=got.complete and when.complete)


RULE: Kind[ReadRule] = Record("a rule", (NAME, _WHEN, REPLY_KEY, THEN_KEY, SET), _rule)

_INBOUND_WHEN = Field("when", Empty(INBOUND_WHEN, When()), "Which texts from a handset")
_INBOUND_SET = Field("set", SET.value, SET.about, required=True)


def _inbound(got: Fields) -> ReadInbound:
    when = got.given(_INBOUND_WHEN, When())
    rule = InboundRule(when=when.conditions, set=got.given(_INBOUND_SET, "none"))
    return ReadInbound(rule, got, got.complete and when.complete)


def _version(text: str) -> int:
    if text != "1":
        raise Unreadable(f"version {quoted(text)} is not known", "write version: 1")
    return 1


def _seed(text: str) -> int:
    return grammar.number(text, low=-SEED_LIMIT, high=SEED_LIMIT, what="a seed")


_VERSION = Field("version", Scalar("a version", _version, ("1",), "1"), "The version of the language", required=True)
_SEED = Field(
    "seed",
    Scalar("a seed", _seed, "^-?[0-9]{1,16}$", "42"),
    "Another seed, other draws; 0 unless said",
)
_CLOCK = Field(
    "clock",
    words("a clock", {mode.value: mode for mode in ClockMode}),
    "How the account's clock goes; real unless said",
)
_LIST = Field(
    "list",
    words("a way to list", {"documented": False, "all": True}),
    "Which messages GET /Messages shows: documented (those that reached their end) or all",
)
_TIMELINES = Field(
    "timelines",
    Empty(
        MapOf("timelines", name, NAME_SHAPE, STEPS, most=TIMELINES_LIMIT, example="{slow: [sent, delivered after 1h]}"),
        {},
    ),
    "Lists of steps by name; happy is built in and may be written anew",
)
RULES = Field(
    "rules",
    Empty(ListOf("a list of rules", RULE, most=RULES_LIMIT, example="[{when: {to: '+1555*'}, then: [failed]}]"), ()),
    "What becomes of requests; the first rule that matches decides",
)
_INBOUND = Field(
    "inbound",
    Empty(
        ListOf(
            "a list of inbound rules",
            Record("an inbound rule", (_INBOUND_WHEN, _INBOUND_SET), _inbound),
            most=INBOUND_LIMIT,
            example="[{when: {body: STOP}, set: stopped}]",
        ),
        (),
    ),
    "What a text from a handset does to that handset's state; the first rule that matches decides",
)


def _scenario(got: Fields) -> Draft:
    default = Scenario()
    rules = _named(got.given(RULES, ()), got.at(RULES))
    inbound = got.given(_INBOUND, ())
    scenario = Scenario(
        seed=got.get(_SEED),
        clock=got.get(_CLOCK),
        list_all=got.given(_LIST, False),
        callback=got.given(CALLBACK, default.callback),
        carries_media={**default.carries_media, **got.given(CHANNELS, {})},
        timelines={**default.timelines, **got.given(_TIMELINES, {})},
        rules=tuple(each.rule for each in rules),
        inbound=tuple(each.rule for each in inbound),
        numbers=got.given(NUMBERS, ()),
    )
    return Draft(scenario=scenario, rules=rules, inbound=inbound, node=got.node)


def _named(rules: Sequence[ReadRule], node: Node) -> list[ReadRule]:
    """The rules, those without a name called after their place in the file."""
    items = node.items if isinstance(node, Items) else []
    places = {id(item): number for number, item in enumerate(items, 1)}
    return [each if each.rule.name else named(each, f"rule {places[id(each.got.node)]}") for each in rules]


def named(read: ReadRule, name: str) -> ReadRule:
    """The rule under that name."""
    return ReadRule(replace(read.rule, name=name), read.got, read.complete)


SCENARIO: Kind[Draft] = Record(
    "a scenario",
    (_VERSION, _SEED, _CLOCK, _LIST, CALLBACK, CHANNELS, _TIMELINES, RULES, _INBOUND, NUMBERS),
    _scenario,
)


def schema() -> Schema:
    """The language in JSON Schema, made from the same kinds that read it."""
    definitions: Schema = {}
    found = SCENARIO.schema(definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cpaas-emulator scenario",
        **found,
        "definitions": definitions,
    }
