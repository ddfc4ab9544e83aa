"""Typed client of the control API: `Emulator` for blocking code, `AsyncEmulator` for coroutines."""

from typing import TYPE_CHECKING

from emulator.client.answers import (
    Account,
    Advanced,
    AppRequest,
    Asked,
    Callback,
    ClockReading,
    EmulatorFault,
    Explanation,
    Failure,
    Handset,
    Health,
    Inbound,
    Media,
    Message,
    Number,
    Report,
    ScenarioTaken,
    Step,
    WholeMessage,
)
from emulator.client.blocking import Emulator
from emulator.client.failures import (
    CallRefused,
    EmulatorError,
    NotAnEmulator,
    Unreachable,
    WaitTimedOut,
    WrongLoop,
)

if TYPE_CHECKING:
    from emulator.client.awaiting import AsyncEmulator

__all__ = [
    "Account",
    "Advanced",
    "AppRequest",
    "Asked",
    "AsyncEmulator",
    "CallRefused",
    "Callback",
    "ClockReading",
    "Emulator",
    "EmulatorError",
    "EmulatorFault",
    "Explanation",
    "Failure",
    "Handset",
    "Health",
    "Inbound",
    "Media",
    "Message",
    "NotAnEmulator",
    "Number",
    "Report",
    "ScenarioTaken",
    "Step",
    "Unreachable",
    "WaitTimedOut",
    "WholeMessage",
    "WrongLoop",
]


def __getattr__(name: str) -> object:
    # aiohttp takes a quarter of a second to import, which blocking code need not pay
    if name == "AsyncEmulator":
        from emulator.client.awaiting import AsyncEmulator  # noqa: PLC0415

        return AsyncEmulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
