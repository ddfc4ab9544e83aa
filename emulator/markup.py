"""Untrusted XML text to elements with their lines: the only module that reads XML.

Document types, and with them all entities, are refused before anything in them is looked at; size, depth and
the number of elements and attributes are bounded. A stray `&` is taken for itself, as the platform does.
"""

import re
from xml.parsers import expat

from msgspec import Struct, field

# What starts no reference; a name longer than this is none either
_STRAY_AMPERSAND = re.compile(r"&(?!#[0-9]+;|#x[0-9a-fA-F]+;|[A-Za-z_][\w.-]{0,63};)")
# A noncharacter keeps the place of a stray ampersand while expat reads: columns stay what the author sees
_AMPERSAND = "\ufdd0"
# A NUL is no character of XML either, and would make expat take the text for UTF-16
_NO_CHARACTER = re.compile(f"\x00|{_AMPERSAND}|&#(?:x0*[fF][dD][dD]0|0*{ord(_AMPERSAND)});")
_WHITESPACE = " \t\r\n"
_BYTE_ORDER_MARK = "\ufeff"
_SHOWN = 60

_REMEDIES = {
    "undefined entity": "unknown entity; XML has amp, lt, gt, quot and apos; others by number, as &#160;",
    "XML or text declaration not at start of entity": "only at the very start of the text may `<?xml` stand",
    "junk after document element": "there is something after the end of the root element",
}
"""What to say where expat's own words do not tell enough."""


class MarkupError(Exception):
    """Text that cannot be read: what is wrong, at which line and column, counted from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class Limits(Struct, frozen=True, kw_only=True):
    """What is read at most: bytes of UTF-8, elements one within the other, elements and attributes in all."""

    size: int = 1024 * 1024
    depth: int = 20
    nodes: int = 2000


class Element(Struct, kw_only=True):
    """An element: its attributes trimmed, its children in order, the line it starts on."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The character data directly within, trimmed."""
        return "".join(self.pieces).strip(_WHITESPACE)


def read(text: str, *, limits: Limits) -> Element:
    """The root element of a text; `MarkupError` when it is not well-formed or not safe to read."""
    return _Reader(text, limits).root()


def shown(text: str) -> str:
    """A text from outside, cut to a length that fits into a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class _Reader:
    """Builds elements from expat's events, and refuses what is dangerous where it begins."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text.removeprefix(_BYTE_ORDER_MARK)
        self._limits = limits
        self._nodes = 0
        self._top = Element(name="", line=0)
        self._open = [self._top]
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def root(self) -> Element:
        self._check_characters()
        try:
            self._parser.Parse(_STRAY_AMPERSAND.sub(_AMPERSAND, self._text), True)
        except expat.ExpatError as error:
            raise MarkupError(self._reason(error), line=error.lineno, column=error.offset + 1) from None
        return self._top.children[0]

    def _check_characters(self) -> None:
        try:
            size = len(self._text.encode())
        except UnicodeEncodeError as error:
            raise self._error_at(error.start, "half of a surrogate pair is not a character") from None
        if size > self._limits.size:
            raise MarkupError(f"{size} bytes are too many; at most {self._limits.size} are read")
        if found := _NO_CHARACTER.search(self._text):
            name = "U+0000" if found[0] == "\0" else "U+FDD0"
            raise self._error_at(found.start(), f"{name} is not a character")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1 + len(attributes)
        if self._nodes > self._limits.nodes:
            raise self._error_here(f"more than {self._limits.nodes} elements and attributes")
        if len(self._open) > self._limits.depth:
            raise self._error_here(f"elements are nested more than {self._limits.depth} deep")
        values = {key: _restored(value).strip(_WHITESPACE) for key, value in attributes.items()}
        element = Element(name=name, line=self._parser.CurrentLineNumber, attributes=values)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].pieces.append(_restored(text))

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error_here("document types and entities are refused; remove <!DOCTYPE ...>")

    def _error_here(self, message: str) -> MarkupError:
        parser = self._parser
        return MarkupError(message, line=parser.CurrentLineNumber, column=parser.CurrentColumnNumber + 1)

    def _error_at(self, position: int, message: str) -> MarkupError:
        before = self._text[:position]
        line_start = before.rfind("\n") + 1
        return MarkupError(message, line=before.count("\n") + 1, column=position - line_start + 1)

    def _reason(self, error: expat.ExpatError) -> str:
        start = self._text.lstrip(_WHITESPACE)
        if not start:
            return "the text is empty"
        if not start.startswith("<"):
            return f"this is not XML: it starts with {shown(start)!r}"
        reason = expat.ErrorString(error.code) or "not well-formed"
        return _REMEDIES.get(reason) or reason + self._still_open()

    def _still_open(self) -> str:
        innermost = self._open[-1]
        if innermost is self._top:
            return ""
        return f"; <{shown(innermost.name)}> of line {innermost.line} is still open"


def _restored(text: str) -> str:
    return text.replace(_AMPERSAND, "&")
