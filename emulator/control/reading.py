"""Reading control calls: queries and JSON bodies into typed values, each mistake named with its nearest spelling."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from aiohttp import web
from msgspec import Struct

from emulator.clock import format_duration, parse_duration
from emulator.errors import BadRequest, TooLarge, UnsupportedMediaType
from emulator.wire import BODY_LIMIT, JSON

LONGEST_WAIT = 600_000
"""Longest time-out of a call that waits, in real milliseconds."""

S = TypeVar("S", bound=Struct)

_LOST_PLUS = re.compile(r"(^|:) (?=[0-9*])")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_PATH = re.compile(r" - at `\$\.?(.*)`$")


class Source(Struct, frozen=True):
    """A body that is YAML or JSON text."""

    text: str


def read_query(request: web.Request, kind: type[S]) -> S:
    """The query as a `kind`. A name may be repeated where the field is a tuple."""
    repeatable = _parameters(kind)
    _refuse_unknown(request.query, repeatable, "parameter")
    given: dict[str, object] = {}
    for name in set(request.query):
        values = request.query.getall(name)
        if repeatable[name]:
            given[name] = values
        elif len(values) == 1:
            given[name] = values[0]
        else:
            raise BadRequest(f"{name} is given {len(values)} times", remedy="give it once")
    return _convert(given, kind, strict=False)


async def read_body(request: web.Request, kind: type[S]) -> S:
    """The JSON body as a `kind`, whatever its Content-Type says; no body at all is an empty object."""
    body = await _bytes(request)
    if kind is Source:
        return kind(_text(request, body))
    try:
        value = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}", remedy="send a JSON object") from None
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object, as {...}")
    _refuse_unknown(value, (field.encode_name for field in msgspec.structs.fields(kind)), "key")
    return _convert(value, kind, strict=True)


def duration(name: str, value: str | float) -> int:
    """A duration in milliseconds from text or a number of seconds. Raises BadRequest naming the parameter."""
    try:
        return parse_duration(_number(value))
    except ValueError as error:
        negative = str(value).startswith("-")
        remedy = "time only goes forward" if negative else "write it as 250ms, 90s or 1h30m, or as a number of seconds"
        raise BadRequest(f"{name}: {error}", remedy=remedy) from None


def timeout(value: str | float) -> int:
    """A time-out in real milliseconds, at most `LONGEST_WAIT`."""
    milliseconds = duration("timeout", value)
    if milliseconds > LONGEST_WAIT:
        raise BadRequest(
            f"timeout: {format_duration(milliseconds)} is too long",
            remedy=f"wait at most {format_duration(LONGEST_WAIT)} at a time, and wait again",
        )
    return milliseconds


def restore_plus(number: str) -> str:
    """Undo what a query decoder does to a `+` that was not written as %2B."""
    return _LOST_PLUS.sub(r"\1+", number)


@cache
def _parameters(kind: type[Struct]) -> dict[str, bool]:
    """The names of a query's parameters, and whether each may be repeated."""
    return {field.encode_name: get_origin(field.type) is tuple for field in msgspec.structs.fields(kind)}


async def _bytes(request: web.Request) -> bytes:
    if request.content_type.startswith("multipart/"):
        raise UnsupportedMediaType("a multipart body is not read here", remedy=f"send {JSON}")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"the body is longer than {BODY_LIMIT} bytes") from None
    except (web.RequestPayloadError, ConnectionError):
        raise BadRequest("the body could not be read to its end") from None


def _text(request: web.Request, body: bytes) -> str:
    try:
        if request.content_type == JSON:
            # YAML reads JSON, but not each of its escapes
            return msgspec.json.format(msgspec.json.encode(msgspec.json.decode(body)), indent=2).decode()
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: {error}", remedy="send UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(
            f"the body is not JSON: {error}", remedy="send YAML with Content-Type application/yaml, or correct the JSON"
        ) from None


def _refuse_unknown(given: Iterable[str], known: Iterable[str], what: str) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            near = get_close_matches(name[:60], known, n=1)
            listed = f"known are {', '.join(known)}" if known else f"this call takes no {what}"
            raise BadRequest(f"unknown {what} {name[:60]!a}", remedy=f"did you mean {near[0]}?" if near else listed)


def _convert(value: dict[str, Any], kind: type[S], *, strict: bool) -> S:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        said = str(error)
    if missing := _MISSING.match(said):
        raise BadRequest(f"{missing[1]} is required")
    if (place := _PATH.search(said)) is None or not place[1]:
        raise BadRequest(said)
    field = re.split(r"[.\[]", place[1])[0]
    choices = _choices(next(each.type for each in msgspec.structs.fields(kind) if each.encode_name == field))
    remedy = f"known are {', '.join(choices)}" if choices else "GET /_emulator/openapi.json says what each call takes"
    raise BadRequest(f"{place[1]}: {_PATH.sub('', said)}", remedy=remedy)


def _choices(kind: Any) -> list[str]:  # noqa: ANN401 - a type
    """The words that a type allows, if it is one of words."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return [each.value for each in kind]
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice for each in get_args(kind) for choice in _choices(each)]


def _number(value: str | float) -> str | float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
