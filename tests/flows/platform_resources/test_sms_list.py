"""The older list: every message, patterns, days, seven sorts, pages of 50."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.flows.platform_resources.asking import Platform

LIST = "SMS/Messages.json"
PATH = "/restcomm/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/SMS/Messages"

SENT = (
    # day, sender, recipient, body
    ("2026-01-30T23:59:59Z", "+15550109999", "+15550100001", "one: 100% sure"),
    ("2026-01-31T00:00:00Z", "+15550108888", "+15550100002", "two: under_score"),
    ("2026-01-31T23:59:59Z", "+15550109999", "+4915150100001", "Three"),
    ("2026-02-01T00:00:00Z", "Acme", "+15550100003", "four"),
)


@pytest.fixture
async def history(platform: Platform) -> Platform:
    """Four messages over three days; of the last nothing is known yet."""
    for place, (now, sender, recipient, body) in enumerate(SENT):
        if place:
            await platform.server.post("clock/advance", {"to": now})
        else:
            await platform.server.put("clock", {"mode": "manual", "now": now})
        await platform.post(LIST, From=sender, To=recipient, Body=body)
        if place < 2:
            await platform.server.post("clock/advance", {"by": "900ms"})
    return platform


def words(page: dict[str, Any]) -> list[str]:
    """The first word of each message listed."""
    return [row["body"].partition(":")[0].lower() for row in page["messages"]]


async def test_every_message_is_listed_whatever_its_status_newest_first(history: Platform) -> None:
    page = await history.get(LIST)
    assert words(page) == ["four", "three", "two", "one"]
    assert [row["status"] for row in page["messages"]] == ["queued", "delivered", "delivered", "delivered"]


async def test_a_page_is_described_in_the_platforms_words(history: Platform) -> None:
    page = await history.get(LIST, PageSize=2)
    rows = page.pop("messages")
    assert list(page.items()) == [
        ("page", 0),
        ("num_pages", 2),
        ("page_size", 2),
        ("total", 4),
        ("start", "0"),
        ("end", "1"),
        ("uri", PATH),
        ("first_page_uri", f"{PATH}?Page=0&PageSize=2"),
        ("previous_page_uri", "null"),
        ("next_page_uri", f"{PATH}?Page=1&PageSize=2&AfterSid={rows[1]['sid']}"),
        ("last_page_uri", f"{PATH}?Page=2&PageSize=2"),
    ]


async def test_pages_can_be_walked_by_their_uris_with_the_filters(history: Platform) -> None:
    seen, page = [], await history.get(LIST, PageSize=1, SortBy="DateCreated:asc", From="9999")
    while True:
        seen += words(page)
        if page["next_page_uri"] == "null":
            break
        answer = await history.server.request(
            "GET", page["next_page_uri"], headers=history.server.auth | {"Accept": "application/json"}
        )
        assert "X-Emulator-Warning" not in answer.headers
        page = answer.json
    assert seen == ["one", "three"]


@pytest.mark.parametrize(("count", "size", "page", "end"), [(3, 50, 0, "3"), (4, 2, 2, "4"), (4, 2, 1, "3")])
async def test_the_end_is_beyond_the_last_row_on_the_last_page_only(
    history: Platform, count: int, size: int, page: int, end: str
) -> None:
    query = {"To": "+1555"} if count == 3 else {}
    shown = await history.get(LIST, PageSize=size, Page=page, **({"To": "+1555%"} if query else {}))
    assert (shown["total"], shown["start"], shown["end"]) == (count, str(size * page), end)


async def test_a_page_is_50_rows_unless_asked_otherwise(platform: Platform) -> None:
    for place in range(51):
        await platform.post(LIST, From="+15550109999", To="+15550100001", Body=str(place))
    page = await platform.get(LIST)
    assert (len(page["messages"]), page["page_size"], page["num_pages"], page["total"]) == (50, 50, 1, 51)
    assert [row["body"] for row in (await platform.get(LIST, Page=1))["messages"]] == ["0"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("To=0001", ["three", "one"]),
        ("To=%2B15550100001", ["one"]),
        ("To=+15550100001", ["one"]),
        ("To=sms:%2B15550100001", ["one"]),
        ("To=5550100001%25", ["one"]),
        ("To=49151%25", ["three"]),
        ("To=555010000_", ["four", "two", "one"]),
        ("To=555", []),
        ("From=acme", ["four"]),
        ("From=9999&To=1", ["three", "one"]),
        ("StartTime=2026-01-31", ["four", "three", "two"]),
        ("EndTime=2026-01-30", ["one"]),
        ("StartTime=2026-01-31&EndTime=2026-01-31", ["three", "two"]),
        ("Status=delivered", ["three", "two", "one"]),
        ("Status=DELI%25", ["three", "two", "one"]),
        ("Status=queued", ["four"]),
        ("Status=", ["four", "three", "two", "one"]),
        ("Body=e", ["three", "two", "one"]),
        ("Body=under_s", ["two"]),
        ("Body=T%25E", ["three", "two"]),
        ("Body=%27%20OR%201=1%20--", []),
        ("SubAccounts=true&localOnly=false", ["four", "three", "two", "one"]),
    ],
)
async def test_messages_are_found_by_patterns_and_days(history: Platform, query: str, expected: list[str]) -> None:
    answer = await history.ask("GET", f"{LIST}?{query}")
    assert words(answer.json) == expected
    assert answer.json["total"] == len(expected)
    assert "X-Emulator-Warning" not in answer.headers


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("DateCreated:asc", ["one", "two", "three", "four"]),
        ("DateCreated", ["one", "two", "three", "four"]),
        ("DateCreated:DESC", ["four", "three", "two", "one"]),
        ("From:asc", ["two", "three", "one", "four"]),
        ("From:desc", ["four", "three", "one", "two"]),
        ("To", ["one", "two", "four", "three"]),
        ("Direction:desc", ["four", "three", "two", "one"]),
        ("Status:desc", ["four", "three", "two", "one"]),
        ("Status:asc", ["three", "two", "one", "four"]),
        ("Body:asc", ["three", "four", "one", "two"]),
        ("Price:asc", ["four", "three", "two", "one"]),
        ("Unknown:asc", ["four", "three", "two", "one"]),
        ("", ["four", "three", "two", "one"]),
    ],
)
async def test_messages_are_sorted_by_seven_fields(history: Platform, sort: str, expected: list[str]) -> None:
    assert words(await history.get(LIST, SortBy=sort)) == expected


async def test_xml_lists_messages_and_says_nothing_of_pages(history: Platform) -> None:
    answer = await history.ask("GET", "SMS/Messages?PageSize=2&SortBy=To")
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.text.startswith("<RestcommResponse>\n  <SMSMessages>\n    <SMSMessage>\n      <Sid>SM")
    (listed,) = ElementTree.fromstring(answer.text)
    assert listed.attrib == {}
    assert [each.findtext("To") for each in listed] == ["+15550100001", "+15550100002"]


async def test_an_empty_list_is_a_list(platform: Platform) -> None:
    answer = await platform.ask("GET", "SMS/Messages")
    assert answer.text == "<RestcommResponse>\n  <SMSMessages/>\n</RestcommResponse>"
    page = await platform.get(LIST)
    assert (page["total"], page["num_pages"], page["start"], page["end"], page["messages"]) == (0, 0, "0", "0", [])


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        ("StartTime=2026-01-31T22:00:00", "StartTime is read by the day here: its time is ignored"),
        ("Status=lost", "no message has Status 'lost'"),
        ("ErrorCode=30003", "ignored unknown parameters: 'ErrorCode'"),
        ("to=0001", "ignored unknown parameters: 'to' (did you mean To?)"),
    ],
)
async def test_what_changes_nothing_is_warned_of(history: Platform, query: str, warning: str) -> None:
    answer = await history.ask("GET", f"{LIST}?{query}")
    assert answer.status == 200
    assert answer.headers["X-Emulator-Warning"] == warning


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Page=1", "Page 1 does not exist: there are 0 messages, 50 on a page, from page 0 on"),
        ("Page=-1", "Page must be between 0 and 1000000000, not -1"),
        ("PageSize=0", "PageSize must be between 1 and 5000, not 0"),
        ("PageSize=ten", "PageSize must be a whole number, not 'ten'"),
        ("StartTime=31.01.2026", "StartTime must be a UTC date such as 2018-10-05, not '31.01.2026'"),
        ("EndTime=2013-13-45", "EndTime must be a UTC date such as 2018-10-05, not '2013-13-45'"),
        ("To=a&To=b", "To is given twice"),
        ("Body=%00", "Body contains a NUL character"),
        ("SortBy=:asc", "Error parsing the SortBy parameter: missing field to sort by"),
        ("SortBy=To:", "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC"),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused_in_either_shape(
    platform: Platform, query: str, message: str
) -> None:
    answer = await platform.ask("GET", f"{LIST}?{query}")
    assert (answer.status, answer.json) == (400, {"message": message})
    answer = await platform.ask("GET", f"SMS/Messages?{query}")
    (said,) = ElementTree.fromstring(answer.text)
    assert (answer.status, said.tag, said.text) == (400, "Message", message)


async def test_the_last_days_of_the_calendar_are_days_too(platform: Platform) -> None:
    assert (await platform.get(LIST, StartTime="0001-01-01", EndTime="9999-12-30"))["total"] == 0


async def test_both_apis_page_by_the_path_that_was_asked(history: Platform) -> None:
    for path in ("Messages", "SMS/Messages"):
        page = await history.get(f"{path}.json")
        assert page["first_page_uri"].partition("?")[0] == PATH.replace("SMS/Messages", path)
