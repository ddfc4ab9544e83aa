"""From a control call to its answer: routes whose types say what they read and give, and the shape of errors.

A handler is called with the call and, if it names them, a `query` and a `body` of the types it annotates. What it
returns becomes the answer. The OpenAPI document is made from the same annotations.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar, get_type_hints

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from emulator.config import Config
from emulator.control.reading import read_body, read_query
from emulator.engine import Engine
from emulator.errors import BadScenario, MethodNotAllowed, NotFound, Problem, Refused, TimedOut, TooLarge, Unavailable
from emulator.tenant import Tenant
from emulator.wire import BODY_LIMIT, CONFIG, ENGINE, STOPPING, json_response

DEFAULT_ACCOUNT = "default"
"""Stands for the default account's SID in every path."""

log = logging.getLogger("emulator")
T = TypeVar("T")


class PlainText(str):
    """An answer of text/plain."""

    __slots__ = ()
    content_type = "text/plain"


class Yaml(str):
    """An answer of application/yaml."""

    __slots__ = ()
    content_type = "application/yaml"


class Said(Struct, frozen=True):
    """What is wrong, and what to do about it (may be empty)."""

    message: str
    remedy: str


class Error(Struct, frozen=True):
    """An error."""

    error: Said


class Lint(Struct, frozen=True, kw_only=True):
    """Something about a scenario: where (line and column from 1, path of keys), what, and the remedy."""

    line: int
    column: int
    path: str
    message: str
    remedy: str


class ScenarioErrors(Struct, frozen=True):
    """Everything that is wrong with a scenario."""

    error: Said
    errors: list[Lint]


class WaitedInVain(Struct, frozen=True, kw_only=True):
    """What did not happen in time, and what is still to come.

    Of a wait also `near`, the messages that come nearest, or `untold`, the one that the app was not told in time.
    """

    error: Said
    near: list[dict[str, Any]] | UnsetType = UNSET
    untold: dict[str, Any] | UnsetType = UNSET
    pending: int
    in_flight: int
    now: str
    next_due: str | None
    steps: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]


class Nothing(Struct, frozen=True):
    """No parameters at all."""


class Call:
    """One control call."""

    def __init__(self, request: web.Request) -> None:
        self.request = request

    @property
    def engine(self) -> Engine:
        """The engine. Raises Unavailable before the server has started and once it is stopping."""
        engine = self.request.config_dict.get(ENGINE)
        if engine is None or self.request.config_dict[STOPPING].is_set():
            raise Unavailable(f"the emulator is {'stopping' if engine else 'starting'}")
        return engine

    @property
    def config(self) -> Config:
        """How the server was set up."""
        return self.request.config_dict[CONFIG]

    @property
    def tenant(self) -> Tenant:
        """The account in the path. Raises NotFound."""
        sid = self.argument("account")
        tenant = self.engine.tenants.find(self.config.account_sid if sid == DEFAULT_ACCOUNT else sid)
        if tenant is None:
            raise NotFound(
                f"there is no account {sid[:60]}",
                remedy="create it with POST /_emulator/accounts, or send a message with its SID and any token",
            )
        return tenant

    @property
    def base_url(self) -> str:
        """Where the caller found this server."""
        return f"{self.request.scheme}://{self.request.host}"

    async def wait(self, work: Awaitable[T], timeout: int | None = None) -> T:
        """Wait for `work` at most `timeout` real milliseconds. Raises TimeoutError, and Unavailable at a stop."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self.request.config_dict[STOPPING].wait())
        try:
            seconds = None if timeout is None else timeout / 1000
            await asyncio.wait((task, stop), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if stop.done():
                raise Unavailable("the emulator is stopping")
            raise TimeoutError
        finally:
            task.cancel()
            stop.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    def argument(self, name: str) -> str:
        """A variable of the path."""
        return self.request.match_info[name]


Handler = Callable[..., Awaitable[object]]


class Route(Struct, frozen=True):
    """One call. `errors` are the statuses of errors it may answer beside those that any call may."""

    method: str
    path: str
    handler: Handler
    status: int = 200
    errors: tuple[int, ...] = ()


@cache
def types_of(handler: Handler) -> dict[str, Any]:
    """The types that a handler names: of its `query`, its `body` and what it returns."""
    return get_type_hints(handler)


def endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route's handler as aiohttp wants it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        hints = types_of(route.handler)
        body = hints.get("body")
        given: dict[str, Any] = {}
        asked = read_query(request, hints.get("query", Nothing))
        if "query" in hints:
            given["query"] = asked
        if body is not None:
            given["body"] = await read_body(request, body)
        return _answer(await route.handler(Call(request), **given), route.status)

    return answer


@web.middleware
async def errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error, the router's own included, in the control API's shape."""
    try:
        return await handler(request)
    except Refused as error:
        return error_response(error)
    except web.HTTPException as error:
        return error_response(_translated(request, error))
    except ConnectionError:
        raise  # the caller went away
    except Exception as error:
        log.exception("%s %s", request.method, request.path)
        _report(request, error)
        return json_response(_shape("the emulator failed; its log has the details", ""), 500)


def error_response(error: Refused) -> web.Response:
    """`{"error": {"message", "remedy"}}`, and the details that some errors have."""
    shown = _shape(error.message, error.remedy)
    if isinstance(error, BadScenario):
        shown["errors"] = [lint(each) for each in error.problems]
    if isinstance(error, TimedOut):
        shown |= error.details
    headers = {"Allow": ", ".join(error.allow)} if isinstance(error, MethodNotAllowed) else None
    return json_response(shown, error.status, headers)


def lint(problem: Problem) -> Lint:
    """A problem with a scenario."""
    return Lint(
        line=problem.line,
        column=problem.column,
        path=problem.path,
        message=problem.message,
        remedy=problem.remedy,
    )


def _shape(message: str, remedy: str) -> dict[str, object]:
    return {"error": {"message": message, "remedy": remedy}}


def _answer(value: object, status: int) -> web.StreamResponse:
    if isinstance(value, web.StreamResponse):
        return value
    if isinstance(value, PlainText | Yaml):
        return web.Response(text=value, status=status, content_type=value.content_type)
    return web.Response(status=status) if value is None else json_response(value, status)


def _translated(request: web.Request, error: web.HTTPException) -> Refused:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return MethodNotAllowed(f"{request.method} is not allowed here", allow=sorted(error.allowed_methods))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge(f"the body is longer than {BODY_LIMIT} bytes")
    if isinstance(error, web.HTTPNotFound):
        return NotFound(f"there is no {request.path[:200]}", remedy="GET /_emulator/openapi.json lists every call")
    raise error


def _report(request: web.Request, error: Exception) -> None:
    # there may be no account to tell it to, and a second bug must not hide the first
    with contextlib.suppress(Exception):
        call = Call(request)
        call.engine.chronicle.report(call.tenant, error)
