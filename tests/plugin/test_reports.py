"""What a failed test says."""

import pytest

from tests.plugin.conftest import Run


def test_a_wait_on_a_manual_clock_names_the_call_that_would_bring_the_rest(run: Run) -> None:
    seen = run(
        """
        @pytest.mark.cpaas(clock="manual")
        def test_too_early(cpaas):
            cpaas.rule(then=["sending", "delivered after 40s"])
            send(cpaas, body="your order")
            cpaas.clock.advance("0s")
            cpaas.wait_for(to="+15550100001", status="delivered", timeout="10ms")
        """
    )
    seen.stdout.re_match_lines_random(
        [
            r"E +.*WaitTimedOut: no message with to '\+15550100001', status 'delivered' within 10ms",
            r"E +SM\w{32} to sms:\+15550100001 'your order': it has been queued, sending, not delivered",
            r"E +still to come: delivered of SM\w{32}, due in 40s",
            r"E +the clock is manual and stands at .*Z",
            r"E +it becomes delivered in 40s of virtual time: cpaas.clock.advance\('40s'\)",
        ]
    )


def test_a_wait_says_how_the_nearest_message_differs(run: Run) -> None:
    seen = run(
        """
        def test_another(cpaas):
            send(cpaas, to="+15550100002", body="your code")
            cpaas.clock.idle()
            cpaas.wait_for(to="+15550100001", body="*order*", timeout="10ms")
        """
    )
    seen.stdout.re_match_lines_random(
        [
            r"E +SM\w{32} to sms:\+15550100002 'your code': to is 'sms:\+15550100002', not '\+15550100001'; "
            r"body is 'your code', not '\*order\*'",
            r"E +nothing is pending: waiting longer will not help",
        ]
    )


def test_a_wait_on_a_real_clock_says_when_it_would_come(run: Run) -> None:
    seen = run(
        """
        @pytest.mark.cpaas(clock="real")
        def test_slow(cpaas):
            cpaas.rule(then=["delivered after 72h"])
            send(cpaas)
            cpaas.wait_for(status="delivered", timeout="10ms")
        """
    )
    seen.stdout.re_match_lines(
        r"E +it becomes delivered in (3d|2d23h59m\S+): wait longer with timeout=…, or do not wait at all with "
        r"@pytest.mark.cpaas\(clock='manual'\) and cpaas.clock.advance\('\S+'\)"
    )


def test_a_wait_for_an_app_that_sent_nothing_shows_what_it_asked(run: Run) -> None:
    seen = run(
        """
        def test_refused(cpaas):
            send(cpaas, to="nobody")
            cpaas.wait_for(timeout="10ms")

        def test_silent(cpaas):
            cpaas.wait_for(timeout="10ms")
        """
    )
    seen.stdout.re_match_lines_random(
        [
            r"E +.*WaitTimedOut: no message within 10ms",
            r"E +the app asked POST /api/2012-04-24/Accounts/AC\w{32}/Messages: 400 \{ \"message\": .* \}",
            r"E +the app has asked this account for nothing: does it use messages_url, account_sid and auth_token of "
            r"this handle\?",
        ]
    )


def test_a_wait_for_an_app_that_does_not_answer_says_so(run: Run) -> None:
    seen = run(
        """
        import socket

        def test_mute(cpaas):
            with socket.create_server(("127.0.0.1", 0)) as mute:
                send(cpaas, callback=f"http://127.0.0.1:{mute.getsockname()[1]}/told")
                cpaas.wait_for(status="sending", timeout="50ms")

        def test_busy(cpaas):
            with socket.create_server(("127.0.0.1", 0)) as mute:
                send(cpaas, callback=f"http://127.0.0.1:{mute.getsockname()[1]}/told")
                cpaas.clock.idle(timeout="50ms")
        """
    )
    seen.stdout.re_match_lines_random(
        [
            r"E +.*WaitTimedOut: SM\w{32} is there, but within 50ms the app did not answer the callback that tells it",
            r"E +GET http://127.0.0.1:\d+/told",
            r"E +.*WaitTimedOut: not idle within 50ms: \d pending, \d in flight",
        ]
    )


