"""The control API, driven by what every language has: HTTP and JSON."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.client import Emulator

HERE = Path(__file__).parent


@pytest.mark.parametrize(("program", "script"), [("sh", "drive.sh"), ("node", "drive.mjs")])
def test_another_language_sends_advances_and_reads_the_code(cpaas: Emulator, program: str, script: str) -> None:
    needed = "curl" if program == "sh" else program
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    environment = {**os.environ, **cpaas.environment()}
    shown = subprocess.run([program, HERE / script], env=environment, capture_output=True, text=True, check=True)
    assert "delivered" in shown.stdout
    assert shown.stdout.split()[-1] == "493021"
