"""A login by texted code, in Flask. Who texts STOP gets no more codes."""

from secrets import randbelow

import httpx
from flask import Flask, Response, request


def create_login(messages_url: str, auth: tuple[str, str]) -> Flask:
    """The app. It sends to `messages_url` and proves itself with `auth`."""
    app = Flask(__name__)
    codes: dict[str, str] = {}
    opted_out: set[str] = set()

    @app.post("/login")
    def login() -> Response:
        phone = request.form["phone"]
        if phone in opted_out:
            return Response("you asked us not to text you", 403)
        codes[phone] = f"{randbelow(1_000_000):06}"
        text = {"from": "sms:+15550109999", "to": f"sms:{phone}", "body": f"Your code is {codes[phone]}"}
        httpx.post(messages_url, auth=auth, data=text).raise_for_status()
        return Response("we have texted you a code")

    @app.post("/code")
    def code() -> Response:
        right = codes.pop(request.form["phone"], None) == request.form["code"]
        return Response("welcome") if right else Response("that was not the code", 403)

    @app.post("/texts")
    def texts() -> Response:
        if request.form["Body"].strip().lower() != "stop":
            return Response("<Response/>", content_type="text/xml")
        opted_out.add(request.form["From"].removeprefix("sms:"))
        goodbye = "<Response><Message>You will hear no more from us.</Message></Response>"
        return Response(goodbye, content_type="text/xml")

    return app
