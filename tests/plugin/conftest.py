"""Suites of other people, run in a pytest of their own."""

import importlib
import pkgutil
import textwrap
from collections.abc import Callable

import pytest

import emulator

Run = Callable[..., pytest.RunResult]

SENDING = """
import httpx
import pytest

def send(cpaas, to="+15550100001", body="hello", callback=None):
    text = {"from": "sms:+15550109999", "to": f"sms:{to}", "body": body}
    if callback is not None:
        text["status_callback"] = callback
    return httpx.post(cpaas.messages_url, auth=cpaas.auth, data=text)
"""

OPTIONS = ("-p", "no:faker", "-p", "no:schemathesis", "-p", "no:cacheprovider", "-W", "error")
LOOPS = ("-o", "asyncio_default_fixture_loop_scope=function")


@pytest.fixture(scope="session")
def everything() -> None:
    """Imports the whole package: a suite in this process takes what it imports first along when it ends."""
    for module in pkgutil.walk_packages(emulator.__path__, "emulator."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


@pytest.fixture
def run(everything: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a suite of one file, which may call `send`; warnings are errors. `apart`: in a process of its own."""
    monkeypatch.delenv("EMULATOR_URL", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(suite: str, *options: str, apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(SENDING + textwrap.dedent(suite))
        start = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return start(*OPTIONS, *(() if "no:asyncio" in options else LOOPS), *options)

    return run
