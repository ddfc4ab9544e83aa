"""The platform's other resources in types: numbers, applications, the error log, the older SMS API.

Which parameters there are comes from the tables that the resources themselves read them by.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, field

from emulator.api import applications, fields, notifications, numbers, sms, sms_list
from emulator.api.dispatch import ANY
from emulator.openapi.platform import AnyMessage, Known, Page

Method = Literal["GET", "POST"]

_READ: dict[Any, Any] = {fields.flag: bool, fields.method: Method}
_KINDS: dict[str, Any] = {
    "Page": Annotated[int, Meta(ge=0)],
    "PageSize": Annotated[int, Meta(ge=1, le=5000)],
    "isSIP": bool,
    "Reverse": bool,
    "StatusCallbackMethod": Method,
    **{each.parameter: _READ.get(each.read, str) for each in (*numbers.KEPT, *applications.KEPT)},
}


class Capabilities(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a number can do."""

    voice_capable: bool
    sms_capable: bool
    mms_capable: bool
    fax_capable: bool


class Number(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of the account, and where the app listens for what is sent to it."""

    sid: str
    account_sid: str
    friendly_name: str
    phone_number: str
    voice_url: str | None
    voice_method: Method
    voice_fallback_url: str | None
    voice_fallback_method: Method
    status_callback: str | None
    status_callback_method: Method
    voice_caller_id_lookup: bool
    voice_application_sid: str | None
    voice_application_name: str | UnsetType = UNSET
    date_created: str
    date_updated: str
    sms_url: str | None
    sms_method: Method
    sms_fallback_url: str | None
    sms_fallback_method: Method
    sms_application_sid: str | None
    sms_application_name: str | UnsetType = UNSET
    ussd_url: str | None
    ussd_method: Method
    ussd_fallback_url: str | None
    ussd_fallback_method: Method
    ussd_application_sid: str | None
    refer_url: str | None
    refer_method: Method
    refer_application_sid: str | None
    capabilities: Capabilities
    api_version: str
    uri: str


class NumbersPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of the account's numbers. A neighbour that is missing is the text null."""

    numbers: list[Number] = field(name="incomingPhoneNumbers")


class BoundNumber(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that is bound to an application, and how."""

    sid: str
    friendly_name: str
    phone_number: str
    voice_application_sid: str | UnsetType = UNSET
    sms_application_sid: str | UnsetType = UNSET
    ussd_application_sid: str | UnsetType = UNSET
    refer_application_sid: str | UnsetType = UNSET


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What several numbers can be bound to; `numbers` in the list only."""

    sid: str
    date_created: str
    date_updated: str
    friendly_name: str
    account_sid: str
    api_version: str
    voice_caller_id_lookup: bool
    uri: str
    rcml_url: str | UnsetType = UNSET
    kind: Literal["voice", "sms", "ussd"] | UnsetType = UNSET
    numbers: list[BoundNumber] | UnsetType = UNSET


class Notification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the error log; `log` is 0 for an error, 1 for a warning."""

    sid: str
    date_created: str
    date_updated: str
    account_sid: str
    api_version: str
    log: Literal[0, 1]
    error_code: int
    more_info: str
    message_text: str
    message_date: str
    request_url: str
    request_method: str
    request_variables: str
    response_headers: str | UnsetType = UNSET
    response_body: str | UnsetType = UNSET
    uri: str


class NotificationsPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of the error log. A neighbour that is missing is the text null."""

    notifications: list[Notification]


class SmsMessage(AnyMessage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message as the older API shows it: numbers without their channel."""

    date_sent: str | UnsetType = UNSET
    error_code: int | UnsetType = UNSET
    error_message: str | UnsetType = UNSET
    price: str
    price_unit: str


class SmsMessagesPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of the older list. A neighbour that is missing is the text null."""

    messages: list[SmsMessage]


def _parameters(name: str, doc: str, known: Iterable[str]) -> type[Struct]:
    """What a call takes: any of these parameters."""
    taken = [(each, _KINDS.get(each, str) | UnsetType, UNSET) for each in known]
    return defstruct(name, taken, namespace={"__doc__": doc}, frozen=True, kw_only=True)


_NUMBERS = Known(query=_parameters("NumbersQuery", "Which numbers.", numbers.LISTED), answer=NumbersPage)
_NEW_NUMBER = Known(
    body=_parameters("NewNumber", "A number to provision: PhoneNumber or AreaCode, and any setting.", numbers.CREATED),
    answer=Number,
)
_CHANGED_NUMBER = Known(
    body=_parameters("NumberChange", "What is given changes, the rest stays.", numbers.CHANGED), answer=Number
)
_APPLICATION = _parameters("ApplicationGiven", "FriendlyName, and any setting.", applications.PARAMETERS)
_DOORS = ((), ("Local",), ("TollFree",), ("Mobile",))

RESOURCES: dict[tuple[str, tuple[str, ...]], Known] = {
    **{("GET", ("IncomingPhoneNumbers", *door)): _NUMBERS for door in _DOORS},
    **{("POST", ("IncomingPhoneNumbers", *door)): _NEW_NUMBER for door in _DOORS},
    ("GET", ("IncomingPhoneNumbers", "AvailableCountries")): Known(answer=list[str]),
    ("GET", ("IncomingPhoneNumbers", ANY)): Known(answer=Number),
    ("POST", ("IncomingPhoneNumbers", ANY)): _CHANGED_NUMBER,
    ("PUT", ("IncomingPhoneNumbers", ANY)): _CHANGED_NUMBER,
    ("DELETE", ("IncomingPhoneNumbers", ANY)): Known(answer=None, status=204),
    ("GET", ("Applications",)): Known(answer=list[Application]),
    ("POST", ("Applications",)): Known(body=_APPLICATION, answer=Application),
    ("GET", ("Applications", ANY)): Known(answer=Application),
    ("POST", ("Applications", ANY)): Known(body=_APPLICATION, answer=Application),
    ("PUT", ("Applications", ANY)): Known(body=_APPLICATION, answer=Application),
    ("DELETE", ("Applications", ANY)): Known(answer=None),
    ("GET", ("Notifications",)): Known(
        query=_parameters("NotificationsQuery", "Which lines.", notifications.PARAMETERS), answer=NotificationsPage
    ),
    ("GET", ("Notifications", ANY)): Known(answer=Notification),
    ("GET", ("SMS", "Messages")): Known(
        query=_parameters("SmsMessagesQuery", "Which messages.", sms_list.PARAMETERS), answer=SmsMessagesPage, xml=True
    ),
    ("POST", ("SMS", "Messages")): Known(
        body=_parameters("NewSmsMessage", "What a message is sent with.", sms.PARAMETERS), answer=SmsMessage, xml=True
    ),
    ("GET", ("SMS", "Messages", ANY)): Known(answer=SmsMessage, xml=True),
}
