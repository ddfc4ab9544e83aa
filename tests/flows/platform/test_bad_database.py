"""Databases that cannot be used, and disks that fill up."""

import os
import resource
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from emulator.errors import StartFailed
from tests.conftest import Start
from tests.processes import Emulator, emulator, run_to_its_end
from tests.running import AppUnderTest

ELSEWHERE = "name another file with --db"


async def refused(start: Start, path: Path) -> str:
    """Why a server does not start with this database."""
    with pytest.raises(StartFailed) as caught:
        await start(db=path)
    return str(caught.value)


async def test_a_file_of_another_program_is_not_touched(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE precious (value TEXT)")
    theirs.close()
    before = path.read_bytes()
    assert await refused(start, path) == f"{path} is a database of another program; {ELSEWHERE}"
    assert path.read_bytes() == before


async def test_a_file_of_another_version_is_not_touched(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE message (value TEXT)")
        old.execute(f"PRAGMA application_id = {0x43506145}")
        old.execute("PRAGMA user_version = 999")
    old.close()
    before = path.read_bytes()
    said = await refused(start, path)
    assert said.startswith(
        f"{path} was written by another version of the emulator (its format is 999, this one writes "
    )
    assert said.endswith(f"{ELSEWHERE} or delete it")
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"x", b"\x00" * 4096])
async def test_a_file_that_is_no_database_is_not_touched(start: Start, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    said = await refused(start, path)
    assert said == f"cannot use {path} as the database: it is not an SQLite database; {ELSEWHERE}"
    assert path.read_bytes() == content


async def test_a_damaged_database_says_so(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    await start(db=path, port=0)
    copy = tmp_path / "copy.db"
    damaged = bytearray(path.read_bytes() or (tmp_path / "emulator.db-wal").read_bytes())
    damaged[100:] = b"\xff" * (len(damaged) - 100)
    copy.write_bytes(b"SQLite format 3\x00" + bytes(damaged[16:]))
    assert (await refused(start, copy)).startswith(f"cannot use {copy} as the database: ")


async def test_a_folder_that_is_not_there_is_named_as_the_reason(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "emulator.db"
    assert await refused(start, path) == f"cannot use {path} as the database: its folder does not exist; {ELSEWHERE}"
    assert not path.parent.exists()


async def test_a_folder_is_no_database(start: Start, tmp_path: Path) -> None:
    said = await refused(start, tmp_path)
    assert said == f"cannot use {tmp_path} as the database: it is a folder; {ELSEWHERE}"


async def test_a_place_that_cannot_be_written_is_refused(start: Start, tmp_path: Path) -> None:
    path = Path("/proc/emulator.db")
    assert (await refused(start, path)).startswith(f"cannot use {path} as the database: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
async def test_a_file_that_cannot_be_written_is_refused(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    async with emulator("--db", path) as running:
        await running.end(signal.SIGTERM)
    path.chmod(0o444)
    said = await refused(start, path)
    assert said == f"cannot use {path} as the database: this user may not write to it; {ELSEWHERE}"


async def test_two_emulators_do_not_share_a_database(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    first = await start(db=path)
    assert await refused(start, path) == f"cannot use {path} as the database: another process is using it; {ELSEWHERE}"
    await first.send()


async def test_an_empty_file_becomes_a_database(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    path.touch()
    await (await start(db=path)).send()


async def test_a_port_in_use_is_named(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed) as caught:
            await start(port=port)
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: the port is in use; choose another port with --port, or 0 for a free one"
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "256.1.1.1"])
async def test_a_host_that_is_none_is_named(start: Start, host: str) -> None:
    with pytest.raises(StartFailed) as caught:
        await start(host=host)
    assert str(caught.value) == f"cannot listen on {host}: there is no such host; choose another with --host"


async def test_an_address_of_another_machine_is_named(start: Start) -> None:
    with pytest.raises(StartFailed) as caught:
        await start(host="203.0.113.9")
    assert str(caught.value) == (
        "cannot listen on 203.0.113.9: this machine has no such address; choose another with --host"
    )


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a device")
async def test_a_device_is_no_database(start: Start) -> None:
    with pytest.raises(StartFailed) as caught:
        await start(db=Path("/dev/null"))
    assert str(caught.value) == "cannot use /dev/null as the database: it is not a file; name another file with --db"


async def test_a_start_that_fails_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database" * 100)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for arguments in (
            ["--port", "0", "--db", tmp_path / "notes.txt"],
            ["--port", taken.getsockname()[1]],
            ["--port", "0", "--scenario", tmp_path / "missing.yaml"],
            ["--port", "0", "--db", ""],
        ):
            ended = await run_to_its_end(*arguments)
            assert (ended.status, ended.out) == (1, "")
            assert len(ended.err.splitlines()) == 1
            assert "Traceback" not in ended.err


def room(running: Emulator, size: int | None) -> None:
    """Let the process write files of at most this size; None for any."""
    limit = resource.RLIM_INFINITY if size is None else size
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
async def test_a_full_disk_is_told_loses_nothing_and_is_survived(tmp_path: Path, app: AppUnderTest) -> None:
    path = tmp_path / "emulator.db"
    async with emulator("--db", path) as running:
        server = running.server
        accepted = [(await server.send(status_callback=app.url))["sid"]]
        room(running, 1)
        refusals = [await server.try_to_send(status_callback=app.url) for _ in range(3)]
        for refusal in refusals:
            assert refusal.status == 500
            assert refusal.json["message"].startswith("the database could not be written: ")
            assert refusal.json["message"].endswith(
                "; nothing of this request was kept; free disk space or start the emulator with another --db"
            )
        assert (await server.request("GET", server.messages_url, headers=server.auth)).status == 200
        room(running, None)
        accepted.append((await server.send(status_callback=app.url))["sid"])
        await server.get("idle", timeout="30s")
        assert {sid: (await server.get(f"messages/{sid}"))["status"] for sid in accepted} == dict.fromkeys(
            accepted, "delivered"
        )
        assert len((await server.get("messages"))["messages"]) == 2
        room(running, 1)
        ended = await running.end(signal.SIGTERM)
    assert ended.status == 0
    assert "Traceback" not in ended.err
    assert {(each["MessageSid"], each["MessageStatus"]) for each in app.told} == {
        (sid, status) for sid in accepted for status in ("sending", "sent", "delivered")
    }
