import os
import shutil
from pathlib import Path

import pytest

from emulator import scenario_file
from emulator.reload import differences
from emulator.scenario import Scenario
from tests.commands import Running, serving
from tests.test_serve import get_text, send

LATE = """\
version: 1
rules:
  - name: late
    when: {to: "+1555*"}
    then: [sending, sent after 1s]
"""


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (LATE, []),
        ("# a remark\n" + LATE, []),
        (LATE.replace("1s", "2s"), ["changed rule late"]),
        (LATE.replace("late", "later"), ["added rule later", "removed rule late"]),
        (
            LATE + "  - {name: busy, reply: 503}\n  - {name: gone, when: {to: x}}\n",
            ["added rules busy, gone"],
        ),
        (LATE + "seed: 4\nclock: manual\nlist: all\n", ["changed seed, clock, list"]),
        (LATE + "callback: {timeout: 1s}\ninbound: [{set: stopped}]\n", ["changed callback, inbound"]),
        ("version: 1\n", ["removed rule late"]),
    ],
)
def test_what_changed_is_said_by_name(after: str, said: list[str]) -> None:
    assert differences(scenario(LATE), scenario(after)) == said


def test_rules_that_only_change_places_are_said_to() -> None:
    rules = ("  - {name: a, when: {to: x}}\n", "  - {name: b, when: {to: '/y+/'}}\n")
    before, after = ("version: 1\nrules:\n" + "".join(order) for order in (rules, rules[::-1]))
    assert differences(scenario(before), scenario(after)) == ["rules in another order"]


def scenario(text: str) -> Scenario:
    return scenario_file.load(text).scenario


def test_a_save_replaces_the_scenario_and_a_bad_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(LATE)
    with serving("--scenario", str(path), "--reload") as server:
        save_by_rename(path, LATE.replace("late", "busy").replace("then: [sending, sent after 1s]", "reply: 503"))
        assert said(server, path) == "INFO reloaded: added rule busy; removed rule late"
        path.write_text("version: 1\nrulez: []\nsead: 1\n")
        assert said(server, path) == "ERROR has errors; the scenario stays as it was"
        assert server.log(lambda line: True) == (
            f"{path}:2:1: error: unknown key 'rulez' in a scenario; did you mean 'rules'?\n"
        )
        assert server.log(lambda line: True) == (
            f"{path}:3:1: error: unknown key 'sead' in a scenario; did you mean 'seed'?\n"
        )
        assert "busy" in active(server)
        path.unlink()
        assert said(server, path) == "ERROR cannot be read: No such file or directory; the scenario stays as it was"
        path.write_text(LATE + "clock: manual\n")
        assert said(server, path) == "INFO reloaded: added rule late; removed rule busy; changed clock"
        assert "name: late" in active(server)
        send(server.url)
        assert '"mode": "manual"' in get_text(f"{server.url}/_emulator/accounts/default/clock")
        assert server.end().status == 0


def test_a_save_is_seen_through_a_link_that_another_file_takes_the_place_of(tmp_path: Path) -> None:
    for name, text in (("first.yaml", LATE), ("second.yaml", "version: 1\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "mounted").mkdir()
    path = tmp_path / "mounted" / "scenario.yaml"
    path.symlink_to(tmp_path / "first.yaml")
    with serving("--scenario", str(path), "--reload") as server:
        (tmp_path / "mounted" / "next").symlink_to(tmp_path / "second.yaml")
        os.replace(tmp_path / "mounted" / "next", path)
        assert said(server, path) == "INFO reloaded: removed rule late"


def test_a_save_to_the_same_or_with_a_warning_says_so(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(LATE)
    with serving("--scenario", str(path), "--reload") as server:
        path.write_text(LATE + "  - {name: odd, then: [delivered, failed after 1s]}\n")
        assert said(server, path) == "INFO reloaded: added rule odd"
        assert said(server, path) == "WARNING has warnings"
        assert "two endings" in server.log(lambda line: True)
        save_by_rename(path, path.read_text())
        assert said(server, path) == "INFO reloaded: nothing changed"


def test_a_folder_that_is_made_anew_is_still_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "scenarios" / "scenario.yaml"
    path.parent.mkdir()
    path.write_text(LATE)
    with serving("--scenario", str(path), "--reload") as server:
        save_by_rename(path, "version: 1\nseed: 1\n")
        assert said(server, path) == "INFO reloaded: removed rule late; changed seed"
        shutil.rmtree(path.parent)
        assert said(server, path) == "ERROR cannot be read: No such file or directory; the scenario stays as it was"
        path.parent.mkdir()
        path.write_text(LATE)
        assert said(server, path) == "INFO reloaded: added rule late; changed seed"
        assert server.end().status == 0


def said(server: Running, path: Path) -> str:
    """The next line of the log about the file, without when and which."""
    line = server.log(lambda line: f" {path}" in line)
    return line.split(" ", 2)[2].replace(f"{path}: ", "").replace(f"{path} ", "").rstrip()


def active(server: Running) -> str:
    return get_text(f"{server.url}/_emulator/accounts/default/scenario")


def save_by_rename(path: Path, text: str) -> None:
    """What editors do."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)
