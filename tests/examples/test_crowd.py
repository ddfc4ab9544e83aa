"""Two hundred tests at the same time: each has an account of its own, so none sees what another sends."""

import pytest

SUITE = """
import httpx
import pytest

@pytest.mark.parametrize("number", range(200))
def test_sees_its_own_message_only(cpaas, number):
    text = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": f"message {number}"}
    httpx.post(cpaas.messages_url, auth=cpaas.auth, data=text)
    cpaas.wait_for(status="delivered")
    assert [message.body for message in cpaas.messages()] == [f"message {number}"]
"""


OPTIONS = ("-n2", "-W", "error", "-p", "no:faker", "-o", "asyncio_default_fixture_loop_scope=function")


def test_two_hundred_tests_under_xdist_do_not_see_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    run = pytester.runpytest_subprocess(*OPTIONS)
    run.assert_outcomes(passed=200)
