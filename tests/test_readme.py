"""What the README shows works: its tour is run by a shell, its scenarios are loaded, its tests are run."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import scenario_file
from tests.conftest import Start

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, kind: str = "") -> list[str]:
    """The code blocks that begin with these words."""
    return [text for found, more, text in BLOCK.findall(README) if (found, more) == (language, kind)]


async def test_the_tour_with_curl_ends_with_the_message_delivered(start: Start) -> None:
    server = await start()
    script = "set -e\n" + "\n".join(blocks("sh", "tour")).replace("http://127.0.0.1:8024", server.url)
    process = await asyncio.create_subprocess_exec(
        "bash", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate(script.encode())
    said = output.decode()
    assert process.returncode == 0, said
    assert '"error_code": 30003' in said
    assert said.rstrip().endswith("}")
    assert '"status": "delivered"' in said


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_scenario_loads_without_a_warning(text: str) -> None:
    assert scenario_file.load(text).warnings == ()


def test_the_python_examples_pass_as_tests(tmp_path: Path) -> None:
    examples = blocks("python")
    assert examples
    for number, text in enumerate(examples):
        (tmp_path / f"test_example_{number}.py").write_text(text, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\naddopts = -p no:faker\n", "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
