"""Plain functions, on a platform that loses requests and answers."""

import pytest

from emulator.client import Emulator
from tests.examples.reminder import remind


@pytest.mark.cpaas(scenario="lost_answers.yaml")
def test_a_customer_is_reminded_once_although_two_answers_are_lost(cpaas: Emulator) -> None:
    remind(cpaas.messages_url, cpaas.auth, "+15550100001")
    cpaas.clock.idle()
    assert [message.status for message in cpaas.messages()] == ["delivered"]
    assert [request.answer_status for request in cpaas.requests() if request.method == "POST"] == [None, None]
