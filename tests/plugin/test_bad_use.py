"""What people will do to the fixtures, and what they are told."""

import os
import socket
from threading import Thread

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.plugin.conftest import Run


def test_a_blocking_handle_in_a_coroutine_is_refused_at_once_and_the_awaited_form_named(run: Run) -> None:
    seen = run(
        """
        async def test_stops_its_loop(cpaas):
            cpaas.clock.advance("1s")
        """,
        "-o",
        "asyncio_mode=auto",
    )
    seen.assert_outcomes(failed=1)
    seen.stdout.fnmatch_lines(
        "E * cpaas.clock.advance() would stop the event loop it was called on, which may be needed for its answer; "
        "in an async test use async_cpaas and `await async_cpaas.clock.advance(…)`*"
    )


def test_a_port_that_somebody_has_is_named_with_the_fixture_to_override(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        seen = run(
            f"""
            @pytest.fixture(scope="session")
            def cpaas_port():
                return {port}

            def test_one(cpaas): pass
            async def test_two(async_cpaas): pass
            """,
            "-o",
            "asyncio_mode=auto",
        )
    seen.assert_outcomes(errors=2)
    seen.stdout.fnmatch_lines(
        f"the emulator could not be started: cannot listen on 127.0.0.1:{port}: the port is in use*cpaas_port gives "
        "the port, 0 (as it is unless overridden) picks a free one"
    )
    assert "Traceback" not in seen.stdout.str()


def test_a_test_that_ends_with_callbacks_pending_disturbs_nobody(run: Run) -> None:
    seen = run(
        """
        import socket

        @pytest.fixture(scope="module")
        def mute():
            with socket.create_server(("127.0.0.1", 0)) as mute:
                yield f"http://127.0.0.1:{mute.getsockname()[1]}/told"

        @pytest.mark.parametrize("clock", ["manual", "instant", "real"])
        def test_leaks(cpaas, clock, mute):
            cpaas.clock.set(clock)
            send(cpaas, callback=mute)

        def test_next(cpaas, cpaas_server):
            assert cpaas.callbacks() == []
            cpaas.clock.idle()
            accounts = httpx.get(f"{cpaas.url}/_emulator/accounts").json()["accounts"]
            assert len(accounts) == 2
        """
    )
    seen.assert_outcomes(passed=4)
    assert "warning" not in seen.stdout.str().lower()


def test_an_app_that_sends_after_its_test_has_ended_is_refused_and_told_why(run: Run) -> None:
    seen = run(
        """
        late = []

        def test_ends(cpaas):
            late.append((cpaas.messages_url, cpaas.auth))

        def test_next(cpaas):
            url, auth = late[0]
            answer = httpx.post(url, auth=auth, data={"from": "sms:+15550109999", "to": "sms:+15550100001"})
            assert answer.status_code == 401
            assert answer.headers["X-Emulator-Warning"] == (
                f"account {auth[0]} was deleted; is the test that it belonged to over?"
            )
            assert cpaas.messages() == []
        """
    )
    seen.assert_outcomes(passed=2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_may_use_the_handle_and_leaves_the_account_to_its_parent(run: Run) -> None:
    seen = run(
        """
        import multiprocessing
        import os

        def work(cpaas):
            send(cpaas, body="from the child")
            assert len(cpaas.messages()) == 1

        def test_forks(cpaas):
            assert cpaas.messages() == []
            child = multiprocessing.get_context("fork").Process(target=work, args=(cpaas,))
            child.start()
            child.join()
            assert child.exitcode == 0
            assert [message.body for message in cpaas.messages()] == ["from the child"]

        def test_leaves_its_parent_everything(cpaas):
            if (child := os.fork()) == 0:
                pytest.exit("a child that goes on as pytest", returncode=0)
            os.waitpid(child, 0)
            assert cpaas.messages() == []
            assert cpaas.account().sid == cpaas.account_sid
        """,
        apart=True,
    )
    assert "2 passed" in seen.stdout.str()
    assert seen.ret == 0


def test_an_emulator_url_where_nothing_listens(run: Run, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    monkeypatch.setenv("EMULATOR_URL", url)
    seen = run(
        """
        def test_one(cpaas): pass
        async def test_two(async_cpaas): pass
        """,
        "-o",
        "asyncio_mode=auto",
    )
    seen.assert_outcomes(errors=2)
    seen.stdout.fnmatch_lines(
        f"EMULATOR_URL is {url}: no emulator answers at {url}: *; start one with `cpaas-emulator serve`; unset it, and "
        "the tests start their own"
    )
    assert "Traceback" not in seen.stdout.str()


@pytest.mark.parametrize("status", [200, 404, 500])
def test_an_emulator_url_where_something_else_answers(run: Run, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    @Request.application
    def other(request: Request) -> Response:
        return Response("<h1>hello</h1>", status)

    server = make_server("127.0.0.1", 0, other)
    url = f"http://127.0.0.1:{server.port}"
    monkeypatch.setenv("EMULATOR_URL", url)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    seen = run("def test_one(cpaas): pass")
    server.shutdown()
    thread.join()
    server.server_close()
    seen.assert_outcomes(errors=1)
    seen.stdout.fnmatch_lines(f"EMULATOR_URL is {url}: GET {url}/_emulator/health answered *cpaas-emulator*")


@pytest.mark.parametrize("url", ["localhost:8024", "ftp://localhost", "http://", "http://localhost:99999999"])
def test_an_emulator_url_that_is_none(run: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EMULATOR_URL", url)
    seen = run("def test_one(cpaas): pass")
    seen.assert_outcomes(errors=1)
    seen.stdout.fnmatch_lines(f"EMULATOR_URL is {url}: * is not where an emulator can be; write it as http://*")


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("clok='manual'", "@pytest.mark.cpaas has no 'clok'; did you mean clock?"),
        ("'manual'", "@pytest.mark.cpaas takes names only, as in scenario='bad_day.yaml'"),
        ("clock='slow'", "the test cannot have the account it asks for: clock: *real, manual, instant*"),
        ("account='AC1'", "@pytest.mark.cpaas(account='AC1'): only 'default' can be asked for"),
        ("scenario='no.yaml'", "there is no scenario file no.yaml in *"),
        (r"scenario='version: 1\nrulez: []'", "the test cannot have the account it asks for: *"),
    ],
)
def test_a_marker_that_makes_no_sense(run: Run, marker: str, said: str) -> None:
    seen = run(f"@pytest.mark.cpaas({marker})\ndef test_marked(cpaas): pass")
    seen.assert_outcomes(errors=1)
    seen.stdout.fnmatch_lines(said)
    assert "Traceback" not in seen.stdout.str()


def test_workers_do_not_share_the_default_account_of_a_running_emulator(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_URL", "http://127.0.0.1:1")
    seen = run(
        """
        @pytest.mark.cpaas(account="default")
        @pytest.mark.parametrize("number", range(2))
        def test_shared(_cpaas_wish, number): pass
        """,
        "-n2",
        apart=True,
    )
    seen.assert_outcomes(errors=2)
    seen.stdout.fnmatch_lines("several pytest-xdist workers would share the default account of EMULATOR_URL;*")
