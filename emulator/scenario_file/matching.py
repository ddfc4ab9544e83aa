"""The kinds of `when`: what each of its keys takes, and the condition it becomes."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from emulator.conditions import ChanceCondition, Condition, TextCondition, WordCondition
from emulator.model import Channel, channel_of, is_alphanumeric_sender, is_number, number_of
from emulator.patterns import AnyOf, Glob, Not, Pattern, Regex, pattern
from emulator.scenario_file import grammar
from emulator.scenario_file.grammar import Unreadable, nearest, printable, quoted
from emulator.scenario_file.kinds import As, Kind, ListOf, Scalar, Schema, is_nothing, words
from emulator.scenario_file.records import Field, Fields, Record
from emulator.scenario_file.tree import Entries, Findings, Items, Node, Text

PATTERN_LIMIT = 1_000
LIST_LIMIT = 10_000
EXPRESSIONS_LIMIT = 100_000
"""Instructions that all regular expressions of a scenario may come to: reading them takes a moment, not minutes."""

LEAST_EXPRESSION = 100
"""What even the smallest one counts for, so that there are at most a thousand."""

WORD_SHAPE = r"^[A-Za-z0-9_-]{1,64}$"

REQUESTS = ("send", "fetch", "list")
_EVERY_REQUEST = frozenset(REQUESTS)
_REGEX_FLAGS = frozenset("gimsuxyAU")
_EMPTY = 'for an empty text write ""'


class When(Struct, frozen=True, kw_only=True):
    """What a rule asks for: conditions in the order they are written, and the requests it is about."""

    conditions: tuple[Condition, ...] = ()
    requests: frozenset[str] = frozenset({"send"})
    complete: bool = True


def word(text: str) -> str:
    """The name of a state or mode."""
    if not grammar.matches(WORD_SHAPE, text):
        raise Unreadable(f"{quoted(text)} is not one word", "write letters, digits, _ and -, at most 64")
    return text


class PatternKind(Kind[Pattern]):
    """Text with `*`, a regular expression, a list of them, or `{not: …}`. `check` looks at a text without `*`."""

    what = "a text with *, a /regex/, a list, or {not: …}"

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check

    def _read(self, node: Node, findings: Findings) -> Pattern | None:
        if isinstance(node, Text):
            return self._text(node, findings)
        if isinstance(node, Items):
            return self._list(node, findings)
        if isinstance(node, Entries) and [entry.key.value for entry in node.entries] == ["not"]:
            inner = self.read(node.entries[0].value, findings)
            return None if inner is None else Not(inner)
        self._expected(node, findings, "a mapping has the one key not")
        return None

    def _text(self, node: Text, findings: Findings) -> Pattern | None:
        if is_nothing(node):
            self._expected(node, findings, _EMPTY)
            return None
        if findings.expressions > EXPRESSIONS_LIMIT:
            return None  # told already, and each further one takes time
        try:
            found = text_pattern(node.value)
            if isinstance(found, Regex):
                _count(found, node, findings)
            if isinstance(found, Glob) and "*" not in found.text:
                self._check(found.text)
        except Unreadable as error:
            findings.error(node, error.message, error.remedy)
            return None
        return found

    def _list(self, node: Items, findings: Findings) -> Pattern | None:
        if not 1 <= len(node.items) <= LIST_LIMIT:
            findings.error(node, f"{len(node.items)} texts to choose from", f"write 1 to {LIST_LIMIT}")
            return None
        found = [self.read(each, findings) for each in node.items]
        return AnyOf(tuple(each for each in found if each is not None))

    def schema(self, definitions: Schema) -> Schema:
        itself: Schema = {"$ref": "#/definitions/pattern"}
        negated = {"type": "object", "properties": {"not": itself}, "additionalProperties": False, "required": ["not"]}
        text = {"type": ["string", "number", "boolean"]}
        several = {"type": "array", "items": itself, "minItems": 1, "maxItems": LIST_LIMIT}
        definitions["pattern"] = {"anyOf": [text, several, negated]}
        return itself


def text_pattern(text: str) -> Pattern:
    """Read text with `*`, `/regex/` or `/regex/i`."""
    if len(text) > PATTERN_LIMIT:
        raise Unreadable(f"a text to match of {len(text)} characters", f"write at most {PATTERN_LIMIT}")
    body, slash, flags = text[1:].rpartition("/")
    if text.startswith("/") and slash and flags not in ("", "i") and _REGEX_FLAGS.issuperset(flags):
        raise Unreadable(f"{quoted(text)} has unknown flags {quoted(flags)}", f"the only flag is i: /{body[:40]}/i")
    try:
        return pattern(text)
    except ValueError as error:
        remedy = "expressions are those of RE2: no look-around, no back-references, at most 1000 repetitions"
        raise Unreadable(f"{quoted(text)} is not a regular expression: {printable(str(error)[:200])}", remedy) from None


def _count(found: Regex, node: Text, findings: Findings) -> None:
    findings.expressions += max(found.size, LEAST_EXPRESSION)
    if findings.expressions > EXPRESSIONS_LIMIT:
        remedy = "write text with * where that will do, and fewer or smaller repetitions such as {100}"
        findings.error(node, "from here on the regular expressions are too large together", remedy)


def recipient(text: str) -> None:
    """Complain about a recipient that no message can have."""
    _identity(text, sender=False)


def sender(text: str) -> None:
    """Complain about a sender that no message can have."""
    _identity(text, sender=True)


def anything(text: str) -> None:
    """Complain about nothing."""


def _identity(text: str, *, sender: bool) -> None:
    channel, rest = channel_of(text), number_of(text)
    if channel and channel not in Channel.__members__.values() and is_number(rest):
        raise Unreadable(f"{quoted(channel)} is not a channel", nearest(channel, Channel))
    if not rest.startswith("+") and channel not in Channel.__members__.values():
        return
    if is_number(rest) or (sender and is_alphanumeric_sender(rest)):
        return
    also = "; a name has at most 11 letters, digits and spaces" if sender and not rest.startswith("+") else ""
    raise Unreadable(f"{quoted(text)} is not an E.164 number", f"write + and 2 to 15 digits, or * for the rest{also}")


def _text(key: str, check: Callable[[str], None], about: str) -> Field[Condition]:
    return Field(key, As(PatternKind(check), partial(TextCondition, key)), about)


def _words(key: str, what: str, meanings: Mapping[str, str], about: str) -> Field[Condition]:
    return Field(key, As(_list(words(what, meanings)), partial(WordCondition, key)), about)


def _free_words(key: str, about: str) -> Field[Condition]:
    kind = Scalar(f"a {key}", word, WORD_SHAPE)
    return Field(key, As(_list(kind), partial(WordCondition, key)), about)


def _list(kind: Kind[str]) -> ListOf[str]:
    return ListOf(kind.what, kind, least=1, most=100, single=True)


def _requests(written: tuple[str, ...]) -> frozenset[str]:
    return _EVERY_REQUEST if "any" in written else frozenset(written)


def _chance(share: float) -> ChanceCondition:
    return ChanceCondition(share)


_TO = _text("to", recipient, "The recipient: text with *, /regex/, a list of them, or {not: …}; with or without sms:")
_FROM = _text("from", sender, "The sender, matched as `to` is")
_BODY = _text("body", anything, "The text of the message; * stands for any text; named groups become ${name}")
_MEDIA = _text("media", anything, "Each media URL; one that matches is enough")
_STATE = _free_words("state", "The state of the recipient's handset; none at first")
_REQUEST = Field(
    "request",
    As(_list(words("a request", {name: name for name in (*REQUESTS, "any")})), _requests),
    "Which API request the rule is about: send unless said otherwise",
)
_CONDITIONS: tuple[Field[Condition], ...] = (
    _TO,
    _FROM,
    _BODY,
    _MEDIA,
    _words("channel", "a channel", {name.value: name.value for name in Channel}, "The channel: sms or mms"),
    Field(
        "segments",
        Scalar("a number of segments", partial(grammar.count, "segments"), grammar.COUNT_SHAPE, "2.."),
        "How many SMS segments the text takes: 1, 2.., ..3, 2..4",
    ),
    Field(
        "nth",
        Scalar("a number", partial(grammar.count, "nth"), grammar.NTH_SHAPE, "1, 2..4 or every 5"),
        "The how-manieth request to this recipient: 1, 1..2, 4.., every 5",
    ),
    _STATE,
    _free_words("mode", "The account's mode, set through the control API; normal at first"),
    Field(
        "chance",
        As(Scalar("a percentage", grammar.share, grammar.SHARE_SHAPE, "2%"), _chance),
        "A share of the requests; the same requests each time",
    ),
    Field(
        "over",
        Scalar("a rate", grammar.rate, grammar.RATE_SHAPE, "5/s per from"),
        "This request exceeds a rate: 5/s per from, 100/m per to, 1000/h per account",
    ),
    Field(
        "during",
        Scalar("a span of time", grammar.span, grammar.SPAN_SHAPE, "1h..1h10m"),
        "Time since the account's clock started: 1h..1h10m",
    ),
    Field(
        "between",
        Scalar("times of day", grammar.times_of_day, grammar.TIMES_OF_DAY_SHAPE, "22:00..06:00"),
        "Time of day in UTC: 22:00..06:00",
    ),
)
_INBOUND_CONDITIONS: tuple[Field[Condition], ...] = (_FROM, _TO, _BODY, _MEDIA, _STATE)


def _when(got: Fields) -> When:
    found = {field.key: got.get(field) for field in _CONDITIONS}
    written = (found.get(entry.key.value) for entry in got.node.entries)
    conditions = tuple(condition for condition in written if condition is not None)
    return When(conditions=conditions, requests=got.given(_REQUEST, When().requests), complete=got.complete)


WHEN = Record("when", (*_CONDITIONS, _REQUEST), _when)
INBOUND_WHEN = Record("an inbound rule's when", _INBOUND_CONDITIONS, _when)
