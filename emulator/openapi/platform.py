"""The platform's Messages resource in types: what the vendor's page says of its parameters and answers."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from emulator.model import Direction, Status

Uri = Annotated[str, Meta(description="A channel URI, such as sms:+15550100001", max_length=64)]


class MessageMedia(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attachment as the platform writes it."""

    url: str
    content_type: str = field(name="content-type")


class NewMessage(Struct, frozen=True, kw_only=True):
    """What a message is sent with."""

    sender: Uri = field(name="from")
    to: Uri
    body: str = ""
    status_callback: str = ""
    status_callback_method: Literal["GET", "POST"] = "GET"
    media_list: list[MessageMedia] = []


class AnyMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every message shows of itself."""

    sid: str
    date_created: str
    date_updated: str
    account_sid: str
    sender: str = field(name="from")
    to: str
    body: str
    status: Status
    direction: Direction
    api_version: str
    uri: str


class AcceptedMessage(AnyMessage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that was taken."""

    media_list: list[MessageMedia] | UnsetType = UNSET


class SingleMessage(AnyMessage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message read back."""

    date_sent: str | UnsetType = UNSET
    error_code: int | UnsetType = UNSET
    error_message: str | UnsetType = UNSET
    num_segments: int


class ListedMessage(AnyMessage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of a list."""

    error_code: int | UnsetType = UNSET
    error_message: str | UnsetType = UNSET
    num_segments: int
    price: str
    price_unit: str


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every page of a list says of itself."""

    page: int
    num_pages: int
    page_size: int
    total: int
    start: str
    end: str
    uri: str
    first_page_uri: str
    previous_page_uri: str
    next_page_uri: str
    last_page_uri: str


class MessagesPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of a list. A neighbour that is missing is the text null."""

    limit: int
    messages: list[ListedMessage]


class MessagesQuery(Struct, frozen=True, kw_only=True):
    """Which page, which filters, in which order."""

    page: Annotated[int, Meta(ge=0)] = field(name="Page", default=0)
    page_size: Annotated[int, Meta(ge=1, le=5000)] = field(name="PageSize", default=10)
    limit: Annotated[int, Meta(ge=1, le=5000)] = field(name="Limit", default=5000)
    sort_by: str = field(name="SortBy", default="DateCreated:desc")
    to: str = field(name="To", default="")
    sender: str = field(name="From", default="")
    start_time: str = field(name="StartTime", default="")
    end_time: str = field(name="EndTime", default="")
    status: str = field(name="Status", default="")
    error_code: int | None = field(name="ErrorCode", default=None)
    body: str = field(name="Body", default="")


class PlatformError(Struct, frozen=True, kw_only=True):
    """An error as the platform words it."""

    message: str
    code: int | UnsetType = UNSET


class Known(Struct, frozen=True, kw_only=True):
    """What is known of one of the platform's calls: its parameters, and the answer to it.

    `xml`: it takes forms only and answers XML unless JSON is asked for, as the older API does.
    """

    query: type[Struct] | None = None
    body: type[Struct] | None = None
    answer: Any
    status: int = 200
    xml: bool = False


MESSAGES = {
    ("GET", ("Messages",)): Known(query=MessagesQuery, answer=MessagesPage),
    ("POST", ("Messages",)): Known(body=NewMessage, answer=AcceptedMessage),
    ("GET", ("Messages", "*")): Known(answer=SingleMessage),
}
