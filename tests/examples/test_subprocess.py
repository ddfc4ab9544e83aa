"""An app that runs as a program of its own, started once for all tests and configured by its environment."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from emulator.client import Emulator

pytestmark = pytest.mark.cpaas(account="default")


@pytest.fixture(scope="module")
def shop_url(cpaas_environment: dict[str, str]) -> Iterator[str]:
    environment = {**os.environ, **cpaas_environment, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tests.examples.shop", "--port=0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        listening = re.search(r"http://\S+", process.stdout.readline())
        assert listening is not None
        yield listening[0]
        process.terminate()


@pytest.mark.parametrize("phone", ["+15550100001", "+15550100002"])
def test_each_customer_is_texted(cpaas: Emulator, shop_url: str, phone: str) -> None:
    order = httpx.post(f"{shop_url}/orders", data={"phone": phone}).json()["order"]
    cpaas.clock.idle()
    assert [message.to for message in cpaas.messages()] == [f"sms:{phone}"]
    assert httpx.get(f"{shop_url}/orders/{order}").json() == ["sending", "sent", "delivered"]
