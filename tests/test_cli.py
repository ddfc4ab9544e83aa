import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from msgspec.structs import asdict

from emulator.cli import COMMANDS, main
from emulator.cli.connection import local_url
from emulator.cli.lines import event_line
from emulator.cli.serve import serve
from emulator.cli.tail import events
from emulator.config import Config
from tests.commands import environment, run


def invoke(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner(env={"EMULATOR_URL": None, "EMULATOR_HOST": None, "EMULATOR_PORT": None}).invoke(
        main, arguments, prog_name="cpaas-emulator"
    )
    return outcome.exit_code, outcome.output


def test_the_version_is_the_packages() -> None:
    assert invoke("--version") == (0, "cpaas-emulator, version 0.1.0\n")


def test_help_lists_every_command_with_what_it_does() -> None:
    status, text = invoke("--help")
    assert status == 0
    listed = [line.split() for line in text.partition("Commands:\n")[2].splitlines()]
    assert [words[0] for words in listed] == list(COMMANDS)
    assert all(len(words) > 2 for words in listed)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_of_it_says_what_it_does(name: str) -> None:
    status, text = invoke(name, "--help")
    assert status == 0
    assert "..." not in text.replace("FILE...", "").replace("http://...", "")
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name


def test_every_setting_has_an_option_with_its_default_and_a_variable() -> None:
    variables = {option.name: option.envvar for option in serve.params}
    assert variables == {name: f"EMULATOR_{name.upper()}" for name in Config.__struct_fields__}
    with CliRunner(env={str(variable): None for variable in variables.values()}).isolation():
        assert serve.make_context("serve", []).params == asdict(Config())


def test_good_scenarios_pass(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("first.yaml", "second.yaml"))
    for path in (first, second):
        path.write_text("version: 1\n")
    assert invoke("check", str(first), str(second)) == (0, f"{first}: no problems\n{second}: no problems\n")


def test_every_problem_of_every_file_is_listed(tmp_path: Path) -> None:
    bad, good, none = (tmp_path / name for name in ("bad.yaml", "good.yaml", "none.yaml"))
    bad.write_text("version: 1\nrulez: []\nsead: 1\n")
    good.write_text("version: 1\n")
    assert invoke("check", str(bad), str(none), str(tmp_path), str(good)) == (
        1,
        f"{bad}:2:1: error: unknown key 'rulez' in a scenario; did you mean 'rules'?\n"
        f"{bad}:3:1: error: unknown key 'sead' in a scenario; did you mean 'seed'?\n"
        f"{none}: error: cannot be read: No such file or directory\n"
        f"{tmp_path}: error: cannot be read: Is a directory\n"
        f"{good}: no problems\n",
    )


TWO_ENDINGS = "version: 1\nrules:\n  - {name: odd, then: [delivered, failed after 1s]}\n"
WARNING = ":3:35: warning: two endings: failed comes after delivered; "


def test_a_warning_is_listed_and_lets_pass() -> None:
    ended = run("check", "-", given=TWO_ENDINGS)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("<stdin>" + WARNING)


def test_the_expanded_scenario_stands_alone_on_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(TWO_ENDINGS)
    ended = run("check", "--expand", str(path))
    assert ended.status == 0
    assert ended.out == (
        "version: 1\nrules:\n  - {name: odd, then: [{status: delivered}, {status: failed, after: 1s}]}\n"
    )
    assert ended.err.startswith(f"{path}{WARNING}")


def test_a_scenario_with_errors_is_not_expanded() -> None:
    ended = run("check", "--expand", "-", given="version: 1\nrulez: []\n")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "<stdin>:2:1: error: unknown key 'rulez' in a scenario; did you mean 'rules'?\n"


def test_the_schema_is_printed_for_editors() -> None:
    status, text = invoke("check", "--schema")
    assert status == 0
    assert json.loads(text)["title"] == "cpaas-emulator scenario"


def test_nothing_to_check_is_a_wrong_call() -> None:
    status, text = invoke("check")
    assert status == 2
    assert "name a scenario FILE, or - for standard input" in text


def test_an_unknown_command_is_refused_with_where_to_look() -> None:
    status, text = invoke("sevre")
    assert status == 2
    assert "No such command 'sevre'" in text


def test_naming_the_commands_does_not_import_what_they_need() -> None:
    code = "import emulator.cli, sys; print(sorted({'asyncio', 'msgspec', 'aiohttp', 'yaml'} & set(sys.modules)))"
    assert python(code) == "[]\n"


def test_asking_whether_a_server_is_ready_imports_no_server() -> None:
    code = (
        "import sys\n"
        "from emulator.cli import main\n"
        "try: main(['ready', '--url', 'http://127.0.0.1:1'])\n"
        "except SystemExit: print(sorted({'asyncio', 'msgspec', 'aiohttp', 'yaml'} & set(sys.modules)))\n"
    )
    assert python(code) == "[]\n"


def test_a_server_imports_neither_faker_nor_yaml_nor_the_openapi_document() -> None:
    code = (
        "import emulator.cli.serve, emulator.server, sys\n"
        "print(sorted({'faker', 'yaml', 're2', 'emulator.openapi.document'} & set(sys.modules)))\n"
    )
    assert python(code) == "[]\n"


def test_reload_says_what_to_install_when_nothing_can_watch_files() -> None:
    code = (
        "import sys\n"
        "sys.modules['watchfiles'] = None\n"
        "from emulator.cli import main\n"
        "sys.stderr = sys.stdout\n"
        "try: main(['serve', '--reload', '--scenario', 'x.yaml'])\n"
        "except SystemExit as end: print(end.code)\n"
    )
    assert python(code) == "Error: --reload needs watchfiles; pip install 'cpaas-emulator[reload]'\n1\n"


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", "8024", "http://127.0.0.1:8024"),
        ("0.0.0.0", "8031", "http://127.0.0.1:8031"),
        ("::", "8024", "http://[::1]:8024"),
        ("::1", "8024", "http://[::1]:8024"),
        ("emulator", "80", "http://emulator:80"),
    ],
)
def test_a_server_on_this_machine_is_found_by_how_it_was_set_up(host: str, port: str, url: str) -> None:
    assert local_url(host, port) == url


