"""The command line: `cpaas-emulator`."""

import asyncio
import sys
from pathlib import Path

import click

from emulator import __version__
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from emulator.clock import ClockMode
from emulator.config import DEFAULT_PORT, Config
from emulator.errors import StartFailed


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cpaas-emulator")
def main() -> None:
    """Stand-in for an SMS and MMS platform, scripted by scenarios, on a clock you control."""


@main.command()
@click.option("--host", envvar="EMULATOR_HOST", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    envvar="EMULATOR_PORT",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 picks a free one.",
)
@click.option(
    "--db",
    envvar="EMULATOR_DB",
    type=click.Path(path_type=Path),
    help="SQLite file; without it state is in memory.",
)
@click.option("--scenario", envvar="EMULATOR_SCENARIO", type=click.Path(path_type=Path))
@click.option("--seed", envvar="EMULATOR_SEED", type=int)
@click.option("--clock", envvar="EMULATOR_CLOCK", type=click.Choice([mode.value for mode in ClockMode]))
@click.option("--strict-auth", envvar="EMULATOR_STRICT_AUTH", is_flag=True)
@click.option("--account-sid", envvar="EMULATOR_ACCOUNT_SID", default=DEFAULT_ACCOUNT_SID)
@click.option("--auth-token", envvar="EMULATOR_AUTH_TOKEN", default=DEFAULT_AUTH_TOKEN)
def serve(host, port, db, scenario, seed, clock, strict_auth, account_sid, auth_token) -> None:  # type: ignore[no-untyped-def]
    """Run the emulator."""
    from emulator import server  # noqa: PLC0415 - other commands need no server

    settings = Config(
        host=host,
        port=port,
        db=db,
        scenario=scenario,
        seed=seed,
        clock=ClockMode(clock) if clock else None,
        strict_auth=strict_auth,
        account_sid=account_sid,
        auth_token=auth_token,
    )
    try:
        asyncio.run(server.serve(settings, lambda url: click.echo(f"listening on {url}")))
    except StartFailed as error:
        click.echo(f"cpaas-emulator: {error}", err=True)
        sys.exit(1)
