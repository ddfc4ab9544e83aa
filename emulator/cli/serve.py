"""`serve`: run the emulator until it is told to stop."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import asyncio

    from emulator.config import Config

_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8024
DEFAULT_ACCOUNT_SID = "ACae6e420f425248d6a26948c17a9e2acf"
DEFAULT_AUTH_TOKEN = "77f8c12cc7b8f8423e5c38b035249166"

_CERTIFICATES = "SSL_CERT_FILE"
_SID = re.compile(r"AC[0-9A-Za-z]{32}")


def _option(name: str, variable: str, **settings: Any) -> Callable[[_Command], _Command]:  # noqa: ANN401 - click's
    settings.setdefault("show_default", settings.get("default") is not None)
    return click.option(name, envvar=f"EMULATOR_{variable}", show_envvar=True, **settings)


def _account_sid(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not _SID.fullmatch(value):
        raise click.BadParameter(f"{value!r} is not an account SID; write AC and 32 letters or digits")
    return value


def _auth_token(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value or not value.isprintable():
        raise click.BadParameter("a token is printable text of at least one character")
    return value


def _url(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/]+/?", value):
        raise click.BadParameter(f"{value!r} is not the URL of a server, such as http://emulator:8024")
    return value.rstrip("/")


@click.command(short_help="Run the emulator.")
@_option("--host", "HOST", default=DEFAULT_HOST, help="Address to listen on; 0.0.0.0 for all.")
@_option("--port", "PORT", type=click.IntRange(0, 65535), default=DEFAULT_PORT, help="0 picks a free one.")
@_option("--db", "DB", type=click.Path(path_type=Path), metavar="PATH", help="SQLite file that outlives the process.")
@_option("--scenario", "SCENARIO", type=click.Path(path_type=Path), metavar="FILE", help="What the carrier does: YAML.")
@_option("--reload", "RELOAD", is_flag=True, help="Take up the scenario again whenever its file is saved.")
@_option("--clock", "CLOCK", type=click.Choice(["real", "manual", "instant"]), help="How accounts' clocks go.")
@_option("--seed", "SEED", type=int, metavar="N", help="Makes SIDs and draws repeatable.")
@_option("--account-sid", "ACCOUNT_SID", default=DEFAULT_ACCOUNT_SID, callback=_account_sid, help="Default account.")
@_option("--auth-token", "AUTH_TOKEN", default=DEFAULT_AUTH_TOKEN, callback=_auth_token, help="Its auth token.")
@_option("--strict-auth", "STRICT_AUTH", is_flag=True, help="Only accounts that were created; others are 401.")
@_option("--public-url", "PUBLIC_URL", default="", callback=_url, metavar="URL", help="How apps reach this server.")
@_option("--verify-tls/--no-verify-tls", "VERIFY_TLS", default=True, help="Check certificates of https callbacks.")
@_option(
    "--message-limit",
    "MESSAGE_LIMIT",
    type=click.IntRange(1),
    default=1_000_000,
    help="Messages kept per account; the oldest go first.",
)
@_option(
    "--journal-limit",
    "JOURNAL_LIMIT",
    type=click.IntRange(1),
    default=100_000,
    help="Requests, and callbacks, kept per account; the oldest go first.",
)
def serve(**settings: Any) -> None:  # noqa: ANN401 - one per option, checked by Config's constructor
    """Run the emulator.

    Prints one line, `listening on http://...`, when and only when it can be used. SIGTERM and Ctrl-C stop it.
    """
    # a process that is told to stop while it is still importing must stop too, and process 1 of a container by
    # itself ignores SIGTERM
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop_at_once)
    _warn_of_misspelt_variables()
    _check_reload(settings["reload"], settings["scenario"])
    if settings["db"] == Path():
        raise click.ClickException("--db names no file; leave it out to keep the state in memory")
    from emulator.clock import ClockMode
    from emulator.config import Config

    settings["clock"] = ClockMode(settings["clock"]) if settings["clock"] else None
    _run(Config(**settings))


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _warn_of_misspelt_variables() -> None:
    known = [str(option.envvar) for option in serve.params]
    strange = [name for name in os.environ if name.startswith("EMULATOR_") and name not in known]
    if not strange:
        return
    from difflib import get_close_matches

    for name in strange:
        # others have variables of this prefix too: Kubernetes for a service `emulator`, tests for the app under test
        if not name.endswith("_URL") and (near := get_close_matches(name, known, n=1, cutoff=0.85)):
            click.echo(f"Warning: {name} is read by nobody; did you mean {near[0]}?", err=True)


def _check_reload(reload: bool, scenario: Path | None) -> None:
    if not reload:
        return
    if scenario is None:
        raise click.ClickException("--reload watches a scenario; name one with --scenario FILE")
    from importlib.util import find_spec

    if find_spec("watchfiles") is None:
        raise click.ClickException("--reload needs watchfiles; pip install 'cpaas-emulator[reload]'")


def _run(config: "Config") -> None:
    import asyncio
    import gc
    import logging

    # nothing that start-up makes is garbage; the server turns the collector on again when it is ready
    gc.disable()
    with _without_certificates():
        from emulator import server
    from emulator.errors import StartFailed

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("emulator").setLevel(logging.INFO)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(server.serve(config, lambda url: _announce(config, url)))
    except StartFailed as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _without_certificates() -> Iterator[None]:
    """Start a fifth sooner: aiohttp reads this machine's certificates when it is imported, and nobody uses them.

    `trust` reads them itself, when the first https callback is due.
    """
    before = os.environ.get(_CERTIFICATES)
    os.environ[_CERTIFICATES] = os.devnull
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CERTIFICATES]
        else:
            os.environ[_CERTIFICATES] = before


def _loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _announce(config: "Config", url: str) -> None:
    click.echo(f"listening on {url}")
    token = config.auth_token if config.auth_token == DEFAULT_AUTH_TOKEN else "the one you gave"
    click.echo(f"account {config.account_sid}, token {token}", err=True)
    click.echo(f"control API {url}/_emulator/openapi.json", err=True)
