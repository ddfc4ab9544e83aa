import json
import re
import signal
import urllib.request
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from emulator.cli import main
from tests.commands import Running, answering, run, serving, started
from tests.test_serve import ACCOUNT, TOKEN, get, send

LOGIN = (ACCOUNT, TOKEN)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving("--clock", "manual", "--seed", "1") as server:
        yield server


@pytest.fixture
def account(server: Running, request: pytest.FixtureRequest) -> str:
    """The SID of an account of the test's own."""
    taken = get(f"{server.url}/_emulator/accounts")["accounts"]
    sid = f"AC{len(taken):032d}"
    send(server.url, login=(sid, "token"))
    assert call(server, sid, "reset") == (0, "")
    return sid


def call(server: Running, account: str, *arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(main, [*arguments, "--url", server.url, "--account", account])
    return outcome.exit_code, outcome.output


def without_instants(text: str) -> list[list[str]]:
    """The words of each line, without when it happened and which message it was."""
    plain = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "", text)
    return [re.sub(r"SM[0-9a-f]{32}", "SM", line).split() for line in plain.splitlines()]


def test_ready_says_nothing_when_the_server_is(server: Running) -> None:
    ended = run("ready", EMULATOR_URL=server.url)
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_ready_finds_the_server_by_the_variables_that_set_it_up(server: Running) -> None:
    port = server.url.rpartition(":")[2]
    ended = run("ready", EMULATOR_HOST="0.0.0.0", EMULATOR_PORT=port)
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_another_server_is_not_taken_for_an_emulator() -> None:
    with answering(404, b"<html>nothing here</html>") as url:
        ready, advance = run("ready", "--url", url), run("advance", "1h", "--url", url)
    assert (ready.status, ready.err) == (1, f"Error: not ready: {url} answered 404\n")
    assert advance.status == 1
    assert advance.err == f"Error: {url} answered 404 and does not seem to be an emulator; see --url\n"
    with answering(200, b"ok") as url:
        ready = run("ready", "--url", url)
    assert (ready.status, ready.err) == (1, f"Error: not ready: {url} does not seem to be an emulator; see --url\n")


def test_advancing_shows_what_happened_on_the_way_and_where_the_clock_stands(server: Running, account: str) -> None:
    send(server.url, login=(account, "token"), to="sms:+150055030003")
    status, first = call(server, account, "advance", "next")
    assert status == 0
    assert without_instants(first) == [["status", "SM", "sending"], ["the", "clock", "stands", "at"]]
    status, rest = call(server, account, "advance", "72h")
    assert without_instants(rest) == [
        ["status", "SM", "sent"],
        ["status", "SM", "undelivered", "30003"],
        ["the", "clock", "stands", "at"],
    ]
    assert call(server, account, "advance", "2099-01-01T00:00:00Z") == (
        0,
        "the clock stands at 2099-01-01T00:00:00.000Z\n",
    )
    assert call(server, account, "advance", "idle") == (0, "the clock stands at 2099-01-01T00:00:00.000Z\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("advance", "5parsec"), "by: '5parsec' is not a duration such as 250ms, 2s, 5m, 72h or 1h30m"),
        (("advance", "2001-01-01"), "to: 2001-01-01 is in the past"),
        (("inbound", "--from", "nobody", "--to", "+15550109999"), "from must end in an E.164 number, not 'nobody'"),
    ],
)
def test_what_the_server_refuses_is_shown_with_its_remedy(
    server: Running, account: str, arguments: tuple[str, ...], message: str
) -> None:
    status, text = call(server, account, *arguments)
    assert status == 1
    assert text.startswith(f"Error: {message}")
    assert "; " in text
    assert len(text.splitlines()) == 1


def test_a_real_clock_cannot_be_advanced_and_says_so() -> None:
    with serving() as server:
        status, text = call(server, "default", "advance", "1h")
    assert status == 1
    assert text.startswith("Error: ")


