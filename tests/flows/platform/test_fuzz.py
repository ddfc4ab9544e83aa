"""Whatever is asked, the answer is one of the documented ones, and soon."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import Answered, Server, running

Ask = Callable[..., Answered]

EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORM = "application/x-www-form-urlencoded"
SEND = ("from", "to", "body", "status_callback", "status_callback_method", "media_list", "MediaUrl", "From", "")
LIST = ("Page", "PageSize", "Limit", "SortBy", "To", "From", "StartTime", "EndTime", "Status", "ErrorCode", "Body", "x")

TEXT = st.text(max_size=40)
ANY_TEXT = st.text(st.characters(), max_size=40)  # with halves of surrogate pairs, which JSON can escape
LIKELY = st.sampled_from(
    [
        "",
        "sms:+15550100001",
        "mms:+1555",
        "sms:Bank",
        "GET",
        "POST",
        "http://127.0.0.1:9/?a=b",
        "[]",
        '[{"url":1}]',
        "X",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT | LIKELY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
QUERY_VALUES = TEXT | st.sampled_from(
    [
        *("0", "1", "5000", "-1", "99999999999999999999", "DateCreated:asc", "To:desc", ":", "From:", "2020-01-01"),
        *("2020-01-01T00:00:00", "9999-12-31", "0001-01-01", "delivered", "30003", "%", "sms:+1%", "_", "%_%", '"'),
        *("a AND b", "NEAR(a b, 3)", "body:x", "a*", "-a", "^a", "(a", "'; --", "[*?]", "\\", "é", "a%00b"),
    ]
)


@contextlib.contextmanager
def asking() -> Iterator[tuple[Server, Ask]]:
    """A server, and a way to ask it from outside its loop."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        server = runner.run(stack.enter_async_context(running()))

        def ask(method: str, url: str, **options: Any) -> Answered:
            return runner.run(
                server.request(method, url, headers={**server.auth, **options.pop("headers", {})}, **options)
            )

        yield server, ask
        runner.run(stack.aclose())


def test_any_json_is_accepted_or_refused_with_a_reason() -> None:
    with asking() as (server, ask):

        @EXAMPLES
        @given(st.dictionaries(st.sampled_from(SEND) | ANY_TEXT, VALUES, max_size=7))
        def send(parameters: dict[str, Any]) -> None:
            answer = ask("POST", server.messages_url, json=parameters)
            assert answer.status in (200, 400)
            assert answer.json["message" if answer.status == 400 else "sid"]

        send()


def test_any_form_is_accepted_or_refused_with_a_reason() -> None:
    with asking() as (server, ask):

        @EXAMPLES
        @given(st.lists(st.tuples(st.sampled_from(SEND) | TEXT, TEXT | LIKELY), max_size=7))
        def send(parameters: list[tuple[str, str]]) -> None:
            answer = ask("POST", server.messages_url, data=urlencode(parameters), headers={"Content-Type": FORM})
            assert answer.status in (200, 400)
            assert answer.json["message" if answer.status == 400 else "sid"]

        send()


def test_any_bytes_are_refused_with_a_reason() -> None:
    with asking() as (server, ask):
        kinds = st.sampled_from(
            ["application/json", "application/x-www-form-urlencoded", "text/xml", "a/b; charset=\u00e9"]
        )

        @EXAMPLES
        @given(kinds, st.binary(max_size=200))
        def send(kind: str, body: bytes) -> None:
            answer = ask("POST", server.messages_url, data=body, headers={"Content-Type": kind})
            assert answer.status in (400, 415)
            assert answer.json["message"]

        send()


def test_any_query_is_answered_or_refused_with_a_reason() -> None:
    with asking() as (server, ask):
        ask("POST", server.messages_url, data={"from": "sms:Bank", "to": "sms:+150055130001", "body": "a b é"})

        @EXAMPLES
        @given(st.lists(st.tuples(st.sampled_from(LIST), QUERY_VALUES), max_size=6))
        def look(query: list[tuple[str, str]]) -> None:
            answer = ask("GET", server.messages_url, params=query)
            assert answer.status in (200, 400)
            assert answer.json["message"] if answer.status == 400 else "messages" in answer.json

        look()


def test_a_message_of_any_text_is_read_back_as_it_was_sent() -> None:
    with asking() as (server, ask):

        @EXAMPLES
        @given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=300))
        def send(body: str) -> None:
            form = {"from": "sms:+15550109999", "to": "sms:+15550100001", "body": body}
            sent = ask("POST", server.messages_url, data=form)
            assert sent.json["body"] == body
            answer = ask("GET", f"{server.messages_url}/{sent.json['sid']}")
            assert answer.json["body"] == body

        send()
