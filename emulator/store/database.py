"""The database, written in groups.

Work queued during one turn of the loop, or while a group is under way, becomes the next group: one transaction for all
of it, each caller answered after the commit. Brief work, which is nearly all there is, is done by the loop itself:
a hop to the database's thread costs more than a few rows do, and both threads would want the interpreter. What may
take long, such as a list or a reset, is done in that thread, so that others are served meanwhile.

Work gets the bare connection and must have no effect outside the database, because a group in which one piece fails is
run again piece by piece, unless that piece was a refusal that had written nothing.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from emulator.clock import Seldom, call_after, pause
from emulator.errors import Refused, StorageFailed

Transaction = sqlite3.Connection
T = TypeVar("T")

BACK_OFF = 1_000
"""Real milliseconds before work that the database could not take is tried again."""

log = logging.getLogger("emulator")

GROUP_LIMIT = 256
"""How much work shares a transaction, by its size; more waits for the next, so that the loop soon goes on."""

PATIENCE = 10
"""Real milliseconds that work for which nobody waits lets pass for other work to share a transaction with."""

_Result = tuple[Any, BaseException | None]


class _Work(NamedTuple):
    run: Callable[[Transaction], Any]
    answer: asyncio.Future[Any]
    brief: bool
    size: int


class Database:
    """One connection, one transaction at a time."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._waiting: deque[_Work] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._urgent = 0
        self._begun = False
        self._handed_over: asyncio.Task[list[_Result]] | None = None
        self._lost: BaseException | None = None
        self._complaint = Seldom(BACK_OFF)

    async def run(self, work: Callable[[Transaction], T], *, brief: bool = False, size: int = 1) -> T:
        """Run `work` in the next transaction; returns after the commit.

        Raises StorageFailed when the database cannot take it (then nothing of `work` is kept), and whatever `work`
        raises. Brief work, `size` messages or so found by their keys, is done in this thread.
        """
        return await self.queue(work, brief=brief, size=size)

    async def insist(
        self,
        work: Callable[[Transaction], T],
        *,
        brief: bool = False,
        first: "asyncio.Future[T] | None" = None,
    ) -> T:
        """Run work that cannot be refused to anybody, as often as it takes: what the app was told must be recorded.

        `first` is the first try, when it is already queued.
        """
        while True:
            try:
                return await (first or self.run(work, brief=brief))
            except StorageFailed as error:
                first = None
                if self._complaint.due():
                    log.error("%s; what must be written is tried again every %d ms", error.message, BACK_OFF)
                await pause(BACK_OFF)

    def queue(
        self, work: Callable[[Transaction], T], *, brief: bool = False, patient: bool = False, size: int = 1
    ) -> "asyncio.Future[T]":
        """Like `run`, for callers that go on before the commit; somebody must look at the future.

        Patient work waits a little for other work to come along. The order of work is kept in any case, so whoever
        reads sees what was queued before.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._lost is not None:
            answer.set_exception(self._lost)
            return answer
        self._waiting.append(_Work(work, answer, brief, size))
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
            await asyncio.wait([self._handed_over])

    def _gather(self, seen: int) -> None:
        """Begin once a turn of the loop has brought nothing more: of a larger group each member costs less."""
        if seen < len(self._waiting) < GROUP_LIMIT:
            asyncio.get_running_loop().call_soon(self._gather, len(self._waiting))
        else:
            self._next()

    def _next(self) -> None:
        """Run the next group, which ends when it is committed."""
        brief, room = self._waiting[0].brief, GROUP_LIMIT
        group: list[_Work] = []
        while self._waiting and self._waiting[0].brief is brief and room > 0:
            group.append(self._waiting.popleft())
            room -= group[-1].size
        self._urgent = max(0, self._urgent - len(group))
        if brief:
            self._run_here(group)
        else:
            self._handed_over = asyncio.create_task(hop(self._connection, _run_group, group))
            self._handed_over.add_done_callback(partial(self._handed_back, group))

    def _run_here(self, group: list[_Work]) -> None:
        results: list[_Result] = [(None, StorageFailed("the database was interrupted"))] * len(group)
        try:
            results = _run_group(self._connection._conn, group)  # noqa: SLF001 - as in `hop`
        except Exception as error:  # noqa: BLE001 - the connection is gone: nobody may wait for ever
            results = [(None, error)] * len(group)
        finally:
            # also when a signal interrupts: the loop may go on all the same
            self._end(group, results)

    def _handed_back(self, group: list[_Work], hopped: "asyncio.Task[list[_Result]]") -> None:
        self._handed_over = None
        if hopped.cancelled():
            # the thread goes on with the connection, so nobody else may use it any more
            self._lost = asyncio.CancelledError("the database was left in the middle of its work")
            group += self._waiting
            self._waiting.clear()
            self._end(group, [(None, self._lost)] * len(group))
        elif (error := hopped.exception()) is not None:
            self._end(group, [(None, error)] * len(group))
        else:
            self._end(group, hopped.result())

    def _end(self, group: list[_Work], results: list[_Result]) -> None:
        for work, (value, error) in zip(group, results, strict=True):
            _answer(work.answer, value, error)
        self._begun = False
        if self._urgent:
            self.hurry()
        elif self._waiting:
            self._timer = call_after(PATIENCE, self.hurry)


async def hop(connection: aiosqlite.Connection, work: Callable[..., Any], *values: object) -> Any:  # noqa: ANN401
    """Run work in the database's own thread."""
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
    except BaseException:  # a signal: the next group must not find a transaction open
        _roll_back(db)
        raise
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
        f"the database could not be written: {error}",
        remedy="nothing of this request was kept; free disk space or start the emulator with another --db",
    )
