"""How a server is set up: one frozen value, made from flags, environment variables or a test's arguments."""

import os
from pathlib import Path

from msgspec import Struct

from emulator.clock import ClockMode
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

DEFAULT_PORT = 8024
PREFIX = "EMULATOR_"


class Config(Struct, frozen=True, kw_only=True):
    """Everything a server can be told when it starts. `db` None keeps state in memory; port 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    db: Path | None = None
    scenario: Path | None = None
    seed: int | None = None
    clock: ClockMode | None = None
    strict_auth: bool = False
    reload: bool = False
    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    message_limit: int = 1_000_000
    journal_limit: int = 100_000
    verify_tls: bool = True
    public_url: str = ""
    """Where the app under test reaches this server; empty when that is where the control API is called."""


def variable(name: str) -> str | None:
    """The environment variable `EMULATOR_<name>`, None when it is unset or empty."""
    return os.environ.get(PREFIX + name) or None
