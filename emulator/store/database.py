"""The database: opened, checked, and written in groups.

Work queued during one turn of the loop, or while a group is under way, becomes the next group: one transaction for all
of it, each caller answered after the commit. Brief work, which is nearly all there is, is done by the loop itself:
a hop to the database's thread costs more than a few rows do, and both threads would want the interpreter. What may
take long, such as a list or a reset, is done in that thread, so that others are served meanwhile.

Work gets the bare connection and must have no effect outside the database, because a group in which one piece fails is
run again piece by piece, unless that piece was a refusal that had written nothing.
"""

import asyncio
import logging
import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from emulator.clock import call_after, pause
from emulator.errors import Refused, StartFailed, StorageFailed

Transaction = sqlite3.Connection
T = TypeVar("T")

APPLICATION_ID = 0x43506145
"""Marks our files, so that another program's database is refused instead of altered."""

SCHEMA_VERSION = 2

_HEADER = b"SQLite format 3\x00"

BACK_OFF = 1_000
"""Real milliseconds before work that the database could not take is tried again."""

log = logging.getLogger("emulator")

GROUP_LIMIT = 512
"""How many pieces of work share a transaction at most; more wait for the next."""

PATIENCE = 10
"""Real milliseconds that work for which nobody waits lets pass for other work to share a transaction with."""


_Result = tuple[Any, BaseException | None]


class _Work(NamedTuple):
    run: Callable[[Transaction], Any]
    answer: asyncio.Future[Any]
    brief: bool


class Database:
    """One connection, one transaction at a time."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._waiting: deque[_Work] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._urgent = 0
        self._begun = False
        self._handed_over: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:
        """Run `work` in the next transaction; returns after the commit.

        Raises StorageFailed when the database cannot take it (then nothing of `work` is kept), and whatever `work`
        raises. Brief work, a few rows found by their keys, is done at once in this thread.
        """
        return await self.queue(work, brief=brief)

    async def insist(
        self, work: Callable[[Transaction], T], *, brief: bool = False, first: "asyncio.Future[T] | None" = None
    ) -> T:
        """Run work that cannot be refused to anybody, as often as it takes: what the app was told must be recorded.

        `first` is the first try, when it is already queued.
        """
        while True:
            try:
                return await (first or self.run(work, brief=brief))
            except StorageFailed as error:
                first = None
                log.error("%s; trying again in %d ms", error.message, BACK_OFF)
                await pause(BACK_OFF)

    def queue(
        self, work: Callable[[Transaction], T], *, brief: bool = False, patient: bool = False
    ) -> "asyncio.Future[T]":
        """Like `run`, for callers that go on before the commit; somebody must look at the future.

        Patient work waits a little for other work to come along. The order of work is kept in any case, so whoever
        reads sees what was queued before.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Work(work, answer, brief))
        if not patient:
            self.hurry()
        elif self._timer is None and not self._begun:
            self._timer = call_after(PATIENCE, self.hurry)
        return answer

    def hurry(self) -> None:
        """Let what is queued begin now, patient or not."""
        self._urgent = len(self._waiting)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._urgent and not self._begun:
            self._begun = True
            asyncio.get_running_loop().call_soon(self._gather, 0)

    async def close(self) -> None:
        """Finish what is queued."""
        while self._waiting:
            self.hurry()
            await asyncio.wait([self._waiting[-1].answer])
        if self._handed_over is not None:
            await self._handed_over

    def _gather(self, seen: int) -> None:
        """Begin once a turn of the loop has brought nothing more: of a larger group each member costs less."""
        if seen < len(self._waiting) < GROUP_LIMIT:
            asyncio.get_running_loop().call_soon(self._gather, len(self._waiting))
        else:
            self._next()

    def _next(self) -> None:
        """Run the next group, which ends when it is committed."""
        brief = self._waiting[0].brief
        group: list[_Work] = []
        while self._waiting and self._waiting[0].brief is brief and len(group) < GROUP_LIMIT:
            group.append(self._waiting.popleft())
        if brief:
            self._end(group, self._run_here(group))
        else:
            self._handed_over = asyncio.create_task(self._run_there(group))

    def _run_here(self, group: list[_Work]) -> list[_Result]:
        try:
            return _run_group(self._connection._conn, group)  # noqa: SLF001 - as in `_hop`
        except Exception as error:  # noqa: BLE001 - the connection is gone: nobody may wait for ever
            return [(None, error)] * len(group)

    async def _run_there(self, group: list[_Work]) -> None:
        results: list[_Result] = []
        try:
            results = await _hop(self._connection, _run_group, group)
        except BaseException as error:
            results = [(None, error)] * len(group)
            if not isinstance(error, Exception):
                raise
        finally:
            self._handed_over = None
            self._end(group, results)

    def _end(self, group: list[_Work], results: list[_Result]) -> None:
        for work, (value, error) in zip(group, results, strict=True):
            _answer(work.answer, value, error)
        self._urgent = max(0, self._urgent - len(group))
        self._begun = False
        if self._urgent > 0:
            self.hurry()
        elif self._waiting:
            self._timer = call_after(PATIENCE, self.hurry)


