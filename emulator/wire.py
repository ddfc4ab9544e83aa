"""What the surfaces share: the application's keys, reading parameters, checking text, writing JSON."""

import asyncio
import codecs
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from yarl import query_to_pairs

from emulator.config import Config
from emulator.engine import Engine
from emulator.errors import BadRequest, TooLarge, UnsupportedMediaType

BODY_LIMIT = 10_000_000
"""Bytes of a request body; the platform answers 413 beyond (its body length filter)."""

PARAMETER_LIMIT = 1_000
"""How many parameters a form may have: reading millions would stall everybody."""

DIGITS_LIMIT = 300
"""Digits of a whole number in JSON; none of ours is that long."""

JSON = "application/json"
XML = "application/xml"
FORM = "application/x-www-form-urlencoded"

CONFIG = web.AppKey("config", Config)
ENGINE = web.AppKey("engine", Engine)
STOPPING = web.AppKey("stopping", asyncio.Event)
"""Set when the server stops: requests that are held open end then."""

# what forms are written in; other codecs of Python decode anything, some to nonsense
_CHARSETS = ("utf-8", "ascii", "iso8859-1", "cp1252")

_encoder = msgspec.json.Encoder()


def json_bytes(value: object) -> bytes:
    """JSON with two spaces of indentation, as the platform writes it."""
    return msgspec.json.format(_encoder.encode(value), indent=2)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer whose Content-Type is exactly `application/json`: one client library compares it for equality."""
    return web.Response(body=json_bytes(value), status=status, content_type=JSON, headers=headers)


async def read_parameters(request: web.Request, *, kinds: Sequence[str] = (FORM, JSON)) -> dict[str, Any]:
    """The parameters of a POST: a form's text values, or the members of a JSON object; `kinds` says which are taken.

    Raises UnsupportedMediaType, TooLarge, or BadRequest for a body that cannot be read or names a parameter twice.
    """
    if (request.content_length or 0) > BODY_LIMIT:
        raise TooLarge(f"Length larger than {BODY_LIMIT}")
    given = request.headers.get("Content-Type", "")
    kind, charset = _content(given)
    if kind not in kinds:
        raise UnsupportedMediaType(
            f"Content-Type {given[:100]!r} is not read here" if given else "Content-Type is missing",
            remedy=f"send {' or '.join(kinds)}",
        )
    try:
        body = await _read(request)
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"Length larger than {BODY_LIMIT}") from None
    except (web.RequestPayloadError, ConnectionError):
        raise BadRequest("the body could not be read to its end") from None
    try:
        return _form_fields(body, charset) if kind == FORM else _unique(_json_members(body))
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def is_form(request: web.Request) -> bool:
    """Whether the body is a form."""
    return _content(request.headers.get("Content-Type", ""))[0] == FORM


def check_text(name: str, value: object, *, limit: int) -> str | None:
    """What is wrong with a text parameter, or None."""
    if not isinstance(value, str):
        return f"{name} must be text, not {_kind(value)}"
    if len(value) > limit:
        return f"{name} is longer than {limit} characters"
    if "\x00" in value:
        return f"{name} contains a NUL character"
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return f"{name} contains half of a surrogate pair, which is not text"
    return None


def require_encoded(raw: str, pairs: Iterable[tuple[str, str]], charset: str = "utf-8") -> None:
    """Raise BadRequest if what was decoded from this query or form is not what was meant: `%ff` is no UTF-8."""
    # the decoder says U+FFFD for what it cannot read, and so may the sender
    if any("\ufffd" in name or "\ufffd" in value for name, value in pairs):
        try:
            parse_qsl(raw, keep_blank_values=True, encoding=charset, errors="strict")
        except UnicodeDecodeError as error:
            wrong = "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end])
            raise BadRequest(
                f"{wrong} is not text in {charset}", remedy="percent-encode UTF-8; a percent sign itself is %25"
            ) from None


def unknown_parameters(given: Collection[str], known: Iterable[str]) -> str:
    """A sentence about parameters nobody reads, with the nearest known names; empty when there are none."""
    known = list(known)
    if set(known).issuperset(given):
        return ""
    said = []
    for name in [name[:60] for name in given if name not in known][:10]:
        near = [each for each in known if each.lower() == name.lower()] or get_close_matches(name, known, n=1)
        said.append(ascii(name) + (f" (did you mean {near[0]}?)" if near else ""))
    return f"ignored unknown parameters: {', '.join(said)}"


def whole_number(name: str, text: str, *, low: int, high: int) -> int:
    """Read a whole number in a range. Raises BadRequest naming the parameter."""
    digits = text.removeprefix("-")
    if len(text) > 20 or not (digits.isascii() and digits.isdigit()):
        raise BadRequest(f"{name} must be a whole number, not {text[:40]!r}")
    number = int(text)
    if not low <= number <= high:
        raise BadRequest(f"{name} must be between {low} and {high}, not {number}")
    return number


async def _read(request: web.Request) -> bytes:
    content = request.content
    # nearly every body has come with its head
    return content.read_nowait() if content.is_eof() and not content.at_eof() else await request.read()


@lru_cache(maxsize=256)
def _content(header: str) -> tuple[str, str]:
    """The type in a Content-Type header, and Python's name of the charset: of what forms are written in, or empty."""
    parsed = Message()
    parsed["Content-Type"] = header
    try:
        charset = codecs.lookup(parsed.get_content_charset() or "utf-8").name
    except (LookupError, UnicodeError, ValueError):
        charset = ""
    return (parsed.get_content_type() if header else "", charset if charset in _CHARSETS else "")


def _form_fields(body: bytes, charset: str) -> dict[str, Any]:
    if body.count(b"&") >= PARAMETER_LIMIT:
        raise BadRequest(f"the form has more than {PARAMETER_LIMIT} parameters")
    try:
        text = body.decode(charset)
    except (UnicodeError, LookupError):
        raise BadRequest("the body is not text in the charset its Content-Type names", remedy="send UTF-8") from None
    # programs that print a form end it with a line break
    text = text.removesuffix("\n").removesuffix("\r")
    encoding = "utf-8" if charset == "ascii" else charset
    pairs = query_to_pairs(text, encoding=encoding)
    require_encoded(text, pairs, encoding)
    found = dict(pairs)
    if text.startswith("{"):
        raise BadRequest(
            "the body looks like JSON, but its Content-Type says that it is a form",
            remedy=f"send it with Content-Type: {JSON}",
        )
    return found if len(found) == len(pairs) else _unique(pairs)


def _json_members(body: bytes) -> list[tuple[str, Any]]:
    try:
        value = _loads(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}"[:300], remedy="send a JSON object") from None
    if not isinstance(value, _Members):
        raise BadRequest("the body must be a JSON object, as {...}")
    return value


def json_value(text: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """What this JSON says, None when it is none. Raises BadRequest for a name that is given twice."""
    try:
        return _plain(_loads(text))
    except (ValueError, RecursionError):
        return None


def _loads(text: str | bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    return json.loads(text, object_pairs_hook=_Members, parse_constant=_no_constant, parse_int=_integer)


class _Members(list[tuple[str, Any]]):
    """A JSON object before duplicates are looked for."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_LIMIT:
        raise ValueError(f"a number of more than {DIGITS_LIMIT} digits is not read")
    return int(digits)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadRequest(
                f"{name[:60] or 'a parameter without a name'} is given twice", remedy="send each parameter once"
            )
        found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, _Members):
        return _unique(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"
