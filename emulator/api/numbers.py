"""`/IncomingPhoneNumbers`: the numbers of an account, and where the app listens for what is sent to them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from emulator.api import fields
from emulator.api.answers import Call
from emulator.api.fields import Field
from emulator.api.paging import envelope, read_paging, read_query, require_page
from emulator.api.render import date
from emulator.errors import BadRequest, Forbidden, NotFound
from emulator.ids import random_sid
from emulator.model import API_VERSION, Number, is_number, is_sip_number
from emulator.store import numbers
from emulator.store.database import Transaction
from emulator.wire import json_response

NUMBERS_LIMIT = 10_000
"""How many numbers an account may have; our choice, the platform has a quota too."""

NOT_AVAILABLE = "21452"
"""The platform's whole answer about a number that cannot be had."""

SETTINGS = (
    Field("VoiceUrl", "voice_url", fields.url),
    Field("VoiceMethod", "voice_method", fields.method),
    Field("VoiceFallbackUrl", "voice_fallback_url", fields.url),
    Field("VoiceFallbackMethod", "voice_fallback_method", fields.method),
    Field("StatusCallback", "status_callback", fields.url),
    Field("StatusCallbackMethod", "status_callback_method", fields.method),
    Field("VoiceCallerIdLookup", "voice_caller_id_lookup", fields.flag),
    Field("VoiceApplicationSid", "voice_application_sid", fields.optional_text),
    Field("SmsUrl", "sms_url", fields.url),
    Field("SmsMethod", "sms_method", fields.method),
    Field("SmsFallbackUrl", "sms_fallback_url", fields.url),
    Field("SmsFallbackMethod", "sms_fallback_method", fields.method),
    Field("SmsApplicationSid", "sms_application_sid", fields.optional_text),
    Field("UssdUrl", "ussd_url", fields.url),
    Field("UssdMethod", "ussd_method", fields.method),
    Field("UssdFallbackUrl", "ussd_fallback_url", fields.url),
    Field("UssdFallbackMethod", "ussd_fallback_method", fields.method),
    Field("UssdApplicationSid", "ussd_application_sid", fields.optional_text),
    Field("ReferUrl", "refer_url", fields.url),
    Field("ReferMethod", "refer_method", fields.method),
    Field("ReferApplicationSid", "refer_application_sid", fields.optional_text),
)
CAPABILITIES = (
    Field("VoiceCapable", "voice_capable", fields.flag),
    Field("SmsCapable", "sms_capable", fields.flag),
    Field("MmsCapable", "mms_capable", fields.flag),
    Field("FaxCapable", "fax_capable", fields.flag),
)
KEPT = (*SETTINGS, *CAPABILITIES, Field("ApiVersion", "api_version", fields.text))
CHANGED = ("FriendlyName", *(field.parameter for field in KEPT))
CREATED = ("PhoneNumber", "AreaCode", "isSIP", *CHANGED)
LISTED = ("Page", "PageSize", "PhoneNumber", "FriendlyName", "SortBy", "Reverse", "AfterSid")
_COLUMNS = {"PhoneNumber": "number", "FriendlyName": "friendly_name"}
_NAMED = ("voice_application_sid", "sms_application_sid")

# a raw + of a form or query arrives as a space
_LOST_PLUS = re.compile(r"^ (?=[0-9X]+$)")
_AREA_CODE = re.compile(r"[2-9][0-9]{2}")


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: one page. Raises BadRequest for a page that does not exist and for parameters that make no sense."""
    given = read_query(call, LISTED)
    paging = read_paging(given)
    query = _query(call, given)

    def work(db: Transaction) -> tuple[int, list[Number], dict[str, str]]:
        offset = paging.page * paging.size
        total, found = numbers.find_numbers(db, query, offset=offset, size=paging.size)
        return total, found, _application_names(db, query.account)

    total, found, names = await call.engine.database.run(work)
    require_page(paging, total, "numbers")
    rows = [_shown(number, call.account_sid, names) for number in found]
    # the platform leaves its context path out of this list's URIs
    path = call.path[call.path.index(f"/{API_VERSION}/") :]
    return await call.write(json_response(envelope(path, given, paging, total, "incomingPhoneNumbers", rows)))


async def fetch(call: Call) -> web.StreamResponse:
    """GET one. Raises NotFound, or Forbidden for another account's."""
    sid, account = call.arguments[0], call.tenant.id
    return await _answer(call, lambda db: _own(db, sid, account))


async def create(call: Call) -> web.StreamResponse:
    """POST: provision a number. Raises BadRequest when it is taken, Forbidden when the account has too many."""
    given = await fields.read_given(call, CREATED)
    number, prefix = _wanted(given)
    now = call.tenant.clock.now()
    draft = Number(
        account=call.tenant.id,
        sid=random_sid("PN"),
        number=number,
        friendly_name=fields.text("FriendlyName", given.get("FriendlyName", "")),
        created=now,
        updated=now,
        settings=fields.read_fields(given, KEPT),
    )
    return await _answer(call, lambda db: _provision(db, draft, prefix))


async def change(call: Call) -> web.StreamResponse:
    """POST or PUT one: what is given changes, the rest stays. Raises NotFound, Forbidden, BadRequest."""
    given = await fields.read_given(call, CHANGED)
    settings = fields.read_fields(given, KEPT)
    name = fields.text("FriendlyName", given.get("FriendlyName", ""))
    sid, account, now = call.arguments[0], call.tenant.id, call.tenant.clock.now()

    def work(db: Transaction) -> Number:
        number = _own(db, sid, account)
        _require_applications(db, account, settings)
        changed = replace(
            number,
            friendly_name=(name or number.number) if "FriendlyName" in given else number.friendly_name,
            updated=now,
            settings=number.settings | settings,
            # changed by hand, it is no longer what the scenario says, and outlives it
            from_scenario=False,
        )
        numbers.save_number(db, changed)
        return changed

    return await _answer(call, work)


