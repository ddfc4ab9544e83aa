"""The older SMS API's spelling of a message: JSON without nulls, or XML; numbers without their channel."""

from collections.abc import Iterator, Mapping

from emulator.api.render import date
from emulator.api.xml import Element
from emulator.clock import iso
from emulator.errors import error_message
from emulator.model import API_VERSION, Message, bare

_PRICE = "0"


def as_json(message: Message, account_sid: str) -> dict[str, object]:
    """A message with the keys of the older API, in its order; what is not known yet is left out."""
    shown = _fields(message, account_sid)
    shown["uri"] = f"{shown['uri']}.json"
    return {name: value for name, value in shown.items() if value is not None}


def as_xml(message: Message, account_sid: str) -> Element:
    """`<SMSMessage>`; `<DateSent>` is there before it is known."""
    return Element("SMSMessage", tuple(_elements(_fields(message, account_sid))))


def _fields(message: Message, account_sid: str) -> dict[str, object]:
    return {
        "sid": message.sid,
        "date_created": date(message.created),
        "date_updated": date(message.updated),
        "date_sent": iso(message.sent) if message.sent is not None else None,
        "account_sid": account_sid,
        "from": bare(message.sender),
        "to": bare(message.recipient),
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "error_code": message.error,
        "error_message": error_message(message.error) if message.error is not None else None,
        "price": _PRICE,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/SMS/Messages/{message.sid}",
    }


def _elements(shown: Mapping[str, object]) -> Iterator[Element]:
    for name, value in shown.items():
        if name == "error_code" and value is not None:
            said = (Element("ErrorCode", str(value)), Element("ErrorMessage", str(shown["error_message"])))
            yield Element("Error", said)
        elif not name.startswith("error"):
            yield Element(name.title().replace("_", ""), "" if value is None else str(value))
