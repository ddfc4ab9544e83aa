"""A Flask app, run by a real WSGI server on a thread."""

from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from werkzeug.serving import make_server

from emulator.client import Emulator
from tests.examples.login import create_login

PHONE = "+15550100001"


@pytest.fixture
def app(cpaas: Emulator) -> Iterator[httpx.Client]:
    server = make_server("127.0.0.1", 0, create_login(cpaas.messages_url, cpaas.auth), threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    cpaas.number("+15550109999", sms_url=f"{url}/texts")
    with httpx.Client(base_url=url) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_customer_logs_in_with_the_texted_code(cpaas: Emulator, app: httpx.Client) -> None:
    app.post("/login", data={"phone": PHONE})
    answer = app.post("/code", data={"phone": PHONE, "code": cpaas.otp(PHONE)})
    assert answer.text == "welcome"


def test_a_code_works_once(cpaas: Emulator, app: httpx.Client) -> None:
    app.post("/login", data={"phone": PHONE})
    code = cpaas.otp(PHONE)
    app.post("/code", data={"phone": PHONE, "code": code})
    assert app.post("/code", data={"phone": PHONE, "code": code}).status_code == 403


def test_who_texts_stop_gets_no_more_codes(cpaas: Emulator, app: httpx.Client) -> None:
    text = cpaas.inbound(from_=PHONE, to="+15550109999", body="STOP")
    assert [reply.body for reply in text.replies] == ["You will hear no more from us."]

    assert app.post("/login", data={"phone": PHONE}).status_code == 403
    assert [message.body for message in cpaas.messages()] == ["You will hear no more from us.", "STOP"]
