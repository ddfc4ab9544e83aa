"""The control API as one sub-application: every call in one table."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from emulator.control import (
    accounts,
    clocks,
    handsets,
    histories,
    inbound,
    journals,
    messages,
    scenarios,
    stream,
    waits,
)
from emulator.control.routing import Call, Route, endpoint, errors

PREFIX = "/_emulator"

DESCRIBE: web.AppKey[Callable[[], dict[str, Any]]] = web.AppKey("describe")
"""Gives the OpenAPI document, which describes more than this surface."""


async def openapi(call: Call) -> dict[str, Any]:
    """Read this description of every call."""
    return call.request.config_dict[DESCRIBE]()


def application() -> web.Application:
    """The sub-application to mount at `PREFIX`."""
    app = web.Application(middlewares=[errors])
    for route in ROUTES:
        app.router.add_route(route.method, route.path, endpoint(route))
    return app


ROUTES: tuple[Route, ...] = (
    *messages.ROUTES,
    *waits.ROUTES,
    *clocks.ROUTES,
    *accounts.ROUTES,
    *scenarios.ROUTES,
    *journals.ROUTES,
    *handsets.ROUTES,
    *histories.ROUTES,
    *stream.ROUTES,
    *inbound.ROUTES,
    Route("GET", "/openapi.json", openapi),
)
