"""Calls to a running emulator: where it is, one request, and what went wrong said in a sentence."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

CONNECT_TIMEOUT = 10
"""Seconds to reach a server. An answer may take longer: `advance` waits for the app under test."""

_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""How to reach a server that listens on every address."""


class Connection:
    """One emulator, and the account that a command is about."""

    def __init__(self, url: str, account: str = "default") -> None:
        self.url = url
        self.account = account

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """The answer of a control call below the account. Raises ClickException saying what is wrong and the remedy."""
        with self.open(method, f"/_emulator/accounts/{quote(self.account, safe='')}/{path}", body) as response:
            return self.read(response)

    def read(self, response: "HTTPResponse") -> Any:  # noqa: ANN401 - JSON of any shape
        """What a control call answered. Raises ClickException when that is not success."""
        return _json(self.url, response.status, response.read())

    @contextlib.contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        timeout: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> "Iterator[HTTPResponse]":
        """An answer before it is read. `timeout` in seconds; None waits as long as it takes. Raises ClickException."""
        connection = _connection(self.url, timeout or CONNECT_TIMEOUT)
        try:
            connection.connect()
            connection.sock.settimeout(timeout)
            content = None if body is None else json.dumps(body)
            described = {} if body is None else {"Content-Type": "application/json"}
            connection.request(
                method, urlsplit(self.url).path.rstrip("/") + path, content, {**described, **(headers or {})}
            )
            yield connection.getresponse()
        except _failures() as error:
            raise click.ClickException(_unreachable(self.url, error)) from None
        finally:
            connection.close()


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command `--url` and hands it a Connection; the variables that set up a server here say where it is."""

    @click.option(
        "--url",
        envvar="EMULATOR_URL",
        show_envvar=True,
        help="Where the emulator listens.  [default: http://127.0.0.1:8024]",
    )
    @click.option("--host", envvar="EMULATOR_HOST", hidden=True, default="127.0.0.1")
    @click.option("--port", envvar="EMULATOR_PORT", hidden=True, default="8024")
    @functools.wraps(command)
    def connecting(*, url: str | None, host: str, port: str, **settings: Any) -> None:  # noqa: ANN401 - click's
        command(Connection(url or local_url(host, port)), **settings)

    return connecting


def for_account(command: Callable[..., None]) -> Callable[..., None]:
    """Like `connected`, with `--account` too."""

    @click.option("--account", default="default", show_default=True, help="SID of the account.")
    @functools.wraps(command)
    def choosing(connection: Connection, *, account: str, **settings: Any) -> None:  # noqa: ANN401 - click's
        command(Connection(connection.url, account), **settings)

    return connected(choosing)


def local_url(host: str, port: str) -> str:
    """The URL of a server on this machine that was told to listen on that host and port."""
    host = _REACHABLE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _connection(url: str, timeout: float) -> "HTTPConnection":
    from http.client import HTTPConnection, HTTPSConnection

    scheme, host, port = "", None, None
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    if scheme not in ("http", "https") or not host:
        raise click.ClickException(f"{url!r} is not where an emulator can be; write --url http://HOST:PORT")
    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    return kind(host, port, timeout=timeout)


def _failures() -> tuple[type[Exception], ...]:
    from http.client import HTTPException

    return OSError, HTTPException, UnicodeError


def _unreachable(url: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"no emulator at {url}: {reason}; start one with `cpaas-emulator serve`, or say where it is with --url"


def _json(url: str, status: int, body: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        value = json.loads(body) if body else None
    except ValueError:
        value = body.decode("utf-8", "replace")
    if 200 <= status < 300:
        return value
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        raise click.ClickException(f"{url} answered {status} and does not seem to be an emulator; see --url")
    raise click.ClickException("; ".join(filter(None, (error.get("message"), error.get("remedy")))))
