"""The error log: what went wrong with texts, in pages, filtered, sorted."""

import pytest

from tests.flows.platform_resources.asking import Platform

LIST = "Notifications.json"
HOSTED, FOREIGN = "+15550001111", "+15550003333"


@pytest.fixture
async def log(platform: Platform) -> Platform:
    """An account with three notifications, an hour apart: not hosted, no URL, not hosted."""
    await platform.server.put("clock", {"mode": "manual", "now": "2026-01-31T22:30:00Z"})
    await platform.post("IncomingPhoneNumbers.json", PhoneNumber=HOSTED)
    for recipient in (FOREIGN, HOSTED, FOREIGN):
        text = {"from": "sms:+15550102222", "to": f"sms:{recipient}", "body": "hello"}
        await platform.server.post("inbound", text)
        await platform.server.post("clock/advance", {"by": "1h"})
    return platform


async def test_a_notification_says_what_happened_in_the_platforms_words(log: Platform) -> None:
    row = (await log.get(LIST))["notifications"][1]
    sid = row["sid"]
    assert len(sid) == 34
    assert sid.startswith("NO")
    assert list(row.items()) == [
        ("sid", sid),
        ("date_created", "Sat, 31 Jan 2026 23:30:00 +0000"),
        ("date_updated", "Sat, 31 Jan 2026 23:30:00 +0000"),
        ("account_sid", "ACae6e420f425248d6a26948c17a9e2acf"),
        ("api_version", "2012-04-24"),
        ("log", 1),
        ("error_code", 12003),
        ("more_info", "/restcomm/errors/12003.html"),
        ("message_text", "There is no valid Restcomm SMS Request URL configured for this number : +15550001111"),
        ("message_date", "2026-01-31T23:30:00.000Z"),
        ("request_url", ""),
        ("request_method", ""),
        ("request_variables", ""),
        ("uri", f"/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/Notifications/{sid}.json"),
    ]
    assert await log.get(f"Notifications/{sid}.json") == row


async def test_the_log_comes_newest_first_in_pages_of_50(log: Platform) -> None:
    page = await log.get(LIST)
    path = "/restcomm/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/Notifications"
    assert [row["error_code"] for row in page.pop("notifications")] == [11005, 12003, 11005]
    assert list(page.items()) == [
        ("page", 0),
        ("num_pages", 0),
        ("page_size", 50),
        ("total", 3),
        ("start", "0"),
        ("end", "3"),
        ("uri", path),
        ("first_page_uri", f"{path}?Page=0&PageSize=50"),
        ("previous_page_uri", "null"),
        ("next_page_uri", "null"),
        ("last_page_uri", f"{path}?Page=0&PageSize=50"),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"StartTime": "2026-02-01"}, ["1 Feb 2026 00:30"]),
        ({"EndTime": "2026-01-31"}, ["31 Jan 2026 23:30", "31 Jan 2026 22:30"]),
        ({"StartTime": "2026-01-31", "EndTime": "2026-02-01", "ErrorCode": "12003"}, ["31 Jan 2026 23:30"]),
        ({"MessageText": "valid restcomm SMS"}, ["31 Jan 2026 23:30"]),
        ({"MessageText": "To: %5550003"}, ["1 Feb 2026 00:30", "31 Jan 2026 22:30"]),
        ({"RequestUrl": "http%"}, []),
        ({"ErrorCode": "1"}, []),
        ({"SortBy": "DateCreated:asc", "PageSize": 1, "Page": 1}, ["31 Jan 2026 23:30"]),
        ({"SortBy": "ErrorCode:desc", "PageSize": 2}, ["31 Jan 2026 23:30", "1 Feb 2026 00:30"]),
        ({"SortBy": "Log"}, ["1 Feb 2026 00:30", "31 Jan 2026 22:30", "31 Jan 2026 23:30"]),
        ({"SortBy": "MessageText:desc", "PageSize": 1}, ["31 Jan 2026 23:30"]),
        ({"SortBy": "CallSid", "PageSize": 1}, ["1 Feb 2026 00:30"]),
    ],
)
async def test_the_log_is_filtered_and_sorted(log: Platform, query: dict[str, str | int], expected: list[str]) -> None:
    rows = (await log.get(LIST, **query))["notifications"]
    assert [row["date_created"].partition(", ")[2].removesuffix(":00 +0000") for row in rows] == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("StartTime=yesterday", "StartTime must be a UTC date such as 2018-10-05, not 'yesterday'"),
        ("EndTime=2026-02-30", "EndTime must be a UTC date such as 2018-10-05, not '2026-02-30'"),
        ("ErrorCode=x", "ErrorCode must be a whole number, not 'x'"),
        ("Page=9", "Page 9 does not exist: there are 0 notifications, 50 on a page, from page 0 on"),
        ("SortBy=:asc", "Error parsing the SortBy parameter: missing field to sort by"),
        (
            "SortBy=Log:up",
            "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC",
        ),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(platform: Platform, query: str, message: str) -> None:
    answer = await platform.ask("GET", f"{LIST}?{query}")
    assert (answer.status, answer.json) == (400, {"message": message})


async def test_accounts_do_not_see_each_others_log_and_nobody_writes_it(log: Platform, other: Platform) -> None:
    sid = (await log.get(LIST))["notifications"][0]["sid"]
    answer = await other.ask("GET", f"Notifications/{sid}.json")
    assert (answer.status, answer.text) == (403, "")
    assert (await other.get(LIST))["total"] == 0
    assert (await log.ask("GET", f"Notifications/NO{'0' * 32}")).status == 404
    assert (await log.ask("DELETE", f"Notifications/{sid}")).status == 405
    assert (await log.ask("POST", "Notifications", data={})).status == 405
