import pytest

from emulator.client import Emulator
from tests.plugin.conftest import Run


def test_a_test_gets_an_account_of_its_own(run: Run) -> None:
    seen = run(
        """
        seen = []

        @pytest.mark.parametrize("_", range(3))
        def test_alone(cpaas, _):
            assert cpaas.messages() == []
            send(cpaas)
            assert cpaas.wait_for(status="delivered").body == "hello"
            assert cpaas.account_sid not in seen
            seen.append(cpaas.account_sid)
        """
    )
    seen.assert_outcomes(passed=3)


def test_the_server_lives_for_the_session_and_its_accounts_for_their_tests(run: Run) -> None:
    seen = run(
        """
        seen = []

        def test_first(cpaas):
            seen.append((cpaas.url, cpaas.account_sid))

        def test_second(cpaas, cpaas_server):
            url, sid = seen[0]
            assert cpaas.url == cpaas_server.url == url
            accounts = httpx.get(f"{url}/_emulator/accounts").json()["accounts"]
            assert [account["sid"] for account in accounts] == [cpaas_server.account_sid, cpaas.account_sid]
        """
    )
    seen.assert_outcomes(passed=2)


def test_a_marker_sets_clock_seed_and_scenario_and_the_closest_wins(run: Run) -> None:
    seen = run(
        """
        pytestmark = pytest.mark.cpaas(clock="manual", seed=7)

        def test_of_the_module(cpaas):
            assert (cpaas.clock.read().mode, cpaas.account().seed) == ("manual", 7)

        @pytest.mark.cpaas(clock="real")
        def test_of_its_own(cpaas):
            assert (cpaas.clock.read().mode, cpaas.account().seed) == ("real", 7)

        @pytest.mark.cpaas(scenario={"version": "1", "rules": [{"reply": 503}]})
        def test_with_a_mapping(cpaas):
            assert send(cpaas).status_code == 503

        @pytest.mark.cpaas(scenario="version: 1\\nrules: [{reply: 503}]")
        def test_with_text(cpaas):
            assert send(cpaas).status_code == 503
        """
    )
    seen.assert_outcomes(passed=4)


def test_the_clock_is_instant_unless_the_scenario_or_the_marker_says_otherwise(run: Run) -> None:
    seen = run(
        """
        MANUAL = "version: 1\\nclock: manual"

        def test_unmarked(cpaas):
            assert cpaas.clock.read().mode == "instant"

        @pytest.mark.cpaas(scenario=MANUAL)
        def test_by_scenario(cpaas):
            assert cpaas.clock.read().mode == "manual"

        @pytest.mark.cpaas(scenario=MANUAL, clock="instant")
        def test_by_marker(cpaas):
            assert cpaas.clock.read().mode == "instant"
        """
    )
    seen.assert_outcomes(passed=3)


