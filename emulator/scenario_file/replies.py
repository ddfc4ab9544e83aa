"""The kinds of `reply`: a status, a fault, or a mapping of what is answered instead."""

import re

from msgspec.structs import replace

from emulator.scenario import Fault, Reply
from emulator.scenario_file import grammar
from emulator.scenario_file.grammar import Unreadable, nearest, quoted
from emulator.scenario_file.kinds import Either, Kind, MapOf, Scalar, words
from emulator.scenario_file.records import Field, Fields, Record

HEADERS_LIMIT = 20
_HEADER_SHAPE = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_STATUS_SHAPE = "^[2-5][0-9][0-9]$"

YES = words("yes or no", {"yes": True, "no": False, "true": True, "false": False})
DELAY = Scalar("a delay", grammar.delay, grammar.DELAY_SHAPE, "2s, 1s..3s, ~2s or ~2s..20s")
DURATION = Scalar("a duration", grammar.duration, grammar.DURATION_SHAPE, "250ms, 2s or 1h30m")


def _status(text: str) -> int:
    if not grammar.matches(_STATUS_SHAPE, text):
        raise Unreadable(f"{quoted(text)} is not an HTTP status", "write one from 200 to 599")
    return int(text)


def _code(text: str) -> int:
    return grammar.number(text, low=0, high=999_999_999, what="an error code")


def _header(name: str) -> str:
    if not grammar.matches(_HEADER_SHAPE, name):
        raise Unreadable(f"{quoted(name)} is not the name of a header", "write it as in Retry-After")
    if name.lower() in _FRAMING:
        raise Unreadable(f"{name} is the server's own header", "for a broken answer use a fault: reply: truncated")
    return name


def _header_value(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]{0,1000}", text):
        raise Unreadable(f"{quoted(text)} cannot be sent in a header", "write at most 1000 printable ASCII characters")
    return text


def _message(text: str) -> str:
    return text


def _short(text: str) -> Reply:
    if text in _FAULTS:
        return Reply(fault=_FAULTS[text])
    if not text.isascii() or not text.isdigit():
        raise Unreadable(f"{quoted(text)} is not a reply", nearest(text, _FAULTS, _SHORT))
    return Reply(status=_status(text))


_FAULTS = {fault.value: fault for fault in Fault}
_SHORT = f"write a status such as 503, a fault ({', '.join(_FAULTS)}), or {{status: 400, code: 21211}}"
_STATUS = Field("status", Scalar("an HTTP status", _status, _STATUS_SHAPE, "503"), "The HTTP status of the answer")
_CODE = Field("code", Scalar("an error code", _code, "^[0-9]{1,9}$", "21211"), "The platform's error code in the body")
_MESSAGE = Field("message", Scalar("a text", _message), "The message in the body, instead of the code's own")
_HEADERS = Field(
    "headers",
    MapOf(
        "headers",
        _header,
        _HEADER_SHAPE,
        Scalar("a header's value", _header_value),
        most=HEADERS_LIMIT,
        example="{Retry-After: 1}",
    ),
    "Headers of the answer",
)
_AFTER = Field("after", DELAY, "How long the answer takes")
_FAULT = Field("fault", words("a fault", _FAULTS), "What happens on the wire instead of an answer")
_FOR = Field("for", DURATION, "How long a hang holds the connection; 30s unless said")
_ACCEPT = Field("accept", YES, "Whether the message lives on although its sender was not told")


def _reply(got: Fields) -> Reply:
    reply = Reply(
        status=got.get(_STATUS),
        code=got.get(_CODE),
        message=got.given(_MESSAGE, ""),
        headers=tuple(got.given(_HEADERS, {}).items()),
        after=got.get(_AFTER),
        fault=got.get(_FAULT),
        hang=got.given(_FOR, Reply().hang),
        accept=got.given(_ACCEPT, False),
    )
    _check(reply, got)
    return reply


def _check(reply: Reply, got: Fields) -> None:
    if _FAULT in got:
        for field in (_STATUS, _CODE, _MESSAGE, _HEADERS):
            if field in got:
                got.error(field, f"a fault has no {field.key}", "keep the fault, or the answer")
    if _FOR in got and reply.fault is not Fault.HANG:
        got.error(_FOR, "`for` is how long a hang lasts", "write {fault: hang, for: 30s}")
    refused = reply.status is not None and reply.status >= 400
    for field in (_CODE, _MESSAGE):
        if field in got and _FAULT not in got and not refused:
            got.error(field, f"{field.key} is part of an error", "add a status: {status: 400, …}")
    if _ACCEPT in got and replace(reply, accept=False).accepts:
        remedy = "write accept beside a fault, or beside a status of 300 or more"
        got.error(_ACCEPT, "the message is accepted by this reply anyway", remedy)


REPLY: Kind[Reply] = Either(
    "a status, a fault or a mapping",
    text=Scalar("a status or a fault", _short, rf"^([2-5][0-9][0-9]|{'|'.join(_FAULTS)})$"),
    entries=Record("reply", (_STATUS, _CODE, _MESSAGE, _HEADERS, _AFTER, _FAULT, _FOR, _ACCEPT), _reply),
    example="503, reset or {status: 400, code: 21211}",
)
