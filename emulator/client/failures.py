"""What a handle raises, each saying what is wrong and what to do about it."""

from collections.abc import Sequence


class EmulatorError(Exception):
    """The emulator could not do what a handle asked of it."""


class Unreachable(EmulatorError):
    """Nothing answers at the URL, or not in time."""


class NotAnEmulator(EmulatorError):
    """Something answers at the URL, but not a cpaas-emulator."""


class CallRefused(EmulatorError):
    """The emulator refused a call: its HTTP status, what is wrong, the remedy, and the problems of a scenario."""

    def __init__(self, asked: str, status: int, message: str, remedy: str = "", errors: Sequence[str] = ()) -> None:
        lines = "".join(f"\n  {problem}" for problem in errors)
        super().__init__(f"{message}{f'; {remedy}' if remedy else ''} ({asked} answered {status}){lines}")
        self.status = status
        self.message = message
        self.remedy = remedy
        self.errors = tuple(errors)


class WrongLoop(RuntimeError):
    """A call that could never be answered: made on the event loop that is needed for the answer, or on another one."""


class WaitTimedOut(AssertionError):
    """What a test waited for did not happen; the text says what did, and what would bring the rest."""
