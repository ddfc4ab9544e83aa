"""Everything a caller can provoke: one exception per HTTP answer, and the platform's error codes with their texts.

Surfaces translate `Refused` into their own shape in one place each; nothing else in the package speaks HTTP status.
"""

from collections.abc import Sequence

CHANNEL_LACKS_CAPABILITY = 1002
"""`Feature Not Supported` of the platform's Reason Codes Dictionary; our choice for media on a text-only channel."""

UNKNOWN_ERROR = 30008

ERROR_MESSAGES = {
    CHANNEL_LACKS_CAPABILITY: "Feature Not Supported",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    UNKNOWN_ERROR: "Unknown error",
    30009: "Missing segment",
    30010: "Message price exceeds max price.",
}
"""Texts of `error_message` by `error_code`; the full stop of 30010 is the platform's."""


def error_message(code: int) -> str:
    """The text that goes with an error code; a code the platform has no text for says so itself."""
    return ERROR_MESSAGES.get(code, f"Error {code}")


class Refused(Exception):
    """A request that is answered with an error: what is wrong, and what to do about it.

    `text` is the plain body where the platform sends one.
    """

    status = 400

    def __init__(self, message: str, *, remedy: str = "", text: str = "") -> None:
        # what is quoted from a request may hold half a surrogate pair, which no answer can carry
        message = message.encode(errors="backslashreplace").decode()
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.text = text


class BadRequest(Refused):
    """400: a parameter is missing, malformed or out of range."""


class Unauthenticated(Refused):
    """401: no credentials, or wrong ones."""

    status = 401


class Forbidden(Refused):
    """403: known, but not allowed; the platform mostly says no more."""

    status = 403

    def __init__(self, message: str = "", *, remedy: str = "", text: str = "") -> None:
        super().__init__(message, remedy=remedy, text=text)


class NotFound(Refused):
    """404: no such path, account or message."""

    status = 404


class MethodNotAllowed(Refused):
    """405: the path exists, the method does not; `allow` lists those that do."""

    status = 405

    def __init__(self, message: str, *, allow: Sequence[str]) -> None:
        super().__init__(message, remedy=f"use {' or '.join(allow)}")
        self.allow = tuple(allow)


class TimedOut(Refused):
    """408: a wait ended before what it waited for happened; `details` says what did."""

    status = 408

    def __init__(self, message: str, *, remedy: str = "", details: dict[str, object] | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.details = details or {}


class NotAcceptable(Refused):
    """406: the Accept header allows neither of the platform's representations."""

    status = 406


class Conflict(Refused):
    """409: the request contradicts the present state, e.g. advancing a real clock."""

    status = 409


class TooLarge(Refused):
    """413: a body above the limit."""

    status = 413


class UnsupportedMediaType(Refused):
    """415: a Content-Type that this path does not read."""

    status = 415


class Problem(Exception):
    """One thing wrong with a scenario: where (1-based line and column), what, and the remedy."""

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        line: int = 1,
        column: int = 1,
        path: str = "",
        level: str = "error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.line = line
        self.column = column
        self.path = path
        self.level = level


class BadScenario(Refused):
    """422: a scenario with errors; `problems` holds every one of them."""

    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = next((each for each in problems if each.level == "error"), problems[0])
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"the scenario has errors: line {first.line}: {first.message}{more}", remedy=first.remedy)
        self.problems = tuple(problems)


class Unavailable(Refused):
    """503: not ready yet, or stopping."""

    status = 503


class StorageFailed(Refused):
    """507: the database could not take it (full disk, read-only file); nothing of the request was kept."""

    status = 507


class StartFailed(Exception):
    """The server cannot start: a one-line reason and remedy for the person at the terminal."""
