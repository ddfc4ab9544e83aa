"""Numbers, senders and channel URIs."""

import pytest

from emulator.model import Direction, Message, Status, channel_of, is_alphanumeric_sender, is_number, number_of


@pytest.mark.parametrize("text", ["+12", "+15550100001", "+123456789012345", "+19876XXXXXX"])
def test_e164_numbers(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text", ["", "+", "+1", "+0555", "15550100001", "+1234567890123456", "+1 555", "+1555\n", "+١٢٣", "+X555", "++1555"]
)
def test_what_is_no_e164_number(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize("text", ["A", "My Bank 24", "12345678901", " x "])
def test_alphanumeric_senders(text: str) -> None:
    assert is_alphanumeric_sender(text)


@pytest.mark.parametrize("text", ["", " ", "           ", "Twelve chars", "Bänk", "a-b", "a\n"])
def test_what_is_no_alphanumeric_sender(text: str) -> None:
    assert not is_alphanumeric_sender(text)


@pytest.mark.parametrize(
    ("uri", "channel", "number"),
    [
        ("sms:+1555", "sms", "+1555"),
        ("mms:Bank", "mms", "Bank"),
        ("+1555", "", "+1555"),
        (":x", "", "x"),
        ("", "", ""),
    ],
)
def test_a_channel_uri_is_a_channel_and_a_number(uri: str, channel: str, number: str) -> None:
    assert (channel_of(uri), number_of(uri)) == (channel, number)


@pytest.mark.parametrize(
    ("direction", "handset"),
    [
        (Direction.OUTBOUND_API, "+2222"),
        (Direction.OUTBOUND_CALL, "+2222"),
        (Direction.INBOUND, "+1111"),
    ],
)
def test_the_handset_is_the_customers_end(direction: Direction, handset: str) -> None:
    message = Message(
        id=1,
        account=1,
        sid="SM1",
        arrival=1,
        created=0,
        updated=0,
        sender="sms:+1111",
        recipient="sms:+2222",
        status=Status.QUEUED,
        direction=direction,
    )
    assert message.handset == handset
