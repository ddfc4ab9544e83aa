"""The one-line step: `undelivered after 2s error 30003 callback late 5s`, and the words of its mapping form."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from emulator.model import Status
from emulator.scenario import AS_IT_HAPPENS, CallbackWords, Delay, ScriptStep
from emulator.scenario_file.grammar import CODE, DELAY, Unreadable, code, delay, delay_text, nearest, number, quoted
from emulator.scenario_file.writing import Value

TIMES_LIMIT = 100
STATUSES = {
    status.value: status
    for status in (Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED)
}

_CALLBACK = rf"(lost|late {DELAY}|x[0-9]{{1,3}}( gap {DELAY})?|first|forged|garbled)"
_TEXT = r'("([^"\\]|\\["\\nt])+"|[^\s"]+)'
STEP_SHAPE = (
    rf"^\s*({'|'.join(STATUSES)}|replies {_TEXT})"
    rf"(\s+((after|at)\s+{DELAY}|error\s+{CODE}|callback\s+{_CALLBACK}))*\s*$"
).replace(" ", r"\s+")
CALLBACK_SHAPE = rf"^{_CALLBACK}$".replace(" ", r"\s+")

CARRY_ERROR = frozenset({Status.UNDELIVERED, Status.FAILED})
_LOST = CallbackWords(lost=True)
_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"(?!\S)|\S+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_FLAGS = ("lost", "first", "forged", "garbled")
_PARTS = ("after", "at", "error", "callback")
_ORDER = "a step is: status after DELAY error CODE callback WORD"
_CALLBACKS = "write lost, late 5s, x2 gap 50ms, first, forged or garbled"


def step(text: str) -> ScriptStep:
    """Read a one-line step."""
    words = _Words(text)
    first = words.take("a status")
    status = replies = None
    if first == "replies":
        replies = _reply(words.take("a text", 'write the text in quotes: replies "STOP"'))
    else:
        status = _status(first)
    parts = _Tail()
    while words:
        parts.read(words)
    return ScriptStep(
        status=status, replies=replies, after=parts.after, at=parts.at, error=parts.error, callback=parts.callback
    )


def callback(text: str) -> CallbackWords:
    """Read what may follow `callback`: `lost`, `late 5s`, `x2 gap 50ms`, `first`, `forged`, `garbled`."""
    words = _Words(text)
    found = _callback(words)
    if words:
        raise Unreadable(f"{quoted(words.take(''))} does not follow", _CALLBACKS)
    return found


def joined(first: CallbackWords, second: CallbackWords) -> CallbackWords:
    """Both at once; where both say something of the same, the second holds."""
    return CallbackWords(
        lost=first.lost or second.lost,
        late=second.late or first.late,
        times=max(first.times, second.times),
        gap=second.gap or first.gap,
        first=first.first or second.first,
        forged=first.forged or second.forged,
        garbled=first.garbled or second.garbled,
    )


def unquoted(text: str) -> str:
    """The text between double quotes, with `\\"`, `\\\\`, `\\n` and `\\t` read."""
    return _ESCAPE.sub(_escape, text[1:-1])


def contradictions(step: ScriptStep) -> Iterator[tuple[str, str, str]]:
    """What cannot be meant, whichever way the step is written: the key it is about, what is wrong, the remedy."""
    carries = step.status in CARRY_ERROR
    if step.after is not None and step.at is not None:
        yield "at", "a step is due either `after` the one before or `at` a time from acceptance", "keep one of them"
    if step.error is not None and not carries:
        said = f"status {step.status.value}" if step.status else "a handset's reply"
        yield "error", f"{said} carries no error code", "only undelivered and failed do"
    if step.replies is not None and step.callback != AS_IT_HAPPENS:
        yield "callback", "a handset's reply has no status callback", "leave `callback` out"
    elif step.callback.lost and step.callback != _LOST:
        yield "callback", "a lost callback is never told", "keep lost, or the other words"
    elif step.callback.first and step.callback.late is not None:
        yield "callback", "a callback cannot be both first and late", "keep one of them"
    elif step.callback.gap is not None and step.callback.times == 1:
        yield "callback", "a gap stands between several callbacks", "write x2 gap 50ms"


def as_mapping(step: ScriptStep) -> dict[str, Value]:
    """The step as the mapping that means the same, every value text."""
    found: dict[str, Value] = {}
    if step.status is not None:
        found["status"] = step.status.value
    if step.replies is not None:
        found["replies"] = step.replies
    for key, written in (("after", step.after), ("at", step.at)):
        if written is not None:
            found[key] = delay_text(written)
    if step.error is not None:
        found["error"] = step.error
    if step.callback != AS_IT_HAPPENS:
        found["callback"] = callback_as_mapping(step.callback)
    return found


def callback_as_mapping(words: CallbackWords) -> dict[str, Value]:
    """The words after `callback` as the mapping that means the same."""
    found: dict[str, Value] = {"lost": "yes"} if words.lost else {}
    if words.late is not None:
        found["late"] = delay_text(words.late)
    if words.times != 1:
        found["times"] = str(words.times)
    if words.gap is not None:
        found["gap"] = delay_text(words.gap)
    for key in ("first", "forged", "garbled"):
        if getattr(words, key):
            found[key] = "yes"
    return found


class _Words:
    """The words of a line, taken from the left; a text in double quotes is one."""

    def __init__(self, text: str) -> None:
        self._words = [found[1] for found in _WORD.finditer(text.strip())]
        self._next = 0

    def __bool__(self) -> bool:
        return self._next < len(self._words)

    def peek(self) -> str:
        return self._words[self._next] if self else ""

    def take(self, what: str, remedy: str = _ORDER) -> str:
        if not self:
            after = f" after {quoted(self._words[-1])}" if self._words else ""
            raise Unreadable(f"{what} is missing{after}", remedy)
        self._next += 1
        return self._words[self._next - 1]


class _Tail:
    """What follows a status: each part at most once, `callback` as often as it has something new to say."""

    def __init__(self) -> None:
        self.after: Delay | None = None
        self.at: Delay | None = None
        self.error: str | None = None
        self.callback = AS_IT_HAPPENS
        self._seen: set[str] = set()

    def read(self, words: _Words) -> None:
        word = words.take("")
        if word == "callback":
            start = words.peek()
            self._once(f"callback {'xN' if re.fullmatch('x[0-9]+', start) else start}")
            self.callback = joined(self.callback, _callback(words))
        elif word in ("after", "at"):
            self._once(word)
            setattr(self, word, delay(words.take("a delay", f"write {word} 2s")))
        elif word == "error":
            self._once(word)
            self.error = code(words.take("an error code", "write error 30003"))
        else:
            raise _unexpected(word)

    def _once(self, word: str) -> None:
        if word in self._seen:
            raise Unreadable(f"{word!r} is said twice", "keep one of them")
        self._seen.add(word)


def _callback(words: _Words) -> CallbackWords:
    word = words.take("a word", _CALLBACKS)
    if word in _FLAGS:
        return replace(AS_IT_HAPPENS, **{word: True})
    if word == "late":
        return CallbackWords(late=delay(words.take("a delay", "write callback late 5s")))
    if re.fullmatch(r"x[0-9]+", word):
        times = number(word[1:], low=1, high=TIMES_LIMIT, what="a number of times")
        if words.peek() != "gap":
            return CallbackWords(times=times)
        words.take("")
        return CallbackWords(times=times, gap=delay(words.take("a delay", f"write callback {word} gap 50ms")))
    raise Unreadable(f"{quoted(word)} is not a word for a callback", nearest(word, (*_FLAGS, "late", "x2")))


def _unexpected(word: str) -> Unreadable:
    if word.startswith('"'):
        return Unreadable(f"{quoted(word)} is out of place", 'a text follows replies: replies "STOP"')
    if word == "gap":
        return Unreadable("'gap' is out of place", "write it after the number of times: callback x2 gap 50ms")
    if word in _FLAGS or re.fullmatch(r"late|x[0-9]{1,9}", word):
        return Unreadable(f"{quoted(word)} is out of place", f"write callback before it: callback {word}")
    if word in STATUSES or word == "replies":
        return Unreadable(f"{quoted(word)} begins another step", "write each step as an entry of its own")
    return Unreadable(f"{quoted(word)} is not part of a step", nearest(word, _PARTS, _ORDER))


def _status(word: str) -> Status:
    if word in STATUSES:
        return STATUSES[word]
    if word == "queued":
        raise Unreadable("'queued' is how every message begins", "leave the step out")
    raise Unreadable(f"{quoted(word)} is not a status", nearest(word, (*STATUSES, "replies")))


def _escape(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPES:
        raise Unreadable(f"{quoted(found[0])} is not read in a text", 'write \\", \\\\, \\n or \\t')
    return _ESCAPES[found[1]]


def _reply(word: str) -> str:
    if not word.startswith('"'):
        return word
    if len(word) < 2 or not word.endswith('"'):
        remedy = "in a list in brackets put quotes around the whole step: 'replies \"a, b\"'"
        raise Unreadable(f"{quoted(word)} does not end with a quote", remedy)
    if not (text := unquoted(word)):
        raise Unreadable("the text of a reply is empty", 'write replies "STOP"')
    return text
