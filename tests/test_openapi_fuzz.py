"""The running server, asked everything that its own OpenAPI document allows, and some of what it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from emulator import server
from emulator.client import Emulator
from emulator.model import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from emulator.openapi.document import document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    allow_header_conformance,
    unsupported_method,
]
EXAMPLES = 15

schema = schemathesis.openapi.from_dict(document())
control = schema.include(path_regex="^/_emulator").exclude(path_regex="/events$")
platform = schema.include(path_regex="^/api/")


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with server.running() as emulator:
        yield emulator


@control.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_control_api_answers_as_described(case: Any, running: Emulator) -> None:
    _aim(case, "account", "default")
    _hurry(case)
    case.call_and_validate(base_url=running.url, checks=CHECKS)


@platform.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_platforms_api_answers_as_described(case: Any, running: Emulator) -> None:
    _aim(case, "AccountSid", DEFAULT_ACCOUNT_SID)
    case.call_and_validate(base_url=running.url, checks=CHECKS, auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN))


def _aim(case: Any, variable: str, account: str) -> None:
    """Most requests are about an account that exists."""
    given = str((case.path_parameters or {}).get(variable, ""))
    if variable in case.path and len(given) % 4:
        case.path_parameters[variable] = account


def _hurry(case: Any) -> None:
    """Nothing waits for long, brings in many messages, or has a longer URL than the HTTP server reads at all."""
    assume(len(repr(case.query)) < 1_500)
    if case.path.endswith(("/wait", "/idle")):
        case.query = {**(case.query or {}), "timeout": "0"}
    if case.path.endswith("/seed") and isinstance(case.body, dict):
        case.body["messages"] = 5
