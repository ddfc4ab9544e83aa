"""`GET /Messages`: which messages each filter finds, and in which order they come."""

from typing import Any

import pytest
import pytest_asyncio

from tests.running import Server


async def found(server: Server, **query: str) -> list[str]:
    """The bodies of the messages found, in order."""
    answer = await server.request("GET", server.messages_url, params={"PageSize": "50", **query}, headers=server.auth)
    assert answer.status == 200, answer.text
    assert answer.json["total"] == len(answer.json["messages"])
    return [message["body"] for message in answer.json["messages"]]


async def fill(emulator: Server) -> None:
    """Send seven messages, a minute apart from noon of 2020-02-29 on."""
    await emulator.put("clock", {"now": "2020-02-29T12:00:00Z"})
    for sender, to, body in (
        ("sms:+15550109999", "sms:+15550100001", "one: your code is 123456"),
        ("sms:+15550109999", "sms:+15550100002", "two: Your Code, please"),
        ("mms:+15550109999", "mms:+15550100001", "three: café au lait"),
        ("sms:My_Bank".replace("_", " "), "sms:+4915100000001", 'four: o\'clock "quoted" 100%'),
        ("sms:+15550108888", "sms:+150055030003", "five: lost"),
        ("sms:+15550108888", "sms:+150055130003", "six: lost code"),
        ("sms:+15550107777", "sms:+15550100001", "七つの海 seven"),
    ):
        form = {"from": sender, "to": to, "body": body}
        answer = await emulator.request("POST", emulator.messages_url, data=form, headers=emulator.auth)
        assert answer.status == 200
        await emulator.post("clock/advance", {"by": "1m"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(shared: Server) -> Server:
    """A server with the seven messages."""
    await fill(shared)
    return shared


ALL = ["七つの海 seven", "six: lost code", "five: lost", 'four: o\'clock "quoted" 100%', "three: café au lait"]
ALL += ["two: Your Code, please", "one: your code is 123456"]
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN = reversed(ALL)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("query", "bodies"),
    [
        ({}, ALL),
        ({"To": "sms:+15550100001"}, [SEVEN, ONE]),
        ({"To": "sms:+1555010000"}, []),
        ({"To": "sms:+1555010000%"}, [SEVEN, TWO, ONE]),
        ({"To": "mms:%"}, [THREE]),
        ({"To": "%"}, ALL),
        ({"To": "%%"}, ALL),
        ({"To": "%0001"}, [SEVEN, FOUR, THREE, ONE]),
        ({"To": "%15%0001"}, [SEVEN, FOUR, THREE, ONE]),
        ({"To": "sms:%0001%"}, [SEVEN, FOUR, ONE]),
        ({"To": "%00055%"}, []),
        ({"To": "sms:+1555010000_"}, []),
        ({"To": "_%"}, []),
        ({"To": "SMS:+15550100001"}, []),
        ({"To": "+15550100001"}, []),
        ({"To": "*"}, []),
        ({"To": "sms:+1?%"}, []),
        ({"To": "sms:[+]%"}, []),
        ({"To": "' OR 1=1 --"}, []),
        ({"To": "'%"}, []),
        ({"From": "sms:My Bank"}, [FOUR]),
        ({"From": "sms:My%"}, [FOUR]),
        ({"From": "sms:my%"}, []),
        ({"From": "sms:+1555010%", "To": "sms:+15550100001"}, [SEVEN, ONE]),
        ({"Status": "delivered"}, [SEVEN, FOUR, THREE, TWO, ONE]),
        ({"Status": "undelivered"}, [FIVE]),
        ({"Status": "failed"}, [SIX]),
        ({"Status": "received"}, []),
        ({"Status": "Failed"}, []),
        ({"Status": "fail%"}, []),
        ({"Status": "' OR ''='"}, []),
        ({"ErrorCode": "30003"}, [SIX, FIVE]),
        ({"ErrorCode": "30003", "Status": "failed"}, [SIX]),
        ({"ErrorCode": "030003"}, [SIX, FIVE]),
        ({"ErrorCode": "30004"}, []),
        ({"ErrorCode": "0"}, []),
        ({"Body": "code"}, [SIX, TWO, ONE]),
        ({"Body": "CODE your"}, [TWO, ONE]),
        ({"Body": "cafe"}, [THREE]),
        ({"Body": "cod"}, []),
        ({"Body": "123456"}, [ONE]),
        ({"Body": "o'clock"}, [FOUR]),
        ({"Body": '"quoted"'}, [FOUR]),
        ({"Body": "100%"}, [FOUR]),
        ({"Body": '"'}, []),
        ({"Body": "%"}, []),
        ({"Body": "*"}, []),
        ({"Body": "code*"}, [SIX, TWO, ONE]),
        ({"Body": "lost OR café"}, []),
        ({"Body": "lost NOT code"}, []),
        ({"Body": "NEAR(code lost)"}, []),
        ({"Body": "body:code"}, []),
        ({"Body": "account:1"}, []),
        ({"Body": "code) OR (account"}, []),
        ({"Body": "- code"}, [SIX, TWO, ONE]),
        ({"Body": "^code {+} !"}, [SIX, TWO, ONE]),
        ({"Body": "'; DROP TABLE message; --"}, []),
        ({"Body": "code", "Status": "failed", "To": "sms:%", "ErrorCode": "30003"}, [SIX]),
        ({"StartTime": "2020-02-29T12:02:00"}, ALL[:5]),
        ({"StartTime": "2020-02-29T12:02:01"}, ALL[:4]),
        ({"EndTime": "2020-02-29T12:02:00"}, ALL[4:]),
        ({"EndTime": "2020-02-29T12:01:59"}, ALL[5:]),
        ({"StartTime": "2020-02-29T12:02:00", "EndTime": "2020-02-29T12:02:00"}, [THREE]),
        ({"StartTime": "2020-02-29"}, ALL),
        ({"EndTime": "2020-02-29"}, []),
        ({"StartTime": "2020-03-01"}, []),
        ({"EndTime": "2020-03-01"}, ALL),
        ({"StartTime": "2020-02-29T13:00:00", "EndTime": "2020-02-29T12:00:00"}, []),
        ({"StartTime": "0001-01-01", "EndTime": "9999-12-31T23:59:59"}, ALL),
        ({"to": "mms:%", "status": "failed"}, ALL),
        ({"SortBy": "DateCreated"}, ALL[::-1]),
        ({"SortBy": "DateCreated:asc"}, ALL[::-1]),
        ({"SortBy": "DateCreated:DESC"}, ALL),
        ({"SortBy": "From"}, [THREE, SEVEN, SIX, FIVE, TWO, ONE, FOUR]),
        ({"SortBy": "From:desc"}, [FOUR, TWO, ONE, SIX, FIVE, SEVEN, THREE]),
        ({"SortBy": "To:asc"}, [THREE, FIVE, SIX, SEVEN, ONE, TWO, FOUR]),
        ({"SortBy": "To:Desc"}, [FOUR, TWO, SEVEN, ONE, SIX, FIVE, THREE]),
        ({"SortBy": "Direction"}, ALL),
        ({"SortBy": "Direction:desc"}, ALL),
        ({"SortBy": "Status"}, [SEVEN, FOUR, THREE, TWO, ONE, SIX, FIVE]),
        ({"SortBy": "Status:desc"}, [FIVE, SIX, SEVEN, FOUR, THREE, TWO, ONE]),
        ({"SortBy": "Status:desc", "To": "sms:+1555%"}, [SEVEN, TWO, ONE]),
        ({"SortBy": "Status:asc", "Body": "lost"}, [SIX, FIVE]),
        ({"SortBy": "Price"}, ALL),
        ({"SortBy": "dateCreated:asc"}, ALL),
        ({"SortBy": "m.id; DROP TABLE message"}, ALL),
    ],
)
async def test_a_filter_finds_what_it_says_in_the_order_it_says(
    full: Server, query: dict[str, str], bodies: list[str]
) -> None:
    assert await found(full, **query) == bodies


async def test_texts_from_handsets_are_listed_as_received(emulator: Server) -> None:
    await fill(emulator)
    await emulator.post("inbound", {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "hello back"})
    received = {"Status": "received"}
    answer = await emulator.request("GET", emulator.messages_url, params=received, headers=emulator.auth)
    shown: dict[str, Any] = answer.json["messages"][0]
    assert (shown["direction"], shown["status"], shown["body"]) == ("inbound", "received", "hello back")
    assert shown["uri"] == f"/2012-04-24/Accounts/{shown['account_sid']}/Messages/{shown['sid']}.json"
    assert (await found(emulator, SortBy="Direction"))[0] == "hello back"
    assert (await found(emulator, SortBy="Direction:desc"))[-1] == "hello back"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"EndTime": "2020-02-29T12:00:00"}, 1),
        ({"StartTime": "2020-02-29T12:00:00"}, 1),
        ({"StartTime": "2020-02-29T12:00:01"}, 0),
        ({"EndTime": "2020-02-29T11:59:59"}, 0),
    ],
)
async def test_a_second_is_included_whole(emulator: Server, query: dict[str, str], count: int) -> None:
    await emulator.put("clock", {"now": "2020-02-29T12:00:00.999Z"})
    await emulator.send()
    await emulator.post("clock/advance", {"by": "1m"})
    assert len(await found(emulator, **query)) == count


async def test_accounts_do_not_find_each_others_messages(emulator: Server) -> None:
    await fill(emulator)
    other = ("AC" + "1" * 32, "token")
    await emulator.post("/accounts", {"sid": other[0], "auth_token": other[1], "clock": "manual"})
    await emulator.send(account=other, body="code of the others")
    await emulator.post("clock/advance", {"to": "idle"}, account=other[0])
    assert await found(emulator, Body="code") == [SIX, TWO, ONE]
    assert await found(emulator) == ALL
