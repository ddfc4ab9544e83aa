"""`tail`: what happens, as it happens."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from emulator.cli.connection import Connection, for_account
from emulator.cli.lines import event_line

if TYPE_CHECKING:
    from http.client import HTTPResponse


@click.command(short_help="Show what happens, as it happens.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@for_account
def tail(connection: Connection, as_json: bool) -> None:
    """Show what happens in the account until Ctrl-C, or until the emulator stops."""
    path = f"/_emulator/accounts/{quote(connection.account, safe='')}/events"
    try:
        with connection.open("GET", path, headers={"Accept": "text/event-stream"}) as response:
            if response.status != 200:
                connection.read(response)
            click.echo(f"watching {connection.url}; Ctrl-C ends", err=True)
            for event in events(_until_closed(response)):
                click.echo(json.dumps(event, ensure_ascii=False) if as_json else event_line(event))
    except KeyboardInterrupt:
        return
    click.echo("the emulator has stopped", err=True)


def _until_closed(response: "HTTPResponse") -> Iterator[bytes]:
    from http.client import HTTPException

    # a server that is killed cuts the stream where it stands; for whoever watches, that is its end
    with contextlib.suppress(HTTPException, ConnectionError):
        yield from response


def events(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The events of a server-sent stream of JSON; its kind and id are members of each."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield {"id": fields.get("id", ""), "kind": fields.get("event", ""), **json.loads(fields["data"])}
            fields = {}