def test_an_account_that_does_not_exist_is_refused(server: Running) -> None:
    assert call(server, "ACnobody", "reset") == (
        1,
        "Error: there is no account ACnobody; create it with POST /_emulator/accounts, "
        "or send a message with its SID and any token\n",
    )


def test_seed_gives_a_past_and_reset_forgets_it(server: Running, account: str) -> None:
    assert call(server, account, "seed", "--messages", "20", "--days", "2") == (0, "20 messages of the last 2 days\n")
    assert len(get(f"{server.url}/_emulator/accounts/{account}/messages")["messages"]) == 20
    assert call(server, account, "reset", "--all") == (0, "")
    assert get(f"{server.url}/_emulator/accounts/{account}/messages")["messages"] == []


def test_a_text_to_a_number_nobody_listens_to_says_so(server: Running, account: str) -> None:
    status, text = call(server, account, "inbound", "--from", "+15550100001", "--to", "+15550109999", "--body", "hi")
    assert status == 0
    assert without_instants(text) == [
        ["SM", "received"],
        ["the", "number", "is", "bound", "to", "no", "URL,", "so", "nobody", "was", "asked"],
    ]


def test_a_text_shows_what_the_app_was_asked_and_its_replies(server: Running, account: str) -> None:
    answer = b"<Response><Message>thanks</Message></Response>"
    with answering(200, answer) as app:
        bind(server, account, "+15550109999", f"{app}/sms")
        status, text = call(
            server, account, "inbound", "--from", "+15550100001", "--to", "+15550109999", "--body", "hello"
        )
    assert status == 0
    assert without_instants(text) == [
        ["SM", "received"],
        ["POST", f"{app}/sms", "200"],
        ["reply", "SM", "queued", "to", "sms:+15550100001:", "thanks"],
    ]


def test_tail_shows_what_happens_until_it_is_interrupted(server: Running, account: str) -> None:
    with (
        started("tail", "--url", server.url, "--account", account) as watcher,
        started("tail", "--json", "--url", server.url, "--account", account) as reader,
    ):
        for each in (watcher, reader):
            assert each.log(lambda line: True) == f"watching {server.url}; Ctrl-C ends\n"
        sid = send(server.url, login=(account, "token"))["sid"]
        assert without_instants(watcher.line(lambda line: "message" in line)) == [["message", "SM", "queued"]]
        event = json.loads(reader.line(lambda line: '"message"' in line))
        assert (event["kind"], event["message"], event["status"]) == ("message", sid, "queued")
        for each in (watcher, reader):
            ended = each.end(signal.SIGINT)
            assert (ended.status, ended.err) == (0, "")


def test_tail_of_an_account_that_does_not_exist_is_refused(server: Running) -> None:
    ended = run("tail", "--url", server.url, "--account", "ACnobody")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("Error: there is no account ACnobody; ")


def test_the_demo_shows_three_messages_and_their_fates() -> None:
    ended = run("demo")
    assert (ended.status, ended.err) == (0, "")
    said = [line.strip() for line in ended.out.splitlines() if line.startswith("  callback: ")]
    assert said == [
        *("callback: sending", "callback: sent", "callback: delivered"),
        *("callback: sending", "callback: sent", "callback: undelivered 30003"),
        *("callback: sending", "callback: failed 30007"),
    ]
    _, _, listed = ended.out.partition("GET ")
    fates = [line.split()[1:] for line in listed.splitlines() if line.startswith("  SM")]
    assert fates == [
        ["sms:+150055130007", "failed", "30007", "Carrier", "violation"],
        ["sms:+150055030003", "undelivered", "30003", "Unreachable", "destination", "handset"],
        ["sms:+15550100001", "delivered"],
    ]


def bind(server: Running, account: str, number: str, url: str) -> None:
    """Let a URL hear what is texted to a number."""
    scenario = f'version: 1\nnumbers:\n  - {{number: "{number}", sms_url: "{url}"}}\n'
    urllib.request.urlopen(
        urllib.request.Request(
            f"{server.url}/_emulator/accounts/{account}/scenario",
            scenario.encode(),
            {"Content-Type": "application/yaml"},
            method="PUT",
        )
    ).close()
