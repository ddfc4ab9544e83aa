"""Commands that drive a running emulator: ready, advance, reset, seed, inbound."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import click

from emulator.cli.connection import Connection, connected, for_account
from emulator.cli.lines import event_line

READY_TIMEOUT = 2
"""Seconds; the image's health check gives the whole command three."""

_INSTANT = re.compile(r"\d{4}-\d\d")


@click.command(short_help="Exit with 0 when the emulator accepts work.")
@connected
def ready(connection: Connection) -> None:
    """Exit with 0 when the emulator accepts work; for health checks, says nothing then."""
    with connection.open("GET", "/_emulator/health", timeout=READY_TIMEOUT) as response:
        if response.status != 200:
            raise click.ClickException(f"not ready: {connection.url} answered {response.status}")
        if b'"status"' not in response.read(1_000):
            raise click.ClickException(f"not ready: {connection.url} does not seem to be an emulator; see --url")


@click.command(short_help="Move the account's clock.")
@click.argument("target", metavar="DURATION|next|idle|INSTANT")
@for_account
def advance(connection: Connection, target: str) -> None:
    """Move the account's clock: by 72h, to the next event, until nothing is due, or to 2026-01-31T08:00:00Z.

    Returns when every callback that was due has been answered.
    """
    absolute = target in ("next", "idle") or _INSTANT.match(target)
    answer = connection.call("POST", "clock/advance", {"to" if absolute else "by": target})
    for event in answer["events"]:
        click.echo(event_line(event))
    click.echo(f"the clock stands at {answer['now']}")


@click.command(short_help="Forget messages, journals and what is pending.")
@click.option("--all", "everything", is_flag=True, help="Numbers, applications and the account's scenario too.")
@for_account
def reset(connection: Connection, everything: bool) -> None:
    """Forget messages, journals, handsets and what is pending."""
    connection.call("POST", "reset", {"all": everything})


@click.command(short_help="Give the account a plausible past.")
@click.option("--messages", type=click.IntRange(1), default=1000, show_default=True, help="How many.")
@click.option("--days", type=click.IntRange(1), default=30, show_default=True, help="How far back they go.")
@click.option("--seed", "number", type=int, default=1, show_default=True, help="The same seed, the same past.")
@for_account
def seed(connection: Connection, messages: int, days: int, number: int) -> None:
    """Give the account a plausible past, for list pages and dashboards."""
    connection.call("POST", "seed", {"messages": messages, "days": days, "seed": number})
    click.echo(f"{messages} messages of the last {days} days")


@click.command(short_help="Text the app under test from a handset.")
@click.option("--from", "sender", required=True, metavar="NUMBER", help="The handset's number.")
@click.option("--to", "recipient", required=True, metavar="NUMBER", help="The app's number.")
@click.option("--body", default="", help="The text.")
@click.option("--media", multiple=True, metavar="URL", help="An attachment; may be repeated.")
@for_account
def inbound(connection: Connection, sender: str, recipient: str, body: str, media: tuple[str, ...]) -> None:
    """Text the app under test from a handset; returns when the app has answered."""
    channel = "mms" if media else "sms"
    text: dict[str, Any] = {"from": _uri(channel, sender), "to": _uri(channel, recipient), "body": body}
    if media:
        text["media_list"] = [{"url": url} for url in media]
    for line in _conversation(connection.call("POST", "inbound", text)):
        click.echo(line)


def _uri(channel: str, number: str) -> str:
    return number if ":" in number else f"{channel}:{number}"


def _conversation(heard: Mapping[str, Any]) -> Iterable[str]:
    yield f"{heard['message']['sid']}  {heard['message']['status']}"
    for asked in heard["requests"]:
        yield f"{asked['method']} {asked['url']}  {asked['answer_status'] or asked['error']}"
    if not heard["requests"]:
        yield "the number is bound to no URL, so nobody was asked"
    for reply in heard["replies"]:
        yield f"reply  {reply['sid']}  {reply['status']}  to {reply['to']}: {reply['body']}"
