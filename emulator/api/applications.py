"""`/Applications`: what several numbers can be bound to at once."""

from collections.abc import Iterable

from aiohttp import web
from msgspec.structs import replace

from emulator.api import fields
from emulator.api.answers import Call
from emulator.api.fields import Field
from emulator.api.render import date
from emulator.errors import BadRequest, Forbidden, NotFound
from emulator.ids import random_sid
from emulator.model import API_VERSION, Application, Number
from emulator.store import numbers
from emulator.store.database import Transaction
from emulator.wire import json_response

APPLICATIONS_LIMIT = 1_000
"""How many applications an account may have, for their list has no pages; our choice."""

KINDS = ("voice", "sms", "ussd")
_BINDINGS = ("voice_application_sid", "sms_application_sid", "ussd_application_sid", "refer_application_sid")


def _kind(name: str, value: object) -> str | None:
    kind = fields.optional_text(name, value)
    if kind is not None and kind not in KINDS:
        raise BadRequest(f"{name} must be one of {', '.join(KINDS)}, not {kind[:40]!r}")
    return kind


KEPT = (
    Field("VoiceCallerIdLookup", "voice_caller_id_lookup", fields.flag),
    Field("RcmlUrl", "rcml_url", fields.url),
    Field("Kind", "kind", _kind),
    Field("ApiVersion", "api_version", fields.text),
)
PARAMETERS = ("FriendlyName", *(field.parameter for field in KEPT))


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: all of them, each with the numbers bound to it; no pages on the platform either."""
    account = call.tenant.id

    def work(db: Transaction) -> tuple[list[Application], list[Number]]:
        return numbers.applications_of(db, account), numbers.bound_numbers(db, account)

    applications, bound = await call.engine.database.run(work)
    by_sid: dict[str, list[Number]] = {each.sid: [] for each in applications}
    for number in bound:
        for sid in {number.setting(key) for key in _BINDINGS} & by_sid.keys():
            by_sid[sid].append(number)
    rows = [_shown(each, call.account_sid, by_sid[each.sid]) for each in applications]
    return await call.write(json_response(rows))


async def fetch(call: Call) -> web.StreamResponse:
    """GET one. Raises NotFound, or Forbidden for another account's."""
    sid, account = call.arguments[0], call.tenant.id
    application = await call.engine.database.run(lambda db: _own(db, sid, account), brief=True)
    return await _answer(call, application)


async def create(call: Call) -> web.StreamResponse:
    """POST: a new one. Raises BadRequest, or Forbidden when the account has too many."""
    given = await fields.read_given(call, PARAMETERS)
    if "FriendlyName" not in given:
        raise BadRequest("FriendlyName is required", text="Friendly name can not be null.")
    now = call.tenant.clock.now()
    draft = Application(
        account=call.tenant.id,
        sid=random_sid("AP"),
        friendly_name=fields.text("FriendlyName", given["FriendlyName"]),
        created=now,
        updated=now,
        settings=fields.read_fields(given, KEPT),
    )
    return await _answer(call, await call.engine.database.run(lambda db: _make(db, draft)))


async def change(call: Call) -> web.StreamResponse:
    """POST or PUT one: what is given changes, the rest stays. Raises NotFound, Forbidden, BadRequest."""
    given = await fields.read_given(call, PARAMETERS)
    settings = fields.read_fields(given, KEPT)
    name = fields.text("FriendlyName", given["FriendlyName"]) if "FriendlyName" in given else None
    sid, account, now = call.arguments[0], call.tenant.id, call.tenant.clock.now()

    def work(db: Transaction) -> Application:
        found = _own(db, sid, account)
        changed = replace(
            found,
            friendly_name=found.friendly_name if name is None else name,
            updated=now,
            settings=found.settings | settings,
        )
        return numbers.save_application(db, changed)

    return await _answer(call, await call.engine.database.run(work))


async def delete(call: Call) -> web.StreamResponse:
    """DELETE one: 200 and nothing, also when there was none, as on the platform. Raises Forbidden."""
    sid, account = call.arguments[0], call.tenant.id

    def work(db: Transaction) -> None:
        if numbers.application_by_sid(db, sid) is not None:
            numbers.delete_application(db, _own(db, sid, account))

    await call.engine.database.run(work, brief=True)
    return await call.write(web.Response(status=200))


async def _answer(call: Call, application: Application) -> web.StreamResponse:
    return await call.write(json_response(_shown(application, call.account_sid)))


def _make(db: Transaction, draft: Application) -> Application:
    if numbers.count_applications(db, draft.account) >= APPLICATIONS_LIMIT:
        raise Forbidden(f"the account has {APPLICATIONS_LIMIT} applications, its limit", remedy="delete some")
    return numbers.save_application(db, draft)


def _own(db: Transaction, sid: str, account: int) -> Application:
    application = numbers.application_by_sid(db, sid)
    if application is None:
        raise NotFound(f"there is no application {sid[:60]}")
    if application.account != account:
        raise Forbidden()
    return application


def _shown(application: Application, account_sid: str, bound: Iterable[Number] | None = None) -> dict[str, object]:
    """The platform's keys in its order, nulls left out; `numbers` in the list only."""
    settings = application.settings
    shown: dict[str, object] = {
        "sid": application.sid,
        "date_created": date(application.created),
        "date_updated": date(application.updated),
        "friendly_name": application.friendly_name,
        "account_sid": account_sid,
        "api_version": settings.get("api_version") or API_VERSION,
        "voice_caller_id_lookup": bool(settings.get("voice_caller_id_lookup")),
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/Applications/{application.sid}.json",
        "rcml_url": settings.get("rcml_url"),
        "kind": settings.get("kind"),
    }
    if bound is not None:
        shown["numbers"] = [_bound(number) for number in bound]
    return {name: value for name, value in shown.items() if value is not None}


def _bound(number: Number) -> dict[str, object]:
    bindings = {key: number.setting(key) for key in _BINDINGS if number.setting(key)}
    return {"sid": number.sid, "friendly_name": number.friendly_name, "phone_number": number.number, **bindings}
