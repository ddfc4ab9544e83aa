import textwrap

import pytest

from tests.plugin.conftest import Run

STORY = """
async def test_on_its_loop(async_cpaas):
    async with httpx.AsyncClient(auth=async_cpaas.auth) as app:
        text = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": "hello"}
        await app.post(async_cpaas.messages_url, data=text)
    message = await async_cpaas.wait_for(status="delivered")
    assert message.body == "hello"
"""

ANYIO = """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio"""


def test_strict_mode_needs_only_its_own_mark(run: Run) -> None:
    run("@pytest.mark.asyncio" + STORY, "-o", "asyncio_mode=strict").assert_outcomes(passed=1)


def test_auto_mode_needs_no_mark(run: Run) -> None:
    run(STORY, "-o", "asyncio_mode=auto").assert_outcomes(passed=1)


@pytest.mark.parametrize("scope", ["module", "package", "session"])
def test_a_wider_loop_is_found_by_its_mark(run: Run, scope: str) -> None:
    run(f'pytestmark = pytest.mark.asyncio(loop_scope="{scope}")\n{STORY}').assert_outcomes(passed=1)


def test_the_loop_of_a_class_is_found_too(run: Run) -> None:
    method = textwrap.indent(STORY.replace("(async_cpaas):", "(self, async_cpaas):"), "    ")
    run(f'@pytest.mark.asyncio(loop_scope="class")\nclass TestIt:{method}').assert_outcomes(passed=1)


def test_a_wider_loop_is_found_in_the_configuration(run: Run) -> None:
    run(STORY, "-o", "asyncio_mode=auto", "-o", "asyncio_default_test_loop_scope=session").assert_outcomes(passed=1)


def test_anyio_runs_it_too(run: Run) -> None:
    run(ANYIO + STORY, "-p", "no:asyncio", "-p", "no:aiohttp").assert_outcomes(passed=1)
    run(ANYIO + STORY, "-o", "asyncio_mode=strict").assert_outcomes(passed=1)


def test_an_async_app_may_stand_on_it_in_a_fixture(run: Run) -> None:
    seen = run(
        """
        @pytest.fixture
        async def app(async_cpaas):
            async with httpx.AsyncClient(auth=async_cpaas.auth, base_url=async_cpaas.messages_url) as app:
                yield app

        async def test_app(app, async_cpaas):
            assert (await app.get("")).status_code == 200
            assert len(await async_cpaas.requests()) == 1
        """,
        "-o",
        "asyncio_mode=auto",
    )
    seen.assert_outcomes(passed=1)


def test_without_a_plugin_for_async_tests_it_says_what_to_install(run: Run) -> None:
    seen = run(STORY, "-p", "no:asyncio", "-p", "no:aiohttp", "-p", "no:anyio")
    seen.stdout.fnmatch_lines("async_cpaas needs a plugin that runs async tests: install pytest-asyncio")


def test_a_test_that_is_not_async_is_told_to_use_the_other_fixture(run: Run) -> None:
    seen = run("        def test_plain(async_cpaas): pass")
    seen.assert_outcomes(errors=1)
    seen.stdout.fnmatch_lines("async_cpaas lives on the loop of an async test, and this one is not; use cpaas")


def test_a_handle_of_another_loop_is_refused_at_once(run: Run) -> None:
    seen = run(
        """
        import asyncio

        @pytest.mark.asyncio
        async def test_elsewhere(async_cpaas):
            async def ask():
                return await async_cpaas.messages()

            await asyncio.to_thread(lambda: asyncio.run(ask()))
        """
    )
    seen.stdout.fnmatch_lines("*WrongLoop: this handle belongs to another event loop than the one it is used on*")
