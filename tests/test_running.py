"""A server in plain Python: on a thread, or in the loop that is there."""

import asyncio
import gc
import socket
import threading

import httpx
import pytest

from emulator.client import AsyncEmulator, CallRefused, Emulator, NotAnEmulator, Unreachable, WrongLoop
from emulator.config import Config
from emulator.errors import StartFailed
from emulator.server import running, running_async
from tests.running import AppUnderTest


def test_it_is_there_inside_the_block_and_gone_after_it() -> None:
    before = threading.enumerate()
    with running() as cpaas:
        assert cpaas.health().status == "ok"
        assert cpaas.clock.read().mode == "instant"
    assert set(threading.enumerate()) <= set(before)
    with pytest.raises(Unreachable) as refused:
        cpaas.health()
    assert str(refused.value) == (
        f"no emulator answers at {cpaas.url}: Connection refused; start one with `cpaas-emulator serve`"
    )


def test_it_starts_with_a_scenario_a_clock_and_a_seed() -> None:
    down = "version: 1\nrules: [{reply: 503}]"
    with running(scenario=down, clock="manual", seed=7) as cpaas:
        assert cpaas.clock.read().mode == "manual"
        assert cpaas.scenario_text() == down
        text = {"from": "sms:+15550109999", "to": "sms:+15550100001"}
        assert httpx.post(cpaas.messages_url, auth=cpaas.auth, data=text).status_code == 503


def test_a_configuration_says_the_rest() -> None:
    config = Config(port=0, account_sid="AC" + "1" * 32, auth_token="secret", strict_auth=True)
    with running(config=config) as cpaas:
        assert cpaas.auth == ("AC" + "1" * 32, "secret")
        assert httpx.get(cpaas.messages_url, auth=cpaas.auth).status_code == 200


def test_several_run_beside_each_other() -> None:
    with running() as one, running() as two:
        assert one.url != two.url
        one.mode("outage")
        assert two.mode() == "normal"


def test_what_goes_wrong_inside_the_block_comes_out_of_it() -> None:
    with pytest.raises(ZeroDivisionError), running():
        raise ZeroDivisionError


def test_a_server_that_cannot_start_says_why_where_it_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartFailed, match=f"cannot listen on 127.0.0.1:{port}: the port is in use"):
            running(config=Config(port=port)).__enter__()
    with pytest.raises(ValueError, match="clock must be real, manual or instant, not 'slow'"):
        running(clock="slow").__enter__()
    with pytest.raises(CallRefused, match="unknown key 'rulez'"), running(scenario="version: 1\nrulez: []"):
        pass


async def test_a_coroutine_runs_one_in_its_own_loop(app: AppUnderTest) -> None:
    async with running_async(clock="manual") as cpaas:
        text = {"from": "sms:+15550109999", "to": "sms:+15550100001", "status_callback": app.url}
        async with httpx.AsyncClient(auth=cpaas.auth) as client:
            await client.post(cpaas.messages_url, data=text)
        await cpaas.clock.advance("1h")
        assert app.statuses == ["sending", "sent", "delivered"]
    with pytest.raises(Unreachable):
        await cpaas.health()
    await cpaas.close()


async def test_a_blocking_handle_refuses_in_a_coroutine_and_works_beside_it() -> None:
    with running() as cpaas:
        with pytest.raises(WrongLoop, match=r"await async_cpaas\.messages"):
            cpaas.messages()
        assert await asyncio.to_thread(cpaas.messages) == []


def test_a_handle_survives_a_restart_of_its_server(unused_tcp_port: int) -> None:
    config = Config(port=unused_tcp_port)
    handle = Emulator(f"http://127.0.0.1:{unused_tcp_port}")
    for _ in range(3):
        with running(config=config):
            assert handle.health().status == "ok"
    handle.close()


def test_a_handle_is_shared_by_threads() -> None:
    with running() as cpaas:
        seen: list[str] = []

        def ask() -> None:
            seen.extend(cpaas.mode() for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == ["normal"] * 320


def test_a_handle_that_nobody_closes_leaves_no_connection_behind(recwarn: pytest.WarningsRecorder) -> None:
    with running() as cpaas:
        Emulator(cpaas.url).health()
        gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_an_answer_that_is_no_answer_of_ours_is_told_apart(app: AppUnderTest) -> None:
    async with AsyncEmulator(app.url) as elsewhere:
        with pytest.raises(NotAnEmulator, match=f"GET {app.url}/_emulator/health answered what is no answer"):
            await elsewhere.health()
        with pytest.raises(NotAnEmulator):
            await elsewhere.messages()


async def test_a_server_that_never_answers_is_given_up() -> None:
    async with AsyncEmulator("http://127.0.0.1:1") as closed:
        with pytest.raises(Unreachable, match=r"no emulator answers at http://127\.0\.0\.1:1: "):
            await closed.health()


@pytest.mark.parametrize("url", ["", "localhost:8024", "http://", "http://localhost:0", "http://localhost:x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not where an emulator can be"):
        Emulator(url)
