import json
import signal
import socket
import sqlite3
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.commands import Ended, answering, run, serving, started

ACCOUNT, TOKEN = "ACae6e420f425248d6a26948c17a9e2acf", "77f8c12cc7b8f8423e5c38b035249166"
TLS = Path(__file__).parent / "tls"


def test_it_says_where_it_listens_and_nothing_else_on_standard_output() -> None:
    with started("serve", "--port", "0") as server:
        line = server.line(lambda line: True)
        url = line.removeprefix("listening on ").rstrip()
        assert line == f"listening on {url}\n"
        assert url.startswith("http://127.0.0.1:")
        assert get(f"{url}/_emulator/health")["status"] == "ok"
        send(url)
        ended = server.end()
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == f"account {ACCOUNT}, token {TOKEN}\ncontrol API {url}/_emulator/openapi.json\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(number: int) -> None:
    with serving() as server:
        assert server.end(number).status == 0


def test_it_stops_although_somebody_watches_and_an_app_never_answers() -> None:
    with (
        serving() as server,
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        started("tail", "--url", server.url) as watcher,
    ):
        watcher.log(lambda line: line.startswith("watching"))
        send(server.url, status_callback=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        connection, _ = silent.accept()
        with connection:
            assert server.end().status == 0
        ended = watcher.wait()
    assert (ended.status, ended.err) == (0, "the emulator has stopped\n")


def test_variables_set_it_up_too(tmp_path: Path) -> None:
    token, account = "a" * 32, "AC" + "b" * 32
    variables = {
        "EMULATOR_HOST": "0.0.0.0",
        "EMULATOR_PORT": "0",
        "EMULATOR_DB": str(tmp_path / "emulator.db"),
        "EMULATOR_CLOCK": "manual",
        "EMULATOR_SEED": "7",
        "EMULATOR_STRICT_AUTH": "1",
        "EMULATOR_ACCOUNT_SID": account,
        "EMULATOR_AUTH_TOKEN": token,
    }
    with started("serve", **variables) as server:
        url = server.line(lambda line: True).removeprefix("listening on ").rstrip()
        assert url.startswith("http://0.0.0.0:")
        url = url.replace("0.0.0.0", "127.0.0.1")
        assert get(f"{url}/_emulator/accounts/default/clock")["mode"] == "manual"
        assert send(url, login=(account, token))["sid"] == send_again_with_the_same_seed(account, token)
        assert status_of(send, url, login=("AC" + "c" * 32, "any")) == 401
        ended = server.end()
    assert ended.err.startswith(f"account {account}, token the one you gave\n")
    assert (tmp_path / "emulator.db").exists()


def send_again_with_the_same_seed(account: str, token: str) -> str:
    with serving("--seed", "7", "--account-sid", account, "--auth-token", token) as server:
        return str(send(server.url, login=(account, token))["sid"])


def test_a_flag_wins_over_its_variable() -> None:
    with serving("--clock", "instant", EMULATOR_CLOCK="manual") as server:
        assert get(f"{server.url}/_emulator/accounts/default/clock")["mode"] == "instant"


def test_an_empty_variable_is_as_good_as_none() -> None:
    with serving(EMULATOR_DB="", EMULATOR_SEED="", EMULATOR_CLOCK="", EMULATOR_SCENARIO="") as server:
        assert get(f"{server.url}/_emulator/accounts/default/clock")["mode"] == "real"


def test_a_misspelt_variable_is_pointed_out_and_those_of_others_are_not() -> None:
    others = {"EMULATOR_SERVICE_HOST": "10.0.0.7", "EMULATOR_BASE_URL": "http://x", "EMULATOR_URL": "http://x"}
    with serving(EMULATOR_SCENARO="x.yaml", **others) as server:
        assert server.log(lambda line: True) == (
            "Warning: EMULATOR_SCENARO is read by nobody; did you mean EMULATOR_SCENARIO?\n"
        )
        assert server.log(lambda line: True).startswith("account ")


def test_a_port_in_use_is_one_clear_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert failed(ended) == (
        f"Error: cannot listen on 127.0.0.1:{port}: the port is in use; "
        "choose another port with --port, or 0 for a free one\n"
    )


def test_a_host_that_does_not_exist_is_one_clear_line() -> None:
    assert failed(run("serve", "--port", "0", "--host", "nowhere.invalid")) == (
        "Error: cannot listen on nowhere.invalid: there is no such host; choose another with --host\n"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/emulator.db", "its folder does not exist"),
        ("folder", "it is a folder"),
        ("text.db", "it is not an SQLite database"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("this is not a database, and long enough to be looked at\n" * 20)
    path = tmp_path / name
    assert failed(run("serve", "--port", "0", "--db", str(path))) == (
        f"Error: cannot use {path} as the database: {reason}; name another file with --db\n"
    )


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    assert failed(run("serve", "--port", "0", "--db", str(path))) == (
        f"Error: {path} is a database of another program; name another file with --db\n"
    )
    assert path.read_bytes() == before


def test_a_database_in_use_by_another_emulator_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with serving("--db", str(path)):
        assert failed(run("serve", "--port", "0", "--db", str(path))) == (
            f"Error: cannot use {path} as the database: another process is using it; name another file with --db\n"
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "99999"), "Error: Invalid value for '--port'"),
        (("--clock", "sundial"), "Error: Invalid value for '--clock'"),
        (("--seed", "x"), "Error: Invalid value for '--seed'"),
        (("--message-limit", "0"), "Error: Invalid value for '--message-limit'"),
        (("--account-sid", "me"), "'me' is not an account SID; write AC and 32 letters or digits"),
        (("--auth-token", ""), "a token is printable text of at least one character"),
        (("--public-url", "emulator:8024"), "is not the URL of a server, such as http://emulator:8024"),
    ],
)
def test_a_value_out_of_range_is_a_wrong_call(arguments: tuple[str, str], message: str) -> None:
    ended = run("serve", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_wrong_variable_is_named() -> None:
    ended = run("serve", EMULATOR_PORT="tcp://10.0.0.7:8024")
    assert ended.status == 2
    assert "Invalid value for '--port' (env var: 'EMULATOR_PORT'): 'tcp://10.0.0.7:8024'" in ended.err


def test_a_scenario_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert failed(run("serve", "--port", "0", "--scenario", str(path))) == (
        f"Error: cannot read the scenario {path}: No such file or directory\n"
    )


def test_a_bad_scenario_is_reported_with_every_problem_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nrulez: []\nsead: 1\n")
    assert failed(run("serve", "--port", "0", "--scenario", str(path))) == (
        "Error: the scenario has errors, so the server was not started:\n"
        f"{path}:2:1: error: unknown key 'rulez' in a scenario; did you mean 'rules'?\n"
        f"{path}:3:1: error: unknown key 'sead' in a scenario; did you mean 'seed'?\n"
    )


def test_reload_without_a_scenario_is_one_clear_line() -> None:
    assert failed(run("serve", "--reload")) == ("Error: --reload watches a scenario; name one with --scenario FILE\n")


def test_an_https_callback_needs_a_certificate_this_machine_trusts() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    with answering(200, tls=context) as url:
        with serving() as server:
            assert "CERTIFICATE_VERIFY_FAILED" in fate_of_a_callback(server.url, url)["error"]
        with serving(SSL_CERT_FILE=str(TLS / "certificate.pem")) as server:
            assert fate_of_a_callback(server.url, url)["answer_status"] == 200
        with serving("--no-verify-tls") as server:
            assert fate_of_a_callback(server.url, url)["answer_status"] == 200


def fate_of_a_callback(emulator: str, url: str) -> Any:
    send(emulator, status_callback=url)
    get(f"{emulator}/_emulator/accounts/default/idle?timeout=30s")
    return get(f"{emulator}/_emulator/accounts/default/callbacks")["callbacks"][0]


def failed(ended: Ended) -> str:
    """What a program that failed says on standard error."""
    assert (ended.status, ended.out) == (1, "")
    return ended.err


def get(url: str) -> Any:
    return json.loads(get_text(url))


def get_text(url: str) -> str:
    with urllib.request.urlopen(url) as response:
        text: str = response.read().decode()
        return text


def send(url: str, *, login: tuple[str, str] = (ACCOUNT, TOKEN), **parameters: str) -> Any:
    form = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": "hello", **parameters}
    request = urllib.request.Request(
        f"{url}/api/2012-04-24/Accounts/{login[0]}/Messages",
        urlencode(form).encode(),
        {"Authorization": "Basic " + b64encode(":".join(login).encode()).decode()},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def status_of(call: Any, *values: Any, **named: Any) -> int:
    """The HTTP status with which a call is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(*values, **named)
    with refused.value:
        return refused.value.code
