"""`/Notifications`: the error log that an app's developer reads."""

from collections.abc import Mapping

from aiohttp import web

from emulator.api.answers import Call
from emulator.api.paging import envelope, read_days, read_paging, read_query, read_sort, require_page
from emulator.api.render import date
from emulator.clock import iso
from emulator.errors import Forbidden, NotFound
from emulator.model import API_VERSION, Notification
from emulator.store import notifications
from emulator.store.database import Transaction
from emulator.wire import json_response, whole_number

_FILTERS = ("StartTime", "EndTime", "ErrorCode", "RequestUrl", "MessageText")
PARAMETERS = ("Page", "PageSize", "SortBy", "AfterSid", *_FILTERS)
# no notification here is about a call: sorting by it leaves the default order
_FIELDS = {"DateCreated": "date", "Log": "log", "ErrorCode": "code", "MessageText": "text"}


async def fetch_list(call: Call) -> web.StreamResponse:
    """GET: one page. Raises BadRequest for a page that does not exist and for parameters that make no sense."""
    given = read_query(call, PARAMETERS)
    paging = read_paging(given)
    query = _query(call, given)
    total, found = await call.engine.database.run(
        lambda db: notifications.find_notifications(db, query, offset=paging.page * paging.size, size=paging.size)
    )
    require_page(paging, total, "notifications")
    rows = [_shown(each, call.account_sid) for each in found]
    return await call.write(json_response(envelope(call.path, given, paging, total, "notifications", rows)))


async def fetch(call: Call) -> web.StreamResponse:
    """GET one. Raises NotFound, or Forbidden for another account's."""
    sid, account = call.arguments[0], call.tenant.id
    found = await call.engine.database.run(lambda db: _own(db, sid, account), brief=True)
    return await call.write(json_response(_shown(found, call.account_sid)))


def _own(db: Transaction, sid: str, account: int) -> Notification:
    found = notifications.notification_by_sid(db, sid)
    if found is None:
        raise NotFound(f"there is no notification {sid[:60]}")
    if found.account != account:
        raise Forbidden()
    return found


def _query(call: Call, given: Mapping[str, str]) -> notifications.NotificationQuery:
    sort, descending = read_sort(call, given.get("SortBy", ""), _FIELDS)
    start, beyond = read_days(call, given)
    code = given.get("ErrorCode")
    return notifications.NotificationQuery(
        account=call.tenant.id,
        start=start,
        beyond=beyond,
        code=whole_number("ErrorCode", code, low=0, high=10**9) if code else None,
        request_url=given.get("RequestUrl", ""),
        text=f"%{given['MessageText']}%" if given.get("MessageText") else "",
        sort=sort,
        descending=descending,
    )


def _shown(notification: Notification, account_sid: str) -> dict[str, object]:
    """The platform's keys in its order; what the app answered only when it did."""
    n = notification
    shown: dict[str, object] = {
        "sid": n.sid,
        "date_created": date(n.created),
        "date_updated": date(n.created),
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "log": n.log,
        "error_code": n.code,
        "more_info": f"/restcomm/errors/{n.code}.html",
        "message_text": n.text,
        "message_date": iso(n.created),
        "request_url": n.request_url,
        "request_method": n.request_method,
        "request_variables": n.request_variables,
    }
    if n.response_headers:
        shown["response_headers"] = n.response_headers
    if n.response_body:
        shown["response_body"] = n.response_body
    return shown | {"uri": f"/{API_VERSION}/Accounts/{account_sid}/Notifications/{n.sid}.json"}
