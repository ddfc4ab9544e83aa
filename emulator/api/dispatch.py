"""From a path to its resource: one table, one place where errors take the platform's shape.

Any segment may end in `.json` and the path in a slash, so the platform's paths are matched here, by dictionary, and
not by the router, which would try a regular expression for each.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from aiohttp import web

from emulator.api import applications, media, message_list, messages, notifications, numbers, sms, sms_list
from emulator.api.answers import Call, error_response
from emulator.api.auth import authenticate, authorize
from emulator.api.ready import Ready
from emulator.engine import Engine
from emulator.errors import MethodNotAllowed, NotFound, Refused
from emulator.model import API_VERSION
from emulator.store.journals import Request
from emulator.tenant import Tenant
from emulator.wire import json_response

PREFIXES = (f"/api/{API_VERSION}", f"/restcomm/{API_VERSION}", f"/{API_VERSION}")
_BEGINNINGS = tuple(f"{prefix}/" for prefix in PREFIXES)

JOURNAL_CHARACTERS = 16_384
"""How much of a request's parameters and of its answer the journal keeps."""

log = logging.getLogger("emulator")
_encoder = msgspec.json.Encoder()

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Handler = Callable[[Call], Awaitable[web.StreamResponse]]

ANY = "*"

# the platform buys from three kinds of stock; here they are doors to the same list
_NUMBERS: dict[str, Handler] = {"GET": numbers.fetch_list, "POST": numbers.create}

ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("Messages",): {"GET": message_list.fetch_list, "POST": messages.send},
    ("Messages", ANY): {"GET": messages.fetch},
    ("SMS", "Messages"): {"GET": sms_list.fetch_list, "POST": sms.send},
    ("SMS", "Messages", ANY): {"GET": sms.fetch},
    ("IncomingPhoneNumbers",): _NUMBERS,
    ("IncomingPhoneNumbers", "Local"): _NUMBERS,
    ("IncomingPhoneNumbers", "TollFree"): _NUMBERS,
    ("IncomingPhoneNumbers", "Mobile"): _NUMBERS,
    ("IncomingPhoneNumbers", "AvailableCountries"): {"GET": numbers.fetch_countries},
    ("IncomingPhoneNumbers", ANY): {
        "GET": numbers.fetch,
        "POST": numbers.change,
        "PUT": numbers.change,
        "DELETE": numbers.delete,
    },
    ("Applications",): {"GET": applications.fetch_list, "POST": applications.create},
    ("Applications", ANY): {
        "GET": applications.fetch,
        "POST": applications.change,
        "PUT": applications.change,
        "DELETE": applications.delete,
    },
    ("Notifications",): {"GET": notifications.fetch_list},
    ("Notifications", ANY): {"GET": notifications.fetch},
}
"""Below `/Accounts/{account}`."""


class Place(NamedTuple):
    """Where a path leads: the account, and the resource's methods (none: nowhere) or an attachment's name.

    `path` is as asked, without `.json` and the last slash; `arguments` are its variables.
    """

    path: str
    account: str = ""
    methods: Mapping[str, Handler] | None = None
    arguments: tuple[str, ...] = ()
    attachment: str = ""

    def handler(self, method: str) -> Handler:
        """What answers this method. Raises NotFound and MethodNotAllowed."""
        if self.methods is None:
            raise NotFound("there is nothing at this path")
        handler = self.methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise MethodNotAllowed(f"{method} is not allowed here", allow=tuple(self.methods))
        return handler


class Platform:
    """The platform's API of one running server."""

    def __init__(self, *, engine: Engine, strict_auth: bool, stopping: asyncio.Event) -> None:
        self._engine = engine
        self._strict_auth = strict_auth
        self._stopping = stopping

    def before(self, general: Answering) -> Answering:
        """Answers what is below one of the prefixes, and leaves the rest to `general`.

        What aiohttp does between a request and its handler costs as much as reading the request.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            # by the path as it was written, like the router; who expects `100 Continue` is sent it by aiohttp
            ours = request.raw_path.startswith(_BEGINNINGS) and "Expect" not in request.headers
            if ours and isinstance(request, web.Request):
                return await self.answer(request)
            return await general(request)

        return answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request below one of the prefixes."""
        engine, place = self._engine, _place(request.path)
        call: Call | None = None
        response: web.StreamResponse
        try:
            if place.attachment:
                return await media.fetch(engine, place.account, place.attachment)
            caller = await authenticate(engine.tenants, request.headers.get("Authorization"), strict=self._strict_auth)
            handler = place.handler(request.method)
            authorize(engine.tenants, caller, place.account)
            call = Call(
                request=request,
                engine=engine,
                tenant=caller,
                path=place.path,
                arguments=place.arguments,
                stopping=self._stopping,
            )
            response = await handler(call)
        except Refused as error:
            response = error_response(error, call.representation) if call else error_response(error)
            if call is not None:
                await call.write(response)
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            engine.chronicle.report(call.tenant if call else None, error)
            if call is not None and call.written is not None:
                response = call.written  # it failed afterwards: a second answer would be the next request's
            else:
                response = json_response({"message": "the emulator failed; its log has the details"}, 500)
        _record(engine, request, response, call, call.tenant if call else engine.tenants.by_login(place.account))
        return response


PLATFORM = web.AppKey("platform", Platform)


async def dispatch(request: web.Request) -> web.StreamResponse:
    """The handler of the application's routes."""
    return await request.app[PLATFORM].answer(request)


def _text(parameters: dict[str, Any]) -> str:
    # JSON may hold half a surrogate pair, which UTF-8 cannot
    try:
        return _encoder.encode(parameters).decode()
    except UnicodeEncodeError:
        return json.dumps(parameters)


@lru_cache(maxsize=1024)
def _place(path: str) -> Place:
    prefix = next(each for each in PREFIXES if path.startswith(each))
    parts = [part.removesuffix(".json") for part in path[len(prefix) + 1 :].rstrip("/").split("/")]
    whole = quote("/".join((prefix, *parts)), safe="/@:+~")
    if parts[0] != "Accounts" or len(parts) < 3:
        return Place(whole, account=parts[1] if len(parts) > 1 else "")
    account, rest = parts[1], tuple(parts[2:])
    if rest[0] == "MediaAttachments" and len(rest) == 2:
        return Place(whole, account=account, attachment=rest[1])
    for pattern in (rest, (*rest[:-1], ANY)):
        if pattern in ROUTES:
            return Place(whole, account, ROUTES[pattern], rest[len(pattern) - pattern.count(ANY) :])
    return Place(whole, account=account)


def _record(
    engine: Engine,
    request: web.Request,
    response: web.StreamResponse,
    call: Call | None,
    tenant: Tenant | None,
) -> None:
    if tenant is None:
        return
    body = response.body if isinstance(response, (Ready, web.Response)) and isinstance(response.body, bytes) else b""
    parameters = call.parameters if call else dict(request.query)
    engine.chronicle.record_request(
        tenant,
        Request(
            account=tenant.id,
            at=tenant.clock.now(),
            method=request.method,
            path=request.path,
            parameters=_text(parameters)[:JOURNAL_CHARACTERS],
            answer=None if call and call.cut else response.status,
            answer_body=body.decode("utf-8", "replace")[:JOURNAL_CHARACTERS],
            rule=call.rule if call else None,
        ),
    )
