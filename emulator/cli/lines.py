"""Events as lines for people: when, what, about which message."""

from collections.abc import Mapping
from typing import Any

WIDTHS = {"kind": 8, "message": 34}


def event_line(event: Mapping[str, Any]) -> str:
    """One line about an event of the control API; what it says beyond the known fields follows as name=value."""
    rest = dict(event)
    at = str(rest.pop("at", ""))
    kind = str(rest.pop("kind", rest.pop("type", "")))
    rest.pop("id", None)
    words = [str(rest.pop(name)) for name in ("message", "status") if rest.get(name) is not None]
    words += [f"{name}={value}" for name, value in rest.items() if value not in (None, "", [], {})]
    return "  ".join(filter(None, (at, f"{kind:{WIDTHS['kind']}}", *words)))
