"""Two accounts, each asking for its own."""

import pytest

from tests.flows.platform_resources.asking import OTHER, Platform
from tests.running import Server


@pytest.fixture
def platform(emulator: Server) -> Platform:
    """The default account's resources."""
    return Platform(emulator)


@pytest.fixture
def other(emulator: Server) -> Platform:
    """Another account's resources."""
    return Platform(emulator, *OTHER)
