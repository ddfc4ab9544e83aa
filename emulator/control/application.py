"""The control API as one sub-application: every call in one table."""

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
from emulator.control.routing import Route, endpoint, errors

PREFIX = "/_emulator"


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
)
