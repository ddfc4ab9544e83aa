"""`demo`: the whole story in a terminal: an emulator, a small app under test, three messages and their fates."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import asyncio

    import aiohttp

PATIENCE = 20
"""Seconds after which something is wrong with this machine."""

SENDER = "sms:+15550109999"
STORIES = (
    ("+15550100001", "Your parcel is on its way", "any number is delivered"),
    ("+150055030003", "Your parcel has arrived", "+1500550 and a code is undelivered with it"),
    ("+150055130007", "Was everything as expected?", "+1500551 and a code fails with it"),
)
"""Recipient, text, and what the digits of the recipient ask for."""

_COLOURS = {"delivered": "green", "undelivered": "yellow", "failed": "red"}


@click.command(short_help="Watch an app send three messages, in a few seconds.")
def demo() -> None:
    """Watch an app send three messages and hear what became of them: everything on free ports, in a few seconds."""
    import asyncio

    try:
        asyncio.run(_tell())
    except TimeoutError:
        raise click.ClickException("a callback did not arrive; can this machine connect to 127.0.0.1?") from None
    except KeyboardInterrupt:
        return


async def _tell() -> None:
    import asyncio

    import aiohttp

    from emulator import server
    from emulator.config import Config

    config, told = Config(port=0), asyncio.Queue[Mapping[str, str]]()
    auth = aiohttp.encode_basic_auth(config.account_sid, config.auth_token)
    messages = f"/api/2012-04-24/Accounts/{config.account_sid}/Messages"
    async with (
        asyncio.timeout(PATIENCE),
        _app_under_test(told) as callback_url,
        server.running_app(config) as url,
        aiohttp.ClientSession(url, headers={"Authorization": auth}) as session,
    ):
        click.echo(f"emulator   {url}\nyour app   {callback_url}")
        for recipient, body, meaning in STORIES:
            _head(f"POST {messages}", f"to {recipient}: {body}   ({meaning})")
            form = {"from": SENDER, "to": f"sms:{recipient}", "body": body, "status_callback": callback_url}
            await _post(session, messages, form)
            await _hear(told)
        _head(f"GET {messages}")
        await _list(session, messages)
    click.echo("\nNow by hand: cpaas-emulator serve")


def _head(request: str, *more: str) -> None:
    click.echo("\n" + click.style(request, bold=True))
    for line in more:
        click.echo(f"  {line}")


async def _post(session: "aiohttp.ClientSession", messages: str, form: Mapping[str, str]) -> None:
    async with session.post(messages, data=form) as response:
        answer = await response.json()
    click.echo(f"  {response.status} {answer['sid']} {answer['status']}")


async def _hear(told: "asyncio.Queue[Mapping[str, str]]") -> None:
    status = ""
    while status not in _COLOURS:
        said = await told.get()
        status = said["MessageStatus"]
        click.echo(f"  callback: {_coloured(status)} {said.get('ErrorCode', '')}".rstrip())


async def _list(session: "aiohttp.ClientSession", messages: str) -> None:
    async with session.get(messages) as response:
        page = await response.json()
    for message in page["messages"]:
        why = f"  {message['error_code']} {message['error_message']}" if "error_code" in message else ""
        click.echo(f"  {message['sid']}  {message['to']:20}{_coloured(message['status'])}{why}")


@asynccontextmanager
async def _app_under_test(told: "asyncio.Queue[Mapping[str, str]]") -> AsyncIterator[str]:
    from aiohttp import web

    async def hear(request: web.Request) -> web.Response:
        told.put_nowait(request.query)
        return web.Response()

    app = web.Application()
    app.router.add_get("/status", hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/status"
    finally:
        await runner.cleanup()


def _coloured(status: str) -> str:
    return click.style(status, fg=_COLOURS.get(status))
