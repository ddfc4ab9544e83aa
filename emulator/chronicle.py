"""What happened, told to whoever watches and kept for whoever asks: the events, and the limits of the journals."""

import asyncio
import logging
from collections.abc import Mapping

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
        self._most = {table: keep + keep // 100 + 1 for table, keep in self._keep.items()}
        self._requests: list[journals.Request] = []
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
        self.count(tenant, "request")
        if not self._requests:
            asyncio.get_running_loop().call_soon(self._write_requests)
        self._requests.append(request)

    def count(self, tenant: Tenant, table: str) -> None:
        """Count one more row of `message`, `request` or `attempt`, and drop the oldest when there are too many."""
        tenant.counts[table] += 1
        if tenant.counts[table] > self._most[table]:
            keep = tenant.counts[table] = self._keep[table]
            self._background(self._database.queue(lambda db: _drop_oldest(db, tenant.id, table, keep)))

    def listed(self) -> None:
        """Count one more message that the platform's list shows from now on; many of them are entered together."""
        self._listed += 1
        if self._listed >= listing.TOGETHER:
            self._listed = 0
            self._background(self._database.queue(listing.refresh, patient=True))

    def _write_requests(self) -> None:
        requests, self._requests = self._requests, []
        self._background(
            self._database.queue(lambda db: journals.insert_requests(db, requests), brief=True, patient=True)
        )

    def _background(self, work: "asyncio.Future[object]") -> None:
        work.add_done_callback(_log_failure)


def _drop_oldest(db: Transaction, account: int, table: str, keep: int) -> int:
    if table == "message":
        return messages.drop_oldest(db, account, keep=keep)
    return journals.drop_oldest(db, account, table, keep=keep)


def _log_failure(work: "asyncio.Future[object]") -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("could not write the journal: %s", error)