@asynccontextmanager
async def open_database(path: str | None) -> AsyncIterator[Database]:
    """Open or create the database at `path`; None keeps it in memory.

    Raises StartFailed when the file cannot be used: not writable, not ours, another version, in use.
    """
    opening = aiosqlite.connect(path or ":memory:", isolation_level=None, timeout=0.2, check_same_thread=False)
    try:
        connection = await opening
    except sqlite3.Error as error:
        # its thread still has something to tell this loop, and nobody else waits for that
        await asyncio.to_thread(opening._thread.join)  # noqa: SLF001 - no public way
        raise StartFailed(_cannot_open(path, error)) from None
    try:
        try:
            await _hop(connection, _prepare, path)
        except sqlite3.Error as error:
            raise StartFailed(_cannot_open(path, error)) from None
        database = Database(connection)
        yield database
        await database.close()
    finally:
        await connection.close()


async def _hop(connection: aiosqlite.Connection, work: Callable[..., Any], *values: object) -> Any:  # noqa: ANN401
    # aiosqlite has no public way to run several statements in one hop, and a hop costs more than they do
    return await connection._execute(work, connection._conn, *values)  # type: ignore[no-untyped-call]  # noqa: SLF001


def _answer(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:  # noqa: ANN401
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def _run_group(db: Transaction, group: list[_Work]) -> list[_Result]:
    try:
        db.execute("BEGIN IMMEDIATE")
        results = [_run_one(db, work) for work in group]
        db.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - handed to whoever waits for the work
        _roll_back(db)
        if len(group) == 1:
            return [(None, _translated(error))]
        return [_run_group(db, [work])[0] for work in group]
    return results


def _run_one(db: Transaction, work: _Work) -> _Result:
    before = db.total_changes
    try:
        return work.run(db), None
    except Refused as error:
        # refused before anything was written: the rest of the group need not be run again
        if db.total_changes != before:
            raise
        return None, error


def _roll_back(db: Transaction) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")


def _translated(error: Exception) -> Exception:
    # a plain DatabaseError is a damaged file; its other kinds are mistakes of ours
    if not isinstance(error, sqlite3.OperationalError) and type(error) is not sqlite3.DatabaseError:
        return error
    return StorageFailed(
        f"the database could not be written: {error}; nothing of this request was kept",
        remedy="free disk space or start the emulator with another --db",
    )


def _prepare(db: Transaction, path: str | None) -> None:
    if path is not None:
        _check_header(path)
        # one emulator per file: a second one would drive the same timelines
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
    found = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not empty and found != APPLICATION_ID:
        raise StartFailed(f"{path} is a database of another program; name another file with --db")
    if not empty and version != SCHEMA_VERSION:
        raise StartFailed(
            f"{path} was written by another version of the emulator (its format is {version}, this one writes "
            f"{SCHEMA_VERSION}); name another file with --db or delete it"
        )
    db.execute("PRAGMA journal_mode = WAL")
    # what is committed survives however this process ends; a failing machine may damage the file
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("PRAGMA cache_size = -32000")
    if empty:
        schema = files("emulator.store").joinpath("schema.sql").read_text("utf-8")
        db.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {schema} COMMIT;"
        )
    else:
        # writing something proves now, not at the first message, that the file can be written
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check_header(path: str) -> None:
    # SQLite takes a file shorter than its header for an empty database, and would write over it
    with suppress(OSError), open(path, "rb") as file:
        if file.read(len(_HEADER)) not in (b"", _HEADER):
            raise sqlite3.DatabaseError("file is not a database")


def _cannot_open(path: str | None, error: sqlite3.Error) -> str:
    reason = str(error)
    if path is not None and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        reason = "its folder does not exist"
    elif path is not None and os.path.isdir(path):
        reason = "it is a folder"
    elif path is not None and os.path.exists(path) and not os.access(path, os.W_OK):
        reason = "this user may not write to it"
    elif "readonly" in reason or "unable to open" in reason:
        reason += " (may this user write there?)"
    elif "locked" in reason:
        reason = "another process is using it"
    elif "not a database" in reason:
        reason = "it is not an SQLite database"
    return f"cannot use {path} as the database: {reason}; name another file with --db"
