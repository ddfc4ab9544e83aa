"""RCML text to the verbs a messaging session executes, and what is wrong with it, named by line.

The only module that knows the language. It resolves no URL and judges no number; `markup` reads the XML.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

from emulator.markup import Element, Limits, MarkupError, read, shown
from emulator.model import Media

EMPTY_BODY = 14103
BAD_METHOD = 14104
VOICE_VERB = 14110
BAD_REDIRECT_METHOD = 13710

Method = Literal["GET", "POST"]


class RcmlError(MarkupError):
    """Text that cannot be read as RCML at all: what is wrong, at which line and column, counted from 1."""


class Problem(Struct, frozen=True, kw_only=True):
    """Something the platform logs under its notification code, or a remark of our own, with no code."""

    code: int | None
    level: Literal["error", "warning"]
    message: str
    line: int


class Message(Struct, frozen=True, kw_only=True):
    """`<Message>` or `<Sms>`: a text or media to send. Who is not named comes from the conversation."""

    verb: Literal["Message", "Sms"]
    sender: str | None = None
    recipient: str | None = None
    action: str | None = None
    method: Method = "POST"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    body: str = ""
    media: tuple[Media, ...] = ()
    line: int = 1


class Redirect(Struct, frozen=True, kw_only=True):
    """`<Redirect>`: go on with the RCML at this URL, absolute or relative."""

    url: str
    method: Method = "POST"
    line: int = 1


class Email(Struct, frozen=True, kw_only=True):
    """`<Email>`: a mail to send."""

    sender: str
    recipient: str
    cc: str | None = None
    bcc: str | None = None
    subject: str
    body: str = ""
    line: int = 1


Verb = Message | Redirect | Email


class Document(Struct, frozen=True, kw_only=True):
    """The verbs to execute, in order; `stopped` is the error at which the platform would stop executing."""

    verbs: tuple[Verb, ...] = ()
    warnings: tuple[Problem, ...] = ()
    stopped: Problem | None = None


DEFAULT_LIMITS = Limits()


def parse(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The verbs of an RCML text; `RcmlError` when it is not well-formed or not safe to read."""
    try:
        root = read(text, limits=limits)
    except MarkupError as error:
        raise RcmlError(error.message, line=error.line, column=error.column) from None
    return _Interpreter().document(root)


_DEFAULT_SUBJECT = "Restcomm Email Service"
_VOICE_VERBS = (
    *("Say", "Play", "Dial", "Gather", "Record", "Pause", "Hangup", "Reject", "Fax", "Enqueue", "Leave"),
    *("Language", "UssdMessage", "UssdCollect"),
)
_MESSAGE_ATTRIBUTES = ("from", "to", "action", "method", "statusCallback", "statusCallbackMethod")
_MEDIA_TYPES = ("type", "content-type", "content_type")
_VERBS: dict[str, tuple[str, ...]] = {
    "Message": _MESSAGE_ATTRIBUTES,
    "Sms": _MESSAGE_ATTRIBUTES,
    "Redirect": ("method",),
    "Email": ("from", "to", "cc", "bcc", "subject"),
}
_PARTS: dict[str, tuple[str, ...]] = {"Body": (), "Media": ("url", *_MEDIA_TYPES)}
_ATTRIBUTES = _VERBS | _PARTS