async def delete(call: Call) -> web.StreamResponse:
    """DELETE one; messages of the number stay. Raises NotFound, or Forbidden for another account's."""
    sid, account = call.arguments[0], call.tenant.id
    await call.engine.database.run(lambda db: numbers.delete_number(db, _own(db, sid, account)))
    return await call.write(web.Response(status=204))


async def fetch_countries(call: Call) -> web.StreamResponse:
    """GET: where numbers can be had."""
    return await call.write(json_response(["US"]))


async def _answer(call: Call, work: Callable[[Transaction], Number]) -> web.StreamResponse:
    def named(db: Transaction) -> tuple[Number, dict[str, str]]:
        return work(db), _application_names(db, call.tenant.id)

    number, names = await call.engine.database.run(named)
    return await call.write(json_response(_shown(number, call.account_sid, names)))


def _wanted(given: Mapping[str, Any]) -> tuple[str, str]:
    """The number asked for; or empty, and what the one to be found begins with."""
    number = fields.text("PhoneNumber", given.get("PhoneNumber", ""))
    area = fields.text("AreaCode", given.get("AreaCode", ""))
    if not number and not area:
        raise BadRequest("PhoneNumber or AreaCode is required", text="Phone number can not be null.")
    if not number:
        if not _AREA_CODE.fullmatch(area):
            raise BadRequest(f"AreaCode must be three digits such as 555, not {area[:40]!r}")
        return "", f"+1{area}555"
    number = _LOST_PLUS.sub("+", number)
    if fields.flag("isSIP", given.get("isSIP", "")):
        if not is_sip_number(number):
            raise BadRequest(
                f"PhoneNumber of a SIP number must be 1 to 64 of A-Z, a-z, 0-9 and +*#._@-, not {number!r}"
            )
        return number, ""
    if number.isascii() and number.isdigit():
        number = f"+{number}"
    if not is_number(number):
        raise BadRequest(
            f"PhoneNumber must be an E.164 number such as +15550100001, not {number!r}",
            remedy="with isSIP=true it is kept as typed",
        )
    return number, ""


def _provision(db: Transaction, draft: Number, prefix: str) -> Number:
    _require_applications(db, draft.account, draft.settings)
    if numbers.count_numbers(db, draft.account) >= NUMBERS_LIMIT:
        raise Forbidden(f"DID_QUOTA_EXCEEDED: the account has {NUMBERS_LIMIT} numbers, its limit", remedy="delete some")
    number = draft.number or numbers.free_number(db, draft.account, prefix, digits=4)
    made = None
    if number:
        made = numbers.save_number(db, replace(draft, number=number, friendly_name=draft.friendly_name or number))
    if made is None:
        raise BadRequest(f"{number or prefix} is not available", text=NOT_AVAILABLE)
    return made


def _own(db: Transaction, sid: str, account: int) -> Number:
    number = numbers.number_by_sid(db, sid)
    if number is None:
        raise NotFound(f"there is no number {sid[:60]}")
    if number.account != account:
        raise Forbidden()
    return number


def _require_applications(db: Transaction, account: int, settings: Mapping[str, Any]) -> None:
    for field in SETTINGS:
        sid = settings.get(field.key) if field.read is fields.optional_text else None
        if sid:
            application = numbers.application_by_sid(db, sid)
            if application is None or application.account != account:
                raise BadRequest(f"{field.parameter}: there is no application {sid[:60]!r}", remedy="create it first")


def _query(call: Call, given: Mapping[str, str]) -> numbers.NumberQuery:
    sort = given.get("SortBy", "")
    if sort and sort not in _COLUMNS:
        call.warn(f"SortBy is PhoneNumber or FriendlyName here, with Reverse=true to descend, not {sort[:40]!a}")
    return numbers.NumberQuery(
        account=call.tenant.id,
        number=_LOST_PLUS.sub("+", given.get("PhoneNumber", "")),
        friendly_name=given.get("FriendlyName", ""),
        sort=_COLUMNS.get(sort, "id"),
        descending=fields.flag("Reverse", given.get("Reverse", "")),
    )


def _application_names(db: Transaction, account: int) -> dict[str, str]:
    return {each.sid: each.friendly_name for each in numbers.applications_of(db, account)}


def _shown(number: Number, account_sid: str, names: Mapping[str, str]) -> dict[str, object]:
    """The platform's keys in its order, nulls included."""
    settings = number.settings
    shown: dict[str, object] = {
        "sid": number.sid,
        "account_sid": account_sid,
        "friendly_name": number.friendly_name,
        "phone_number": number.number,
    }
    for field in SETTINGS:
        if field.key == "sms_url":
            shown |= {"date_created": date(number.created), "date_updated": date(number.updated)}
        shown[field.key] = settings.get(field.key) or _unset(field)
        if field.key in _NAMED and settings.get(field.key) in names:
            shown[field.key.replace("_sid", "_name")] = names[settings[field.key]]
    return shown | {
        "capabilities": {field.key: bool(settings.get(field.key)) for field in CAPABILITIES},
        "api_version": settings.get("api_version") or API_VERSION,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def _unset(field: Field) -> str | bool | None:
    if field.read is fields.method:
        return "POST"
    return False if field.read is fields.flag else None
