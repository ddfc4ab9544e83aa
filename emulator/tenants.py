"""The accounts of the server: made, found, changed, given a scenario, brought back after a restart, and deleted."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from emulator import scenario_file
from emulator.clock import Clock, ClockMode, wall
from emulator.decision import Decider
from emulator.errors import BadScenario, Conflict, Forbidden, Problem, StorageFailed
from emulator.ids import random_sid, random_token, seeded_sid
from emulator.model import Account, AccountStatus, Number
from emulator.scenario import NumberBinding, Scenario
from emulator.store import accounts, journals, messages, numbers
from emulator.store.database import Database, Transaction
from emulator.tenant import Fire, Tenant

ACCOUNTS_LIMIT = 10_000
"""How many accounts one server holds; further ones are refused until some are deleted."""

log = logging.getLogger("emulator")


class Tenants:
    """All accounts of the server."""

    def __init__(
        self,
        *,
        database: Database,
        fire: Fire,
        scenario: Scenario,
        seed: int | None = None,
        clock: ClockMode | None = None,
    ) -> None:
        self._database = database
        self._fire = fire
        self._scenario = scenario
        self._seed = seed
        self._clock = clock
        self._by_sid: dict[str, Tenant] = {}
        self._by_id: dict[int, Tenant] = {}
        self._deleted: deque[str] = deque(maxlen=ACCOUNTS_LIMIT)
        self._opening = asyncio.Lock()

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._by_sid.values())

    def find(self, sid: str) -> Tenant | None:
        """The account with this SID."""
        return self._by_sid.get(sid)

    def by_id(self, account: int) -> Tenant | None:
        """The account with this number in the store."""
        return self._by_id.get(account)

    def by_login(self, login: str) -> Tenant | None:
        """The account with this SID or e-mail address; the platform looks for the address first."""
        if "@" in login:
            return next((each for each in self if each.account.email_address == login), None)
        return self._by_sid.get(login)

    async def load(self) -> None:
        """Bring back the accounts of the store, with everything that is pending."""
        for account in await self._database.run(accounts.every):
            clock = Clock(
                mode=account.clock_mode,
                instant=account.clock_instant,
                offset=account.clock_offset,
                started=account.clock_started,
            )
            await self._enter(account, clock)
        steps = await self._database.run(messages.pending)
        attempts = await self._database.run(journals.pending_attempts)
        # attempts first: what is overdue of a message is told before its next step happens
        for kind, rows in (("attempt", attempts), ("step", steps)):
            for account_id, due, identity in rows:
                if (tenant := self._by_id.get(account_id)) is not None:
                    tenant.scheduler.add(due, kind, identity)

    async def create(
        self,
        *,
        sid: str | None = None,
        auth_token: str | None = None,
        friendly_name: str = "",
        email_address: str = "",
        status: AccountStatus = AccountStatus.ACTIVE,
        seed: int | None = None,
        clock: ClockMode | None = None,
    ) -> Tenant:
        """A new account; SID and token are random unless given. Raises Conflict when the SID is taken."""
        sid = sid or random_sid("AC")
        async with self._opening:
            if sid in self._by_sid:
                raise Conflict(f"account {sid} exists already", remedy="delete it first, or use it as it is")
            if len(self._by_sid) >= ACCOUNTS_LIMIT:
                raise Forbidden(
                    f"this server holds {ACCOUNTS_LIMIT} accounts, its limit",
                    remedy="delete some: DELETE /_emulator/accounts/{sid}",
                )
            time = Clock(mode=clock or self._clock or self._scenario.clock or ClockMode.REAL)
            account = Account(
                id=0,
                sid=sid,
                auth_token=auth_token or random_token(),
                friendly_name=friendly_name or sid,
                email_address=email_address,
                status=status,
                created=wall(),
                seed=seed,
                clock_mode=time.mode,
                clock_instant=time.now(),
                clock_offset=time.offset,
                clock_started=time.started,
            )
            tenant = self._tenant(await self._database.run(lambda db: accounts.save(db, account)), time)
            await self._adopt(tenant, self._scenario)
            self._by_sid[sid] = self._by_id[tenant.id] = tenant
            return tenant

    async def open(self, sid: str, auth_token: str) -> Tenant:
        """The account with this SID, created with that token when it was never seen: what open servers do."""
        try:
            return self._by_sid.get(sid) or await self.create(sid=sid, auth_token=auth_token)
        except Conflict:  # another first request was faster
            return self._by_sid[sid]

    async def change(self, tenant: Tenant, **changes: object) -> None:
        """Change fields of an account, in the store too."""
        before, clock = tenant.account, tenant.clock
        account = tenant.account = replace(
            before,
            **changes,
            clock_mode=clock.mode,
            clock_instant=clock.now(),
            clock_offset=clock.offset,
            clock_started=clock.started,
        )
        try:
            await self._database.run(lambda db: accounts.save(db, account), brief=True)
        except StorageFailed:
            tenant.account = before
            raise

    async def save_clock(self, tenant: Tenant) -> None:
        """Remember where an account's clock stands."""
        await self._database.run(lambda db: _save_clock(db, tenant), brief=True)

    async def delete(self, tenant: Tenant) -> None:
        """Delete an account with all it holds. When the store does not take it, the account goes on as it was."""
        account, sid = tenant.id, tenant.account.sid
        async with self._opening:
            if self._by_id.get(account) is not tenant:  # deleted twice; its SID may be in use again
                return
            # gone before the store forgets it, so that nothing more is written for it
            del self._by_id[account], self._by_sid[sid]
            self._deleted.append(sid)
            try:
                await self._database.run(lambda db: accounts.delete(db, account))
            except BaseException:
                self._by_sid[sid] = self._by_id[account] = tenant
                self._deleted.remove(sid)
                raise
        tenant.scheduler.clear()
        await tenant.scheduler.close()

    def was_deleted(self, sid: str) -> bool:
        """Whether an account with this SID was deleted, as far as that is remembered."""
        return sid in self._deleted

    async def set_scenario(self, tenant: Tenant, text: str | None) -> Sequence[Problem]:
        """Give an account its own scenario, or (None) the server's again; returns warnings.

        Raises BadScenario, or Conflict when the clock would change while it is advanced; then nothing changes.
        """
        async with tenant.changing:
            return await self._set_scenario(tenant, text)

    async def add_rule(self, tenant: Tenant, rule: str) -> Sequence[Problem]:
        """Put one more rule before all others of an account; returns warnings. Raises as `set_scenario`."""
        async with tenant.changing:
            return await self._set_scenario(tenant, scenario_file.with_rule(tenant.scenario.text, rule))

    async def adopt_again(self, tenant: Tenant) -> None:
        """Keep and provision again what the scenario brings with it: after a reset."""
        async with tenant.changing:
            await self._adopt(tenant, tenant.scenario)

    async def set_server_scenario(self, scenario: Scenario) -> None:
        """Replace the scenario of every account that has none of its own.

        Their clocks go the new way when it names another than before and the server was not told one.
        """
        before, self._scenario = self._scenario, scenario
        clock = scenario.clock if self._clock is None and scenario.clock is not before.clock else None
        for tenant in list(self):
            async with tenant.changing:
                if tenant.account.scenario is None:
                    await self._switch_clock(tenant, clock)
                    await self._adopt(tenant, scenario)

    async def _set_scenario(self, tenant: Tenant, text: str | None) -> Sequence[Problem]:
        loaded = None if text is None else scenario_file.load(text)
        scenario = self._scenario if loaded is None else loaded.scenario
        if tenant.scheduler.advancing and scenario.clock not in (None, tenant.clock.mode):
            raise Conflict("the clock is being advanced", remedy="change its mode when that call has returned")
        await self.change(tenant, scenario=text)
        await self._switch_clock(tenant, scenario.clock)
        await self._adopt(tenant, scenario)
        return () if loaded is None else loaded.warnings

    async def _switch_clock(self, tenant: Tenant, mode: ClockMode | None) -> None:
        if mode is not None and mode is not tenant.clock.mode:
            tenant.clock.switch(mode)
            await self.save_clock(tenant)

    async def close(self) -> None:
        """Stop every clock; what is pending stays in the store."""
        for tenant in self:
            await tenant.scheduler.close()

        def work(db: Transaction) -> None:
            for tenant in self:
                if tenant.clock.mode is not ClockMode.REAL:
                    _save_clock(db, tenant)

        try:
            await self._database.run(work)
        except StorageFailed as error:
            log.error("the clocks could not be kept: %s", error.message)

    def _tenant(self, account: Account, clock: Clock) -> Tenant:
        return Tenant(account, clock=clock, fire=self._fire, server_seed=self._seed)

    async def _enter(self, account: Account, clock: Clock) -> None:
        tenant = self._tenant(account, clock)
        scenario = self._scenario
        try:
            if account.scenario is not None:
                scenario = scenario_file.load(account.scenario).scenario
        except BadScenario as error:  # another version of the emulator took it
            said = f"the scenario of {account.sid} is not read any more, so the server's is used: {error.message}"
            log.error("%s", said)
            tenant.account = replace(account, scenario=None)
            tenant.errors.append((clock.now(), said))
        self._by_sid[account.sid] = self._by_id[account.id] = tenant
        tenant.counts = await self._database.run(lambda db: journals.counts(db, account.id))
        await self._adopt(tenant, scenario, afresh=True)

    async def _adopt(self, tenant: Tenant, scenario: Scenario, *, afresh: bool = False) -> None:
        # `afresh`: what the store holds may be the work of another scenario, of an earlier run
        account, before = tenant.id, (tenant.decider, tenant.scenario_number)
        decider, listed, bound = Decider(scenario), tenant.scenario.list_all, tenant.scenario.numbers

        def work(db: Transaction) -> None:
            number = journals.keep_scenario(db, account, scenario.text) if scenario.rules else 0
            if afresh or scenario.list_all is not listed:
                messages.relist(db, account, everything=scenario.list_all)
            if afresh or scenario.numbers or bound:
                numbers.provision(db, account, [_bound(tenant, binding) for binding in scenario.numbers])
            # here, so that whatever the store does next is decided, named and listed by the new one
            tenant.decider, tenant.scenario_number = decider, number

        try:
            await self._database.run(work)
        except BaseException:
            tenant.decider, tenant.scenario_number = before
            raise
        tenant.scheduler.wake()


def _bound(tenant: Tenant, binding: NumberBinding) -> Number:
    now = tenant.clock.now()
    keys = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method")
    return Number(
        account=tenant.id,
        sid=seeded_sid("PN", tenant.account.sid, binding.number),
        number=binding.number,
        friendly_name=binding.friendly_name or binding.number,
        created=now,
        updated=now,
        settings={key: getattr(binding, key) or None for key in keys},
        from_scenario=True,
    )


def _save_clock(db: Transaction, tenant: Tenant) -> None:
    clock = tenant.clock
    accounts.save_clock(db, tenant.id, clock.mode, clock.now(), clock.offset, clock.started)
