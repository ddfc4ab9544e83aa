"""What happened, told to whoever watches and kept for whoever asks: the events, and the limits of the journals."""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from emulator.events import Events
from emulator.store import journals, listing, messages
from emulator.store.database import Database, Transaction
from emulator.tenant import Tenant

log = logging.getLogger("emulator")


class Limits(Struct, frozen=True, kw_only=True):
    """How many rows of each kind an account keeps; beyond that the oldest go, and answers say how many went."""

    messages: int = 1_000_000
    journal: int = 100_000


class Chronicle:
    """Publishes, counts, and drops the oldest. Nobody waits for what it writes."""

    def __init__(self, *, database: Database, events: Events, limits: Limits) -> None:
        self.events = events
        self._database = database
        self._keep = {"message": limits.messages, "request": limits.journal, "attempt": limits.journal}
        # a margin of one in a hundred makes dropping rare, and so cheap
        self._margin = {table: keep // 100 + 1 for table, keep in self._keep.items()}
        self._requests: list[tuple[Tenant, journals.Request]] = []
        self._listed = 0

    def publish(self, tenant: Tenant, kind: str, details: Mapping[str, object], at: int | None = None) -> None:
        """Tell everyone who watches the account; it happened now unless `at` says when."""
        self.events.publish(tenant.id, kind, tenant.clock.now() if at is None else at, details)

    def report(self, tenant: Tenant | None, error: Exception) -> None:
        """Tell of a bug of ours: whoever watches the account should fail loudly."""
        if tenant is not None:
            said = f"{type(error).__name__}: {error}"
            tenant.errors.append((tenant.clock.now(), said))
            self.publish(tenant, "error", {"message": said})

    def record_request(self, tenant: Tenant, request: journals.Request) -> None:
        """Add to the journal of what the app asked."""
        details = {"method": request.method, "path": request.path, "answer": request.answer}
        self.publish(tenant, "request", details, at=request.at)
        if not self._requests:
            asyncio.get_running_loop().call_soon(self._write_requests)
        self._requests.append((tenant, request))

    def count(self, tenant: Tenant, table: str) -> None:
        """Count one more row of `message`, `request` or `attempt`, and drop the oldest when there are too many."""
        tenant.counts[table] += 1
        self._drop(tenant, table)

    def listed(self) -> None:
        """Count one more message that the platform's list shows anew; many of them are entered together."""
        self._listed += 1
        if self._listed >= listing.TOGETHER:
            self._listed = 0
            self._database.queue(listing.refresh, patient=True).add_done_callback(_has_failed)

    def _write_requests(self) -> None:
        told, self._requests = self._requests, []
        requests = [request for _, request in told]
        work = self._database.queue(lambda db: journals.insert_requests(db, requests), brief=True, patient=True)
        work.add_done_callback(partial(self._written, [tenant for tenant, _ in told]))

    def _written(self, tenants: Sequence[Tenant], work: "asyncio.Future[None]") -> None:
        if not _has_failed(work):
            for tenant in tenants:
                self.count(tenant, "request")

    def _drop(self, tenant: Tenant, table: str) -> None:
        counts, keep = tenant.counts, self._keep[table]
        count = counts[table]
        if count > keep + self._margin[table] and count > tenant.spared.get(table, 0):
            tenant.spared[table] = sys.maxsize  # while it is under way
            work = self._database.queue(
                # a reset has begun to count anew: the surplus is gone
                lambda db: _drop_oldest(db, tenant.id, table, count - keep) if tenant.counts is counts else {}
            )
            work.add_done_callback(partial(self._dropped, tenant, table, count - keep))

    def _dropped(self, tenant: Tenant, table: str, surplus: int, work: "asyncio.Future[dict[str, int]]") -> None:
        gone = {} if _has_failed(work) else work.result()
        for each, number in gone.items():
            tenant.counts[each] = max(0, tenant.counts[each] - number)
        # what is pending is spared: when there was little else, another margin may come before the next attempt
        short = gone.get(table, 0) < surplus
        tenant.spared[table] = tenant.counts[table] + self._margin[table] if short else 0
        self._drop(tenant, table)


def _drop_oldest(db: Transaction, account: int, table: str, count: int) -> dict[str, int]:
    if table == "message":
        return messages.drop_oldest(db, account, count)
    return journals.drop_oldest(db, account, table, count)


def _has_failed(work: "asyncio.Future[Any]") -> bool:
    if work.cancelled():
        return True
    if (error := work.exception()) is not None:
        log.error("could not keep the journals and the list up to date: %s", error)
    return error is not None
