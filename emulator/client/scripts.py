"""What a test hands in as a scenario: a path, YAML text, or the same as a mapping; made into a request body."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

Script = str | Path | Mapping[str, Any]

YAML = "application/yaml"
JSON = "application/json"


def body_of(script: Script) -> tuple[bytes, str]:
    """The body and its content type. Raises FileNotFoundError for a path that leads nowhere."""
    if isinstance(script, Mapping):
        return msgspec.json.encode(script), JSON
    if isinstance(script, Path) or not is_text(script):
        return _read(Path(script)), YAML
    return script.encode(), YAML


def is_text(script: str) -> bool:
    """Whether this is YAML text and not a path: it has a key, so a colon with a space or a line end behind it."""
    return "\n" in script or ": " in script or script.rstrip().endswith(":") or script.lstrip().startswith("{")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no scenario file {path} (looked from {Path.cwd()})") from None
