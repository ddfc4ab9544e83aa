"""The application: the only module that knows every part."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from aiohttp import web

from emulator import scenario_file
from emulator.api import dispatch
from emulator.callbacks import open_session, request
from emulator.chronicle import Chronicle, Limits
from emulator.config import Config
from emulator.control import application as control
from emulator.conversation import Conversations
from emulator.courier import Courier
from emulator.engine import Engine
from emulator.errors import BadScenario, StartFailed
from emulator.events import Events
from emulator.messenger import Messenger
from emulator.scenario import Scenario
from emulator.store.opening import open_database
from emulator.tenants import Tenants
from emulator.wire import BODY_LIMIT, CONFIG, ENGINE, STOPPING


def create_app(config: Config) -> web.Application:
    """An application that comes to life, store and clocks included, when it is started."""
    app = web.Application(client_max_size=BODY_LIMIT)
    app[CONFIG] = config
    app[STOPPING] = asyncio.Event()
    for prefix in dispatch.PREFIXES:
        # a dot matches no line break, and a path may hold one
        app.router.add_route("*", prefix + "{path:(/[\\s\\S]*)?}", dispatch.dispatch)
    app[control.DESCRIBE] = _describe
    app.add_subapp(control.PREFIX, control.application())
    app.cleanup_ctx.append(_engine)
    app.on_shutdown.append(_stop)
    return app


def platform_first(runner: web.AppRunner) -> None:
    """Let requests of the platform's API come to it directly; all others go through the application, as before."""
    server = runner.server
    assert server is not None, "set the runner up first"
    server.request_handler = runner.app[dispatch.PLATFORM].before(server.request_handler)


def read_scenario(config: Config) -> Scenario:
    """The scenario that the server starts with. Raises StartFailed with every problem in the file."""
    if config.scenario is None:
        return Scenario()
    try:
        return scenario_file.load(config.scenario.read_bytes(), name=str(config.scenario)).scenario
    except OSError as error:
        raise StartFailed(f"cannot read the scenario {config.scenario}: {error.strerror}") from None
    except BadScenario as error:
        listed = "\n".join(scenario_file.describe(problem, config.scenario) for problem in error.problems)
        raise StartFailed(f"the scenario has errors, so the server was not started:\n{listed}") from None


def _describe() -> dict[str, Any]:
    from emulator.openapi.document import document  # noqa: PLC0415 - few ask for it

    return document()


async def _stop(app: web.Application) -> None:
    app[STOPPING].set()


@contextlib.asynccontextmanager
async def _engine(app: web.Application) -> AsyncIterator[None]:
    config = app[CONFIG]
    scenario = read_scenario(config)
    async with (
        open_database(str(config.db) if config.db else None) as database,
        open_session(verify_tls=config.verify_tls) as session,
    ):
        limits = Limits(messages=config.message_limit, journal=config.journal_limit)
        chronicle = Chronicle(database=database, events=Events(), limits=limits)
        messenger = Messenger(database=database, chronicle=chronicle)
        engine = app[ENGINE] = Engine(database=database, chronicle=chronicle, messenger=messenger)
        app[dispatch.PLATFORM] = dispatch.Platform(
            engine=engine, strict_auth=config.strict_auth, stopping=app[STOPPING]
        )
        tenants = Tenants(database=database, fire=engine.fire, scenario=scenario, seed=config.seed, clock=config.clock)
        courier = Courier(request=partial(request, session), load=messenger.load, record=messenger.record)
        messenger.start(tenants=tenants, courier=courier, converse=Conversations(engine).converse)
        await engine.start(tenants)
        await _default_account(tenants, config)
        async with _reloading(config, tenants, scenario):
            yield
        await tenants.close()
        await courier.close()
        await messenger.close()


def _reloading(config: Config, tenants: Tenants, scenario: Scenario) -> contextlib.AbstractAsyncContextManager[None]:
    if not config.reload or config.scenario is None:
        return contextlib.nullcontext()
    from emulator import reload  # noqa: PLC0415 - few servers need it

    return reload.following(config.scenario, tenants, scenario)


async def _default_account(tenants: Tenants, config: Config) -> None:
    tenant = tenants.find(config.account_sid)
    if tenant is None:
        await tenants.create(
            sid=config.account_sid,
            auth_token=config.auth_token,
            friendly_name="Default account",
            email_address="administrator@company.com",
        )
    elif tenant.account.auth_token != config.auth_token:
        await tenants.change(tenant, auth_token=config.auth_token)
