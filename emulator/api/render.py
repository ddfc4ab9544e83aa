"""The platform's spelling of our words: keys, their order, dates, URIs."""

from functools import lru_cache
from time import gmtime
from typing import Any

from emulator.clock import iso
from emulator.errors import error_message
from emulator.model import API_VERSION, Direction, Media, Message

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date(instant: int) -> str:
    """`Thu, 4 Jul 2019 07:02:28 +0000`: the day is not padded (page line 840)."""
    return _date(instant // 1000)


@lru_cache(maxsize=4096)
def _date(seconds: int) -> str:
    t = gmtime(seconds)
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    return f"{_DAYS[t.tm_wday]}, {t.tm_mday} {_MONTHS[t.tm_mon - 1]} {t.tm_year} {clock} +0000"


def accepted(message: Message, account_sid: str, path: str) -> dict[str, Any]:
    """The answer to a POST (page lines 249-262); `path` is the one that was posted to."""
    shown = _head(message, account_sid) | _middle(message)
    shown |= {"api_version": API_VERSION, "uri": f"{path}/{message.sid}.json"}
    if message.media:
        shown["media_list"] = [_media(media) for media in message.media]
    return shown


def single(message: Message, account_sid: str) -> dict[str, Any]:
    """One message (page lines 838-852); `date_sent` once sent, `error_code` and `error_message` when there is one."""
    shown = _head(message, account_sid, dated=True) | _middle(message) | _error(message)
    return shown | {
        "num_segments": message.segments,
        "api_version": API_VERSION,
        "uri": _uri(message, account_sid),
    }


def item(message: Message, account_sid: str) -> dict[str, Any]:
    """One row of a list (page lines 560-573)."""
    return (
        _head(message, account_sid)
        | _middle(message)
        | _error(message)
        | {
            "num_segments": message.segments,
            "price": "0.0",
            "price_unit": "USD",
            "api_version": API_VERSION,
            "uri": _uri(message, account_sid),
        }
    )


def _head(message: Message, account_sid: str, *, dated: bool = False) -> dict[str, Any]:
    shown = {"sid": message.sid, "date_created": date(message.created), "date_updated": date(message.updated)}
    # the platform writes this one date in another format (page line 842)
    if dated and message.sent is not None:
        shown["date_sent"] = iso(message.sent)
    shown["account_sid"] = account_sid
    return shown


def _middle(message: Message) -> dict[str, Any]:
    return {
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
    }


def _error(message: Message) -> dict[str, Any]:
    if message.error is None:
        return {}
    return {"error_code": message.error, "error_message": error_message(message.error)}


def _uri(message: Message, account_sid: str) -> str:
    # the page writes outbound rows without the leading slash, inbound ones with it (lines 573, 589, 851)
    slash = "/" if message.direction is Direction.INBOUND else ""
    return f"{slash}{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}.json"


def _media(media: Media) -> dict[str, str]:
    return {"url": media.url, "content-type": media.content_type}
