"""Where an emulator is and whose account a handle speaks for: URLs and credentials to hand to the app under test."""

import base64
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from emulator.client.asking import PATIENCE, Answer, Ask
from emulator.model import API_VERSION, DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

T = TypeVar("T")

LOCAL = "http://127.0.0.1:8024"
"""Where `cpaas-emulator serve` listens unless told otherwise."""


class Place:
    """An emulator's URL and one account on it."""

    speech = "cpaas."
    """How a test writes a call of this handle."""

    def __init__(
        self,
        url: str = LOCAL,
        *,
        account_sid: str = DEFAULT_ACCOUNT_SID,
        auth_token: str = DEFAULT_AUTH_TOKEN,
    ) -> None:
        self._url = _checked(url)
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._control = Control(account_sid)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r}, account_sid={self._account_sid!r})"

    @property
    def url(self) -> str:
        """Where the emulator listens, as `http://127.0.0.1:8024`."""
        return self._url

    @property
    def base_url(self) -> str:
        """The root of the platform's API."""
        return f"{self.url}/api/{API_VERSION}"

    @property
    def messages_url(self) -> str:
        """Where the app sends its messages."""
        return f"{self.base_url}/Accounts/{self.account_sid}/Messages"

    @property
    def account_sid(self) -> str:
        """The account's SID, which is the user name of the API."""
        return self._account_sid

    @property
    def auth_token(self) -> str:
        """The account's token, which is the password of the API."""
        return self._auth_token

    @property
    def auth(self) -> tuple[str, str]:
        """SID and token, as requests and httpx take them."""
        return self.account_sid, self.auth_token

    @property
    def headers(self) -> dict[str, str]:
        """The header that proves the account, for clients that take headers only."""
        login = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        return {"Authorization": f"Basic {login}"}

    def environment(self, prefix: str = "EMULATOR_") -> dict[str, str]:
        """All of this as environment variables, for an app that is configured by them."""
        return {
            f"{prefix}URL": self.url,
            f"{prefix}BASE_URL": self.base_url,
            f"{prefix}MESSAGES_URL": self.messages_url,
            f"{prefix}ACCOUNT_SID": self.account_sid,
            f"{prefix}AUTH_TOKEN": self.auth_token,
        }


class Control:
    """Describes control calls about one account."""

    def __init__(self, account_sid: str) -> None:
        self.root = f"/_emulator/accounts/{account_sid}"

    def path(self, *parts: str, **query: Any) -> str:  # noqa: ANN401 - text, numbers, lists of them
        """The path of a call, with its query."""
        return f"{self.root}/{joined(*parts, **query)}"

    def get(self, kind: type[T], *parts: str) -> Ask[T]:
        """A call that reads."""
        return Ask("GET", self.path(*parts), lambda answer: answer.json(kind))

    def send(self, method: str, kind: type[T], *parts: str, value: object, patience: float = PATIENCE) -> Ask[T]:
        """A call that sends `value` as JSON."""
        body = msgspec.json.encode(value)
        return Ask(method, self.path(*parts), lambda answer: answer.json(kind), body=body, patience=patience)


def joined(*parts: str, **query: Any) -> str:  # noqa: ANN401 - text, numbers, lists of them
    """A path of these parts and the query that is not None; a name may end in `_` where Python needs it."""
    path = "/".join(quote(part, safe="") for part in parts)
    given = {name.rstrip("_"): value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def nothing(answer: Answer) -> None:
    """Read an answer that says no more than that it is done."""
    answer.checked()


def without_none(**values: object) -> Mapping[str, object]:
    """The values that are given; a name may end in `_` where Python needs it."""
    return {name.rstrip("_"): value for name, value in values.items() if value is not None}


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{url!r} is not where an emulator can be; write it as {LOCAL}")
    return url.rstrip("/")