def test_a_code_that_never_came_shows_what_did(run: Run) -> None:
    seen = run(
        """
        def test_no_digits(cpaas):
            send(cpaas, body="hello")
            cpaas.otp("+15550100001", timeout="10ms")
        """
    )
    seen.stdout.re_match_lines_random(
        [r"E +.*WaitTimedOut: no code was texted to \+15550100001", r"E +to sms:\+15550100001: 'hello'"]
    )


def test_a_failed_test_shows_the_conversation(run: Run, unused_tcp_port: int) -> None:
    seen = run(
        f"""
        def test_wrong(cpaas):
            send(cpaas, body="hello", callback="http://127.0.0.1:{unused_tcp_port}/told")
            send(cpaas, to="nobody")
            cpaas.clock.idle()
            assert False
        """
    )
    seen.stdout.re_match_lines(
        [
            r"-+ cpaas-emulator -+",
            r"account AC\w{32}; clock instant, at .*Z",
            r"messages",
            r"  \d\d:\d\d:\d\d\.\d{3} SM\w{32} sms:\+15550109999 -> sms:\+15550100001 delivered: 'hello'",
            r"what the app was told",
            rf"  \S+ SM\w{{32}} sending: GET http://127.0.0.1:{unused_tcp_port}/told -> .*",
            rf"  \S+ SM\w{{32}} sent: GET http://127.0.0.1:{unused_tcp_port}/told -> .*",
            rf"  \S+ SM\w{{32}} delivered: GET http://127.0.0.1:{unused_tcp_port}/told -> .*",
            r"requests of the app that were refused",
            r"  \S+ POST /api/2012-04-24/Accounts/AC\w{32}/Messages -> 400 .*",
            r"never answered with 2xx: 3 of these callbacks",
        ],
        consecutive=True,
    )


def test_a_failed_coroutine_shows_it_too(run: Run) -> None:
    seen = run(
        """
        async def test_wrong(async_cpaas):
            send_in_thread = __import__("asyncio").to_thread
            await send_in_thread(send, async_cpaas)
            await async_cpaas.clock.idle()
            assert False
        """,
        "-o",
        "asyncio_mode=auto",
    )
    seen.stdout.re_match_lines([r"-+ cpaas-emulator -+", r"account AC\w{32}; clock instant, at .*Z", "messages"])


def test_a_test_that_passes_shows_nothing(run: Run) -> None:
    seen = run("def test_right(cpaas): send(cpaas)", "-rA")
    assert "cpaas-emulator -" not in seen.stdout.str()


def test_failures_show_the_lines_of_the_test_and_none_of_ours(run: Run) -> None:
    seen = run(
        """
        @pytest.mark.cpaas(clock="real")
        def test_refused(cpaas):
            cpaas.clock.advance("1s")
        """
    )
    seen.stdout.fnmatch_lines(
        [
            ">   *cpaas.clock.advance*",
            "E   *CallRefused: a real clock cannot be advanced; switch first: *",
            "test_*.py:12: CallRefused",
        ]
    )
    assert "emulator/client" not in seen.stdout.str()


@pytest.mark.parametrize("fixture", ["cpaas", "async_cpaas"])
def test_an_error_inside_the_emulator_fails_the_test_it_happened_in(run: Run, fixture: str) -> None:
    seen = run(
        f"""
        import asyncio
        from emulator.engine import Engine

        async def test_unlucky({fixture}, monkeypatch):
            monkeypatch.setattr(Engine, "watch", None)
            answer = await asyncio.to_thread(httpx.get, {fixture}.messages_url, auth={fixture}.auth)
            assert answer.status_code == 500

        def test_lucky(cpaas):
            pass
        """,
        "-o",
        "asyncio_mode=auto",
    )
    seen.assert_outcomes(failed=1, passed=1)
    seen.stdout.fnmatch_lines(["errors inside the emulator:", "TypeError: *"])
