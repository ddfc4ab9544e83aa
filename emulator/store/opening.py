"""Opening the database: whose file it is, whether it can be used, and how SQLite is to use it."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

import aiosqlite

from emulator.errors import StartFailed
from emulator.store.database import Database, Transaction, hop

APPLICATION_ID = 0x43506145
"""Marks our files, so that another program's database is refused instead of altered."""

SCHEMA_VERSION = 2

_HEADER = b"SQLite format 3\x00"


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
            await hop(connection, _prepare, path)
        except sqlite3.Error as error:
            raise StartFailed(_cannot_open(path, error)) from None
        database = Database(connection)
        yield database
        await database.close()
    finally:
        await connection.close()
        # its thread has said its last: waiting for the end of it takes no time, and then nothing is left of it
        connection._thread.join()  # noqa: SLF001 - no public way


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
    if os.path.exists(path) and not os.path.isfile(path):
        raise sqlite3.DatabaseError("not a file")  # a device takes everything and keeps nothing
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
    elif path is not None and os.path.exists(path) and not os.path.isfile(path):
        reason = "it is not a file"
    elif path is not None and os.path.exists(path) and not os.access(path, os.W_OK):
        reason = "this user may not write to it"
    elif "readonly" in reason or "unable to open" in reason:
        reason += " (may this user write there?)"
    elif "locked" in reason:
        reason = "another process is using it"
    elif "not a database" in reason:
        reason = "it is not an SQLite database"
    return f"cannot use {path} as the database: {reason}; name another file with --db"