def test_a_scenario_file_is_found_beside_the_test_and_below_the_root(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", down="version: 1\nrules: [{reply: 503}]")
    seen = run(
        """
        @pytest.mark.cpaas(scenario="down.yaml")
        def test_down(cpaas):
            assert send(cpaas).status_code == 503
        """
    )
    seen.assert_outcomes(passed=1)


def test_host_port_scenario_and_tls_are_fixtures_to_override(run: Run, unused_tcp_port: int) -> None:
    seen = run(
        f"""
        @pytest.fixture(scope="session")
        def cpaas_host():
            return "localhost"

        @pytest.fixture(scope="session")
        def cpaas_port():
            return {unused_tcp_port}

        @pytest.fixture(scope="session")
        def cpaas_verify_tls():
            return False

        @pytest.fixture
        def cpaas_scenario():
            return "version: 1\\nrules: [{{reply: 503}}]"

        def test_overridden(cpaas):
            assert cpaas.url == "http://localhost:{unused_tcp_port}"
            assert send(cpaas).status_code == 503
        """
    )
    seen.assert_outcomes(passed=1)


def test_the_default_account_is_empty_and_plain_in_each_test_but_keeps_its_numbers(run: Run) -> None:
    seen = run(
        """
        pytestmark = pytest.mark.cpaas(account="default")

        @pytest.fixture(scope="module", autouse=True)
        def number(cpaas_server):
            cpaas_server.number("+15550109999", sms_url="http://127.0.0.1:9/texts")

        @pytest.mark.cpaas(scenario="version: 1\\nrules: [{reply: 503}]", clock="manual", seed=7)
        def test_first(cpaas, cpaas_environment):
            assert cpaas.environment() == cpaas_environment
            assert send(cpaas).status_code == 503
            cpaas.handset("+15550100001", state="stopped")

        def test_second(cpaas):
            assert cpaas.messages() == []
            assert (cpaas.clock.read().mode, cpaas.account().seed) == ("instant", None)
            assert cpaas.handset("+15550100001").state == "none"
            assert send(cpaas).status_code == 200
            assert cpaas.inbound(from_="+15550100001", to="+15550109999").request is not None
        """
    )
    seen.assert_outcomes(passed=2)


def test_a_coroutine_may_have_the_default_account_too(run: Run) -> None:
    seen = run(
        """
        @pytest.mark.asyncio
        @pytest.mark.cpaas(account="default", clock="manual")
        async def test_default(async_cpaas):
            assert (await async_cpaas.default_account()).sid == async_cpaas.account_sid
            assert (await async_cpaas.clock.read()).mode == "manual"
        """
    )
    seen.assert_outcomes(passed=1)


def test_settings_for_an_app_name_everything_it_needs(cpaas: Emulator) -> None:
    assert cpaas.environment("SMS_") == {
        "SMS_URL": cpaas.url,
        "SMS_BASE_URL": f"{cpaas.url}/api/2012-04-24",
        "SMS_MESSAGES_URL": f"{cpaas.url}/api/2012-04-24/Accounts/{cpaas.account_sid}/Messages",
        "SMS_ACCOUNT_SID": cpaas.account_sid,
        "SMS_AUTH_TOKEN": cpaas.auth_token,
    }


def test_the_same_tests_run_against_a_running_emulator(
    run: Run, cpaas_server: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_URL", cpaas_server.url)
    seen = run(
        f"""
        def test_there(cpaas, cpaas_server):
            assert cpaas.url == {cpaas_server.url!r}
            assert cpaas_server.account_sid == {cpaas_server.account_sid!r}
            assert cpaas.account_sid != cpaas_server.account_sid
            send(cpaas)
            cpaas.wait_for(status="delivered")

        @pytest.mark.asyncio
        async def test_there_from_a_coroutine(async_cpaas):
            assert async_cpaas.url == {cpaas_server.url!r}
            send(async_cpaas)
            await async_cpaas.wait_for(status="delivered")
        """
    )
    seen.assert_outcomes(passed=2)


def test_a_suite_without_the_fixtures_pays_nothing(run: Run) -> None:
    seen = run(
        """
        import sys

        def test_what_is_imported():
            ours = {name for name in sys.modules if name.startswith("emulator")}
            assert ours <= {
                "emulator", "emulator.pytest_entry", "emulator.pytest_plugin", "emulator.pytest_loops",
            }
        """,
        "-q",
        apart=True,
    )
    seen.assert_outcomes(passed=1)
    assert "emulator" not in seen.stdout.str()


def test_the_plugin_may_be_named_again(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["emulator.pytest_plugin"]')
    seen = run("def test_given(cpaas): assert cpaas.messages() == []", "-p", "emulator.pytest_plugin", apart=True)
    seen.assert_outcomes(passed=1)


def test_the_plugin_can_be_left_out(run: Run) -> None:
    seen = run("def test_missing(request): assert 'cpaas' not in request.fixturenames", "-p", "no:emulator", apart=True)
    seen.assert_outcomes(passed=1)
    seen = run("def test_missing(cpaas): pass", "-p", "no:emulator", apart=True)
    seen.stdout.fnmatch_lines("*fixture 'cpaas' not found")
