"""From a path to its resource: one table, one place where errors take the platform's shape.

Any segment may end in `.json` and the path in a slash, so the platform's paths are matched here, by dictionary, and
not by the router, which would try a regular expression for each.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from emulator.api import applications, media, message_list, messages, notifications, numbers, sms, sms_list
from emulator.api.answers import Call, error_response
from emulator.api.auth import authenticate, authorize
from emulator.engine import Engine
from emulator.errors import MethodNotAllowed, NotFound, Refused
from emulator.model import API_VERSION
from emulator.store.journals import Request
from emulator.tenant import Tenant
from emulator.wire import CONFIG, ENGINE, json_response

PREFIXES = (f"/api/{API_VERSION}", f"/restcomm/{API_VERSION}", f"/{API_VERSION}")

JOURNAL_CHARACTERS = 16_384
"""How much of a request's parameters and of its answer the journal keeps."""

log = logging.getLogger("emulator")
_encoder = msgspec.json.Encoder()

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


async def dispatch(request: web.Request) -> web.StreamResponse:
    """Answer any request below one of the prefixes."""
    engine = request.app[ENGINE]
    parts = [part.removesuffix(".json") for part in request.match_info["path"].rstrip("/").split("/")]
    call: Call | None = None
    response: web.StreamResponse
    try:
        if parts[0] == "Accounts" and parts[2:3] == ["MediaAttachments"] and len(parts) == 4:
            return await media.fetch(engine, parts[1], parts[3])
        caller = await authenticate(
            engine.tenants,
            request.headers.get("Authorization"),
            strict=request.app[CONFIG].strict_auth,
        )
        handler, arguments = _resource(request.method, parts)
        authorize(engine.tenants, caller, parts[1])
        path = "/".join((request.path.removesuffix(request.match_info["path"]).rstrip("/"), *parts))
        call = Call(request=request, engine=engine, tenant=caller, path=path, arguments=arguments)
        response = await handler(call)
    except Refused as error:
        response = error_response(error, call.representation) if call else error_response(error)
        if call is not None:
            await call.write(response)
    except Exception as error:
        log.exception("%s %s", request.method, request.path)
        engine.chronicle.report(call.tenant if call else None, error)
        response = json_response({"message": "the emulator failed; its log has the details"}, 500)
    _record(engine, request, response, call, _tenant(engine, parts))
    return response


def _text(parameters: dict[str, Any]) -> str:
    # JSON may hold half a surrogate pair, which UTF-8 cannot
    try:
        return _encoder.encode(parameters).decode()
    except UnicodeEncodeError:
        return json.dumps(parameters)


def _resource(method: str, parts: list[str]) -> tuple[Handler, tuple[str, ...]]:
    if len(parts) > 2 and parts[0] == "Accounts":
        rest = tuple(parts[2:])
        for pattern in (rest, (*rest[:-1], ANY)):
            if pattern in ROUTES:
                methods = ROUTES[pattern]
                handler = methods.get("GET" if method == "HEAD" else method)
                if handler is None:
                    raise MethodNotAllowed(f"{method} is not allowed here", allow=tuple(methods))
                return handler, rest[len(pattern) - pattern.count(ANY) :]
    raise NotFound("there is nothing at this path")


def _tenant(engine: Engine, parts: list[str]) -> Tenant | None:
    return engine.tenants.by_login(parts[1]) if len(parts) > 1 else None


def _record(
    engine: Engine,
    request: web.Request,
    response: web.StreamResponse,
    call: Call | None,
    tenant: Tenant | None,
) -> None:
    if tenant is None:
        return
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
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
