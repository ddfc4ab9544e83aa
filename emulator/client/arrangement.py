"""Calls that arrange things: scenario, rules, mode, numbers, accounts, forgetting."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct, field

from emulator.client.answers import Account, ClockReading, Health, Number, ScenarioTaken
from emulator.client.asking import Answer, Ask, call
from emulator.client.failures import CallRefused
from emulator.client.place import Control, Place, joined, nothing, without_none
from emulator.client.scripts import Script, body_of
from emulator.model import API_VERSION

FORM = "application/x-www-form-urlencoded"

HEALTH_PATIENCE = 5.0
"""Seconds in which an emulator that can be used says so."""

TAKEN = "21452"
"""What the platform answers, with 400, for a number that somebody has already."""


class Mode(Struct, frozen=True):
    """An account's mode."""

    mode: str


class Numbers(Struct, frozen=True):
    """The platform's list of numbers."""

    numbers: list[Number] = field(name="incomingPhoneNumbers", default_factory=list)


class Arrangement(Place):
    """What an account is like, and how messages fare in it."""

    @call
    def health(self) -> Ask[Health]:
        """Whether the emulator accepts work, and its version. Raises CallRefused while it starts or stops."""
        return Ask("GET", "/_emulator/health", lambda answer: answer.json(Health), patience=HEALTH_PATIENCE)

    @call
    def default_account(self) -> Ask[Account]:
        """The account that the emulator was started with."""
        return Ask("GET", "/_emulator/accounts/default", _account)

    @call
    def fresh_account(
        self, *, scenario: Script | None = None, clock: str | None = None, seed: int | None = None
    ) -> Ask[Account]:
        """A new account ready for a test: on an instant clock unless scenario or `clock` say otherwise."""
        value = without_none(seed=seed, clock=clock or "instant")
        made = Ask("POST", "/_emulator/accounts", _account, body=msgspec.json.encode(value))
        return made.then(lambda account: _arranged(account, scenario, clock))

    @call
    def emptied_account(
        self, *, scenario: Script | None = None, clock: str | None = None, seed: int | None = None
    ) -> Ask[Account]:
        """This account made ready for a test: like a new one, except that it keeps its numbers."""
        control = self._control

        def settle(account: Account) -> "Account | Ask[Account]":
            # most tests want what the account has already, and a request less is a millisecond less
            if account.seed != seed:
                change = Ask("PATCH", control.root, _account, body=msgspec.json.encode({"seed": seed}))
                return change.then(settle)
            if account.clock != (clock or "instant"):
                return _clocked(account, clock or "instant").then(lambda _: _arranged(account, scenario, clock))
            return _arranged(account, scenario, clock)

        return (
            Ask("POST", control.path("reset"), nothing, body=b"{}")
            .then(lambda _: Ask("DELETE", control.path("scenario"), _taken))
            .then(lambda _: Ask("GET", control.root, _account))
            .then(settle)
        )

    @call
    def number(
        self,
        phone_number: str,
        *,
        sms_url: str | None = None,
        sms_method: str | None = None,
        sms_fallback_url: str | None = None,
        sms_fallback_method: str | None = None,
        friendly_name: str | None = None,
    ) -> Ask[Number]:
        """Provision a number as the platform does, or change one: texts to it are handed to the app at `sms_url`."""
        settings = without_none(
            SmsUrl=sms_url,
            SmsMethod=sms_method,
            SmsFallbackUrl=sms_fallback_url,
            SmsFallbackMethod=sms_fallback_method,
            FriendlyName=friendly_name,
        )

        def read(answer: Answer) -> "Number | Ask[Number]":
            if answer.status == 400 and answer.text.strip() == TAKEN:
                path = self._numbers_path(PhoneNumber=phone_number)
                return Ask("GET", path, _numbers, headers=self.headers).then(lambda numbers: change(numbers, answer))
            return _number(answer)

        def change(numbers: list[Number], taken: Answer) -> "Number | Ask[Number]":
            owned = [number.sid for number in numbers if number.phone_number == phone_number]
            path = self._numbers_path(owned[0]) if owned else ""
            return self._form(path, settings, _number) if owned else _number(taken)

        return self._form(self._numbers_path(), {"PhoneNumber": phone_number, "isSIP": "true", **settings}, read)

    @call
    def mode(self, name: str | None = None) -> Ask[str]:
        """The account's mode, which rules may ask for; with `name` brought to it."""
        ask = (
            self._control.get(Mode, "mode")
            if name is None
            else self._control.send("PUT", Mode, "mode", value={"mode": name})
        )
        return ask.then(lambda mode: mode.mode)

    @call
    def scenario(self, script: Script) -> Ask[ScenarioTaken]:
        """Replace the scenario: YAML text, the path of a file, or the same as a mapping. Raises CallRefused."""
        body, kind = body_of(script)
        return Ask("PUT", self._control.path("scenario"), _taken, body=body, content_type=kind)

    @call
    def scenario_text(self) -> Ask[str]:
        """The active scenario, as YAML."""
        return Ask("GET", self._control.path("scenario"), lambda answer: answer.checked().text)

    @call
    def restore_scenario(self) -> Ask[ScenarioTaken]:
        """Go back to the scenario that the server was started with."""
        return Ask("DELETE", self._control.path("scenario"), _taken)

    @call
    def rule(
        self,
        name: str | None = None,
        *,
        when: Mapping[str, Any] | None = None,
        reply: object = None,
        then: object = None,
        set: str | None = None,  # noqa: A002 - the scenario language's word
    ) -> Ask[ScenarioTaken]:
        """Put a rule before all others, as `rule(when={"to": "+1555*"}, reply=503)`. Raises CallRefused."""
        value = without_none(name=name, when=when, reply=reply, then=then, set=set)
        return Ask("POST", self._control.path("rules"), _taken, body=msgspec.json.encode(value))

    @call
    def reset(self, *, all: bool = False) -> Ask[None]:  # noqa: A002 - the control API's word
        """Forget messages, journals, handsets and what is pending; with `all` numbers and scenario too."""
        return Ask("POST", self._control.path("reset"), nothing, body=msgspec.json.encode({"all": all}))

    @call
    def export(self) -> Ask[str]:
        """The account's messages as a scenario (YAML) that repeats what happened."""
        return Ask("GET", self._control.path("export"), lambda answer: answer.checked().text)

    @call
    def seed(self, *, messages: int = 1000, days: int = 30, seed: int = 1) -> Ask[None]:
        """Give the account a plausible past."""
        body = msgspec.json.encode({"messages": messages, "days": days, "seed": seed})
        return Ask("POST", self._control.path("seed"), nothing, body=body)

    @call
    def account(self) -> Ask[Account]:
        """The account itself."""
        return Ask("GET", self._control.root, _account)

    @call
    def create_account(
        self,
        *,
        sid: str | None = None,
        auth_token: str | None = None,
        friendly_name: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
    ) -> Ask[Account]:
        """Create another account; SID and token are random unless given."""
        value = without_none(sid=sid, auth_token=auth_token, friendly_name=friendly_name, seed=seed, clock=clock)
        body = msgspec.json.encode(value)
        return Ask("POST", "/_emulator/accounts", _account, body=body)

    @call
    def change_account(
        self, *, status: str | None = None, messages_enabled: bool | None = None, seed: int | None = None
    ) -> Ask[Account]:
        """Change the status (active, suspended, closed), whether the Messages API is enabled, or the seed."""
        changes = without_none(status=status, messages_enabled=messages_enabled, seed=seed)
        body = msgspec.json.encode(changes)
        path = self._control.root
        return Ask("PATCH", path, _account, body=body)

    @call
    def delete_account(self) -> Ask[None]:
        """Delete the account with all it holds."""
        return Ask("DELETE", self._control.root, nothing)

    def _numbers_path(self, *sid: str, **query: str) -> str:
        last, *rest = reversed(("IncomingPhoneNumbers", *sid))
        return f"/api/{API_VERSION}/Accounts/{self._account_sid}/{joined(*rest, f'{last}.json', **query)}"

    def _form(
        self, path: str, settings: Mapping[str, object], read: "Callable[[Answer], Number | Ask[Number]]"
    ) -> Ask[Number]:
        body = urlencode(settings).encode()
        return Ask("POST", path, read, body=body, content_type=FORM, headers=self.headers)


def _arranged(account: Account, scenario: Script | None, clock: str | None) -> "Account | Ask[Account]":
    """The account once it has that scenario, whose own word on the clock yields to `clock`."""
    if scenario is None:
        return account
    body, kind = body_of(scenario)
    put = Ask("PUT", Control(account.sid).path("scenario"), _taken, body=body, content_type=kind)
    return put.then(lambda _: account if clock is None else _clocked(account, clock))


def _clocked(account: Account, mode: str) -> Ask[Account]:
    """The account once its clock goes that way."""
    return Control(account.sid).send("PUT", ClockReading, "clock", value={"mode": mode}).then(lambda _: account)


def _account(answer: Answer) -> Account:
    return answer.json(Account)


def _taken(answer: Answer) -> ScenarioTaken:
    return answer.json(ScenarioTaken)


def _number(answer: Answer) -> Number:
    if answer.status >= 400:
        # the platform says what is wrong in plain text
        raise CallRefused(answer.asked, answer.status, answer.text.strip() or "the number was refused")
    return answer.json(Number)


def _numbers(answer: Answer) -> list[Number]:
    return answer.json(Numbers).numbers