@pytest.mark.parametrize("url", ["127.0.0.1:8024", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://[:"])
def test_a_url_where_no_emulator_can_be_is_refused_with_how_to_write_it(url: str) -> None:
    status, text = invoke("ready", "--url", url)
    assert status == 1
    assert text == f"Error: {url!r} is not where an emulator can be; write --url http://HOST:PORT\n"


@pytest.mark.parametrize("arguments", [("ready",), ("reset",), ("tail",), ("advance", "1h"), ("seed",)])
def test_a_server_that_is_not_there_is_reported_in_one_line(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, EMULATOR_URL="http://127.0.0.1:1")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "Error: no emulator at http://127.0.0.1:1: Connection refused; "
        "start one with `cpaas-emulator serve`, or say where it is with --url\n"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"kind": "message", "message": "SM1", "status": "queued"}, "message   SM1  queued"),
        ({"kind": "status", "message": "SM1", "status": "sent", "error_code": None}, "status    SM1  sent"),
        ({"kind": "status", "message": "SM1", "status": "failed", "error_code": 30007}, "status    SM1  failed 30007"),
        (
            {
                "kind": "callback",
                "message": "SM1",
                "status": "sent",
                "url": "http://app/s",
                "attempt": 1,
                "answer": 200,
            },
            "callback  SM1  sent  http://app/s: 200",
        ),
        (
            {
                "kind": "callback",
                "message": "SM1",
                "status": "sent",
                "url": "http://app/s",
                "attempt": 2,
                "outcome": "failed",
                "answer": None,
                "error": "no answer within 6000 ms",
            },
            "callback  SM1  sent  http://app/s (attempt 2): no answer within 6000 ms",
        ),
        (
            {"kind": "callback", "message": "SM1", "status": "sent", "url": "http://app/s", "outcome": "lost"},
            "callback  SM1  sent  http://app/s: lost",
        ),
        ({"kind": "request", "method": "GET", "path": "/a", "answer": 404}, "request   GET /a  404"),
        ({"kind": "request", "method": "POST", "path": "/a", "answer": None}, "request   POST /a  cut off"),
        ({"kind": "inbound", "message": "SM1", "from": "sms:+1555"}, "inbound   SM1  from sms:+1555"),
        (
            {"kind": "clock", "mode": "manual", "now": "2026-01-31T08:00:00.000Z"},
            "clock     manual  2026-01-31T08:00:00.000Z",
        ),
        ({"kind": "missed", "count": 3, "remedy": "read again"}, "missed    count=3  remedy=read again"),
    ],
)
def test_an_event_is_one_line(event: dict[str, object], line: str) -> None:
    assert event_line({"id": 7, "at": "2026-01-31T08:00:00.000Z", **event}) == f"2026-01-31T08:00:00.000Z  {line}"


def test_a_stream_is_read_event_by_event_whatever_else_is_in_it() -> None:
    stream = (
        b"retry: 1000\r\n",
        b"\r\n",
        b": ping\r\n",
        b"\r\n",
        b"id: 3\r\n",
        b"event: status\r\n",
        b'data: {"message": "SM1", "body": "caf\xc3\xa9"}\r\n',
        b"\r\n",
        b'data:{"kind": "clock"}\n',
        b"\n",
        b'data: {"cut": "off',
    )
    assert list(events(stream)) == [
        {"id": "3", "kind": "status", "message": "SM1", "body": "café"},
        {"id": "", "kind": "clock"},
    ]


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=environment({})
    ).stdout
