"""Events as lines for people: when, what, about which message."""

from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]


def event_line(event: Event) -> str:
    """One line about an event of the control API."""
    kind = str(event.get("kind", ""))
    said = _SAID.get(kind, _everything)(event)
    return f"{event.get('at', ''):24}  {kind:8}  {said}".rstrip()


def _message(event: Event) -> str:
    return f"{event.get('message')}  {event.get('status')}"


def _status(event: Event) -> str:
    error = event.get("error_code")
    return _message(event) + (f" {error}" if error else "")


def _callback(event: Event) -> str:
    again = f" (attempt {event['attempt']})" if event.get("attempt", 1) > 1 else ""
    how = event.get("answer") or event.get("error") or event.get("outcome")
    return f"{_message(event)}  {event.get('url')}{again}: {how}"


def _request(event: Event) -> str:
    return f"{event.get('method')} {event.get('path')}  {event.get('answer') or 'cut off'}"


def _inbound(event: Event) -> str:
    return f"{event.get('message')}  from {event.get('from')}"


def _clock(event: Event) -> str:
    return f"{event.get('mode')}  {event.get('now')}"


def _everything(event: Event) -> str:
    known = ("id", "kind", "at")
    return "  ".join(f"{name}={value}" for name, value in event.items() if name not in known and value is not None)


_SAID: dict[str, Callable[[Event], str]] = {
    "message": _message,
    "status": _status,
    "callback": _callback,
    "request": _request,
    "inbound": _inbound,
    "clock": _clock,
}
