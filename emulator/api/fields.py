"""What numbers and applications are made of: parameters, the keys they are kept under, and how each is read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from emulator.api.answers import Call
from emulator.api.messages import URL_CHARACTERS, url_problem
from emulator.errors import BadRequest
from emulator.wire import check_text, read_parameters, unknown_parameters

TEXT_CHARACTERS = 255
"""Longest name, version or SID that is taken; our choice."""

Reader = Callable[[str, object], Any]
"""Reads the value of a named parameter. Raises BadRequest."""


class Field(Struct, frozen=True):
    """A parameter, its key in the platform's JSON, and how it is read."""

    parameter: str
    key: str
    read: Reader


async def read_given(call: Call, known: Iterable[str]) -> dict[str, Any]:
    """The parameters of a form or of a JSON object; the rest is warned of. null says as much as empty text."""
    known = tuple(known)
    call.parameters = await read_parameters(call.request)
    call.warn(unknown_parameters(call.parameters, known))
    return {name: "" if value is None else value for name, value in call.parameters.items() if name in known}


def read_fields(given: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """The fields that were given, by key. Raises BadRequest with everything that is wrong."""
    found: dict[str, Any] = {}
    problems = []
    for field in fields:
        if field.parameter in given:
            try:
                found[field.key] = field.read(field.parameter, given[field.parameter])
            except BadRequest as error:
                problems.append(error.message)
    if problems:
        raise BadRequest("; ".join(problems))
    return found


def text(name: str, value: object) -> str:
    """Any short text."""
    if problem := check_text(name, value, limit=TEXT_CHARACTERS):
        raise BadRequest(problem)
    return str(value)


def optional_text(name: str, value: object) -> str | None:
    """Any short text; empty clears it."""
    return text(name, value) or None


def url(name: str, value: object) -> str | None:
    """An absolute URL; empty clears it."""
    problem = check_text(name, value, limit=URL_CHARACTERS)
    if not problem and value:
        problem = url_problem(name, str(value))
    if problem:
        raise BadRequest(problem)
    return str(value) or None


def method(name: str, value: object) -> str:
    """GET or POST; empty is POST, the platform's default."""
    asked = text(name, value).upper() or "POST"
    if asked not in ("GET", "POST"):
        raise BadRequest(f"{name} must be GET or POST, not {asked[:40]!r}")
    return asked


def flag(name: str, value: object) -> bool:
    """`true` or `false`; empty is false."""
    if isinstance(value, bool):
        return value
    asked = text(name, value).lower()
    if asked not in ("true", "false", ""):
        raise BadRequest(f"{name} must be true or false, not {asked[:40]!r}")
    return asked == "true"
