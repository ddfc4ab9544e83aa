"""`GET /SMS/Messages`: the older list, of every message in any state, with patterns, days and pages of 50."""

from collections.abc import Mapping

from aiohttp import web

from emulator.api import sms_render
from emulator.api.answers import Call
from emulator.api.paging import Paging, envelope, read_days, read_paging, read_query, read_sort, require_page
from emulator.api.sms import negotiate
from emulator.api.xml import Element
from emulator.model import Message, Status
from emulator.store import legacy_lists, messages
from emulator.store.database import Transaction
from emulator.wire import XML

_FILTERS = ("To", "From", "StartTime", "EndTime", "Status", "Body")
# there are no sub-accounts and one instance here: these three change nothing
_IDLE = ("AfterSid", "SubAccounts", "localOnly")
PARAMETERS = ("Page", "PageSize", "SortBy", *_FILTERS, *_IDLE)
_FIELDS = {
    "DateCreated": "date",
    "From": "from",
    "To": "to",
    "Direction": "direction",
    "Status": "status",
    "Body": "body",
    "Price": "price",
}


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: one page. Raises BadRequest for a page that does not exist and for parameters that make no sense."""
    negotiate(call)
    given = read_query(call, PARAMETERS)
    _warn_of_status(call, given.get("Status", ""))
    paging = read_paging(given)
    query = _query(call, given)
    total, found, more = await call.engine.database.run(lambda db: _find(db, query, paging))
    if more:
        call.warn(f"only the {legacy_lists.WINDOW} messages that arrived last are looked at")
    require_page(paging, total, "messages")
    decision = await call.engine.watch(call.tenant, "list")
    if call.representation == XML:
        # the platform's XML says nothing of pages
        rows = tuple(sms_render.as_xml(message, call.account_sid) for message in found)
        return await call.answer(Element("SMSMessages", rows), decision)
    shown = [sms_render.as_json(message, call.account_sid) for message in found]
    return await call.answer(envelope(call.path, given, paging, total, "messages", shown), decision)


def _query(call: Call, given: Mapping[str, str]) -> legacy_lists.LegacyQuery:
    sort, descending = read_sort(call, given.get("SortBy", ""), _FIELDS)
    start, beyond = read_days(call, given)
    return legacy_lists.LegacyQuery(
        account=call.tenant.id,
        to=_suffix(given.get("To", "")),
        sender=_suffix(given.get("From", "")),
        start=start,
        beyond=beyond,
        status=given.get("Status", ""),
        body=f"%{given['Body']}%" if given.get("Body") else "",
        sort=sort,
        descending=descending,
    )


def _suffix(text: str) -> str:
    # a raw + in a query arrives as a space
    return f"%{text.replace(' ', '+', 1) if text.startswith(' ') else text}" if text else ""


def _find(db: Transaction, query: legacy_lists.LegacyQuery, paging: Paging) -> tuple[int, list[Message], bool]:
    total, ids = legacy_lists.find(db, query, offset=paging.page * paging.size, size=paging.size)
    return total, messages.by_ids(db, ids), legacy_lists.exceeds_window(db, query.account)


def _warn_of_status(call: Call, status: str) -> None:
    if status and "%" not in status and "_" not in status and status.lower() not in tuple(Status):
        call.warn(f"no message has Status {status[:40]!a}")