class _Interpreter:
    """Turns elements into verbs, and keeps what there is to warn about."""

    def __init__(self) -> None:
        self._warnings: list[Problem] = []

    def document(self, root: Element) -> Document:
        self._judge_root(root)
        verbs: list[Verb] = []
        stopped = None
        for element in root.children:
            found = self._verb(element)
            if isinstance(found, Problem):
                stopped = found
                break
            if found is not None:
                verbs.append(found)
        return Document(verbs=tuple(verbs), warnings=tuple(self._warnings), stopped=stopped)

    def _judge_root(self, root: Element) -> None:
        if root.name != "Response":
            self._warn(root, f"the root is <{shown(root.name)}>; it should be <Response>")
        if root.text:
            self._warn(root, f"text outside a verb is not sent: {shown(root.text)!r}; put it into <Message>")

    def _verb(self, element: Element) -> Verb | Problem | None:
        match element.name:
            case "Message" | "Sms" as verb:
                return self._message(element, verb)
            case "Redirect":
                return self._redirect(element)
            case "Email":
                return self._email(element)
            case name if name in _VOICE_VERBS:
                self._warn(element, "Invalid Verb for SMS Reply", code=VOICE_VERB)
            case name:
                hint = _hint(name, _VERBS, "<{}>")
                self._warn(element, f"{_place(element)} is not a verb and was skipped{hint}")
        return None

    def _message(self, element: Element, verb: Literal["Message", "Sms"]) -> Message | Problem:
        given = self._attributes(element)
        body, media = self._content(element)
        if not body and not media:
            # The platform's words, after the body itself, which is nothing here
            return Problem(code=EMPTY_BODY, level="error", message=f"{body} is an invalid SMS body.", line=element.line)
        return Message(
            verb=verb,
            sender=given.get("from"),
            recipient=given.get("to"),
            action=given.get("action"),
            method=self._method(element, given.get("method"), BAD_METHOD),
            status_callback=given.get("statusCallback"),
            status_callback_method=self._method(element, given.get("statusCallbackMethod"), BAD_METHOD),
            body=body,
            media=media,
            line=element.line,
        )

    def _redirect(self, element: Element) -> Redirect | None:
        given = self._attributes(element)
        self._skip_children(element)
        method = self._method(element, given.get("method"), BAD_REDIRECT_METHOD)
        if not element.text:
            self._warn(element, f"{_place(element)} names no URL and was skipped")
            return None
        return Redirect(url=element.text, method=method, line=element.line)

    def _email(self, element: Element) -> Email | None:
        given = self._attributes(element)
        self._skip_children(element)
        if missing := [f"'{name}'" for name in ("from", "to") if name not in given]:
            self._warn(element, f"{_place(element)} lacks {' and '.join(missing)} and was skipped")
            return None
        return Email(
            sender=given["from"],
            recipient=given["to"],
            cc=given.get("cc"),
            bcc=given.get("bcc"),
            subject=given.get("subject", _DEFAULT_SUBJECT),
            body=element.text,
            line=element.line,
        )

    def _content(self, element: Element) -> tuple[str, tuple[Media, ...]]:
        """The texts of a message, its own and those of `<Body>`, a line each; and its media."""
        texts = [element.text]
        media: list[Media] = []
        for part in element.children:
            if part.name == "Body":
                texts.append(self._body(part))
            elif part.name == "Media":
                media.extend(self._media(part))
            else:
                self._warn_of_child(element, part)
        return "\n".join(text for text in texts if text), tuple(media)

    def _body(self, part: Element) -> str:
        self._attributes(part)
        self._skip_children(part)
        return part.text

    def _media(self, part: Element) -> Iterable[Media]:
        given = self._attributes(part)
        self._skip_children(part)
        if url := given.get("url") or part.text:
            content_type = next((given[name] for name in _MEDIA_TYPES if name in given), "")
            return (Media(url=url, content_type=content_type),)
        self._warn(part, f"{_place(part)} names no URL and was skipped")
        return ()

    def _attributes(self, element: Element) -> dict[str, str]:
        """The attributes that are there and not empty; a warning for each that nobody reads."""
        known = _ATTRIBUTES[element.name]
        for name in element.attributes:
            if name not in known and not _is_of_xml(name):
                hint = _hint(name, known, "'{}'")
                self._warn(element, f"{_place(element)}: unknown attribute '{shown(name)}'{hint}")
        return {name: value for name, value in element.attributes.items() if name in known and value}

    def _method(self, element: Element, given: str | None, code: int) -> Method:
        match (given or "POST").upper():
            case "GET":
                return "GET"
            case "POST":
                return "POST"
        message = f"{shown(given or '')} is not a valid HTTP method for <{element.name}>"
        self._warn(element, message, code=code)
        return "POST"

    def _skip_children(self, element: Element) -> None:
        for child in element.children:
            self._warn_of_child(element, child)

    def _warn_of_child(self, parent: Element, child: Element) -> None:
        known = tuple(_PARTS) if parent.name in ("Message", "Sms") else ()
        hint = _hint(child.name, known, "<{}>")
        self._warn(child, f"{_place(child)} has no meaning within <{parent.name}> and was skipped{hint}")

    def _warn(self, element: Element, message: str, *, code: int | None = None) -> None:
        self._warnings.append(Problem(code=code, level="warning", message=message, line=element.line))


def _place(element: Element) -> str:
    return f"<{shown(element.name)}> on line {element.line}"


def _is_of_xml(name: str) -> bool:
    return name == "xmlns" or ":" in name


def _hint(name: str, known: Iterable[str], form: str) -> str:
    """What was probably meant, as the end of a sentence; nothing when no known name is near."""
    by_lower_case = {each.lower(): each for each in known}
    if same := by_lower_case.get(name.lower()):
        return f"; upper and lower case matter, write {form.format(same)}"
    near = get_close_matches(shown(name).lower(), by_lower_case, n=1)
    return f"; did you mean {form.format(by_lower_case[near[0]])}?" if near else ""
