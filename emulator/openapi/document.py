"""The document itself: OpenAPI 3.1 of the control API and of the platform's paths."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from aiohttp_sse import EventSourceResponse
from msgspec import Struct

from emulator import __version__
from emulator.api import dispatch, media
from emulator.control.application import PREFIX, ROUTES
from emulator.control.reading import Source
from emulator.control.routing import Error, PlainText, Route, ScenarioErrors, WaitedInVain, Yaml, types_of
from emulator.openapi import platform
from emulator.openapi.platform import Known
from emulator.openapi.resources import RESOURCES
from emulator.wire import FORM, JSON, XML

VERSION = "3.1.0"

Json = dict[str, Any]

KNOWN: Mapping[tuple[str, tuple[str, ...]], Known] = platform.MESSAGES | RESOURCES
"""Every call of the platform that is emulated, by method and path below the account."""

_REFERENCE = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"\{(\w+)\}")
_VARIABLES = {
    "account": "SID of an account, or the word default",
    "message": "SID of a message",
    "number": "E.164 number, such as +15550100001",
}
_MEANINGS = {
    400: "A parameter is unknown, missing, malformed or out of range",
    403: "The server holds as many accounts as it may",
    404: "There is no such account, or no such thing in it",
    405: "Another method is wanted",
    408: "It did not happen in time",
    409: "It contradicts the present state",
    413: "The body is too long",
    415: "The body's Content-Type is not read here",
    422: "The scenario has errors",
    503: "The server is starting or stopping",
    507: "The database could not take it",
}
_SHAPES: dict[int, type[Struct]] = {408: WaitedInVain, 422: ScenarioErrors}
_ANYTHING: Json = {"type": "object"}
_TEXTS = {Yaml: "application/yaml", PlainText: "text/plain", EventSourceResponse: "text/event-stream"}


@cache
def document() -> Json:
    """The document, as JSON values."""
    calls = [_Control(route) for route in ROUTES]
    types = {kind for call in calls for kind in call.types()} | {platform.PlatformError}
    types |= {kind for known in KNOWN.values() for kind in (known.query, known.body, known.answer) if kind}
    ordered = sorted(types, key=str)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REFERENCE)
    paths: dict[str, Json] = {}
    for call in calls:
        paths.setdefault(PREFIX + call.route.path, {})[call.route.method.lower()] = call.operation(schemas)
    for path, methods in dispatch.ROUTES.items():
        paths[_platform_path(path)] = {
            method.lower(): _platform_operation(path, method, handler, schemas) for method, handler in methods.items()
        }
    paths[_platform_path(("MediaAttachments", dispatch.ANY))] = {"get": _attachment()}
    return {
        "openapi": VERSION,
        "info": {
            "title": "cpaas-emulator",
            "version": __version__,
            "description": "The control API below /_emulator, and the platform's API as it is emulated. "
            f"The platform's paths work below {' , '.join(dispatch.PREFIXES)} alike.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "account": {"type": "http", "scheme": "basic", "description": "Account SID and auth token"}
            },
        },
    }


class _Control:
    """One call of the control API."""

    def __init__(self, route: Route) -> None:
        self.route = route
        hints = types_of(route.handler)
        self.query = hints.get("query")
        self.body = hints.get("body")
        self.answer = hints["return"]

    def types(self) -> Iterator[type[Struct]]:
        """The types that must be among the components."""
        for kind in (self.query, self.body, self.answer, Error, *(_SHAPES.get(status) for status in self.route.errors)):
            if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Source:
                yield kind

    def operation(self, schemas: Mapping[str, Json]) -> Json:
        """The operation object."""
        handler = self.route.handler
        shown: Json = {
            "operationId": f"{handler.__module__.rpartition('.')[2]}_{handler.__name__}",
            "tags": [handler.__module__.rpartition(".")[2]],
            **_described(handler.__doc__),
            "parameters": [*_variables(self.route.path), *_query(self.query, schemas)],
            "responses": {str(self.route.status): _success(self.answer), **self._errors()},
        }
        if self.body is not None:
            shown["requestBody"] = {"required": self.body is Source, "content": _content_of(self.body)}
        return shown

    def _errors(self) -> dict[str, Json]:
        statuses = {400, 503, *self.route.errors}
        if "{account}" in self.route.path:
            statuses |= {404, 507}
        if self.body is not None:
            statuses |= {413, 415}
        return {str(status): _response(_MEANINGS[status], _SHAPES.get(status, Error)) for status in sorted(statuses)}


def _platform_path(path: tuple[str, ...]) -> str:
    names = iter(("Sid", "SecondSid"))
    parts = ("Accounts", "{AccountSid}", *("{" + next(names) + "}" if part == dispatch.ANY else part for part in path))
    return "/".join((dispatch.PREFIXES[0], *parts))


def _platform_operation(path: tuple[str, ...], method: str, handler: Any, schemas: Mapping[str, Json]) -> Json:  # noqa: ANN401 - any function
    known = KNOWN[(method, path)]
    shown: Json = {
        "operationId": "platform_"
        + "_".join((method.lower(), *(part for part in path if part != dispatch.ANY)))
        + ("_one" if dispatch.ANY in path else ""),
        "tags": [f"platform: {path[0]}"],
        **_described(handler.__doc__),
        "security": [{"account": []}],
        "parameters": [*_variables(_platform_path(path)), *_query(known.query, schemas)],
        "responses": _platform_responses(known),
    }
    if known.body:
        reference = {"schema": _schema(known.body)}
        kinds = (FORM,) if known.xml else (FORM, JSON)
        shown["requestBody"] = {"required": True, "content": dict.fromkeys(kinds, reference)}
    return shown


def _platform_responses(known: Known) -> dict[str, Json]:
    as_xml = {XML: {"schema": {"type": "string"}}} if known.xml else {}
    wrong: Json = {"content": {JSON: {"schema": _schema(platform.PlatformError)}, **as_xml}}
    # the platform says some things in bare text, whatever it calls that
    bare: Json = {"content": {JSON: {}, **as_xml}}
    shown: dict[str, Json] = {
        "401": {"description": "No credentials, or wrong ones"},
        "403": {"description": "Another account's, or an account that may not"},
        "404": {"description": "There is no such thing", **wrong},
        "400": {"description": "Parameters that make no sense, all of them named", **bare},
        str(known.status): {"description": "As the platform answers"},
    }
    if known.answer is not None:
        shown[str(known.status)]["content"] = {JSON: {"schema": _schema(known.answer)}, **as_xml}
    if known.body:
        shown["413"] = {"description": "The body is too long", **wrong}
        shown["415"] = {"description": "The body's Content-Type is not read here", **wrong}
    if known.xml:
        shown["406"] = {"description": "Neither XML nor JSON is accepted", **wrong}
    return dict(sorted(shown.items()))


def _attachment() -> Json:
    error = platform.PlatformError
    return {
        "operationId": "platform_get_MediaAttachments_one",
        "tags": ["platform: MediaAttachments"],
        **_described(media.__doc__),
        "parameters": [*_variables(_platform_path(("MediaAttachments", dispatch.ANY)))],
        "responses": {
            "200": {"description": "The attachment", "content": {"*/*": {}}},
            "404": _response("There is no such attachment", error),
            "502": _response("It cannot be fetched from where it lies", error),
        },
    }


def _described(text: str | None) -> Json:
    summary, _, rest = (text or "").strip().partition("\n\n")
    shown = {"summary": " ".join(summary.split())}
    return shown | {"description": " ".join(rest.split())} if rest.strip() else shown


def _variables(path: str) -> Iterator[Json]:
    for name in _VARIABLE.findall(path):
        shown = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        yield shown | {"description": _VARIABLES[name]} if name in _VARIABLES else shown


def _query(kind: type[Struct] | None, schemas: Mapping[str, Json]) -> Iterator[Json]:
    if kind is None:
        return
    schema = schemas[kind.__name__]
    for name, described in schema.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}


def _success(kind: object) -> Json:
    if kind is type(None):
        return {"description": "Done"}
    if isinstance(kind, type) and kind in _TEXTS:
        schema = _ANYTHING if kind is Yaml else {"type": "string"}
        return {"description": "Text", "content": {_TEXTS[kind]: {"schema": schema}}}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _response(" ".join((kind.__doc__ or "").split()), kind)
    return {"description": "JSON", "content": {JSON: {"schema": _ANYTHING}}}


def _response(description: str, kind: type[Struct]) -> Json:
    return {"description": description, "content": {JSON: {"schema": _reference(kind)}}}


def _content_of(body: type[Struct]) -> Json:
    if body is Source:
        return {_TEXTS[Yaml]: {"schema": _ANYTHING}, JSON: {"schema": _ANYTHING}}
    return {JSON: {"schema": _reference(body)}}


def _reference(kind: type[Struct]) -> Json:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}


def _schema(kind: Any) -> Json:  # noqa: ANN401 - any type
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return schema
