"""`GET /Messages`: the page object and its quirks, and walking from page to page."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.running import Answered, Server

AC = "ACae6e420f425248d6a26948c17a9e2acf"
NO_TIME = "must be a UTC time as 2018-10-05T22:45:32 or a date as 2018-10-05"


async def listed(server: Server, query: str = "") -> Answered:
    """The list that this raw query asks for."""
    url = f"{server.messages_url}?{query}" if query else server.messages_url
    return await server.request("GET", url, headers=server.auth)


async def fill(server: Server, count: int) -> None:
    """Send so many more messages, and let all be delivered."""
    await asyncio.gather(*(server.send(to=f"+155501{number:05}") for number in range(count)))
    await server.post("clock/advance", {"to": "idle"})


def summary(page: dict[str, Any]) -> tuple[Any, ...]:
    """num_pages, total, start, end, rows, previous and next page."""
    return (
        *(page[key] for key in ("num_pages", "total", "start", "end")),
        len(page["messages"]),
        *(number(page[key]) for key in ("previous_page_uri", "next_page_uri")),
    )


def number(uri: str) -> int | None:
    return None if uri == "null" else int(dict(parse_qsl(urlsplit(uri).query))["Page"])


async def test_the_page_object_counts_as_the_platform_does(emulator: Server) -> None:
    held = 0
    for total, size, page, expected in (
        (0, 10, 0, (0, 0, "0", "0", 0, None, None)),
        (1, 1, 0, (1, 1, "0", "0", 1, None, None)),
        (1, 1, 1, (1, 1, "1", "1", 0, 0, None)),
        (5, 10, 0, (0, 5, "0", "5", 5, None, None)),
        (10, 10, 0, (1, 10, "0", "9", 10, None, None)),
        (10, 10, 1, (1, 10, "10", "10", 0, 0, None)),
        (34, 10, 0, (3, 34, "0", "9", 10, None, 1)),
        (34, 10, 2, (3, 34, "20", "29", 10, 1, 3)),
        (34, 10, 3, (3, 34, "30", "34", 4, 2, None)),
        (34, 5000, 0, (0, 34, "0", "34", 34, None, None)),
        (100, 50, 0, (2, 100, "0", "49", 50, None, 1)),
        (100, 50, 1, (2, 100, "50", "99", 50, 0, None)),
        (100, 50, 2, (2, 100, "100", "100", 0, 1, None)),
    ):
        await fill(emulator, total - held)
        held = total
        answer = await listed(emulator, f"PageSize={size}&Page={page}")
        assert summary(answer.json) == expected, (total, size, page)
        assert answer.json["page"] == page
        assert answer.json["page_size"] == size
        assert number(answer.json["last_page_uri"]) == expected[0]
        assert number(answer.json["first_page_uri"]) == 0


async def test_a_page_that_does_not_exist_is_400(emulator: Server) -> None:
    await fill(emulator, 12)
    for query in (
        "Page=2",
        "Page=999999999",
        "PageSize=5&Page=3",
        "PageSize=12&Page=2",
        "Limit=5&Page=1",
        "To=x&Page=1",
    ):
        assert (await listed(emulator, query)).status == 400, query
    assert (await listed(emulator, "Page=2")).json == {
        "message": "Page 2 does not exist: there are 12 messages, 10 on a page, from page 0 on"
    }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Page=x", "Page must be a whole number, not 'x'"),
        ("Page=-1", "Page must be between 0 and 1000000000, not -1"),
        ("Page=1.5", "Page must be a whole number, not '1.5'"),
        ("Page=1e3", "Page must be a whole number, not '1e3'"),
        ("Page=%D9%A1", "Page must be a whole number, not '١'"),
        ("Page=" + "9" * 30, f"Page must be a whole number, not '{'9' * 30}'"),
        ("Page=--1", "Page must be a whole number, not '--1'"),
        ("PageSize=0", "PageSize must be between 1 and 5000, not 0"),
        ("PageSize=5001", "PageSize must be between 1 and 5000, not 5001"),
        ("PageSize=ten", "PageSize must be a whole number, not 'ten'"),
        ("Limit=0", "Limit must be between 1 and 5000, not 0"),
        ("Limit=5001", "Limit must be between 1 and 5000, not 5001"),
        ("ErrorCode=E1", "ErrorCode must be a whole number, not 'E1'"),
        ("ErrorCode=-1", "ErrorCode must be between 0 and 1000000000, not -1"),
        ("SortBy=:asc", "Error parsing the SortBy parameter: missing field to sort by"),
        ("SortBy=:", "Error parsing the SortBy parameter: missing field to sort by"),
        (
            "SortBy=DateCreated:foo",
            "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC",
        ),
        ("SortBy=To:", "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC"),
        ("To=%00", "To contains a NUL character"),
        ("Body=" + "a" * 2049, "Body is longer than 2048 characters"),
        ("To=a&To=b", "To is given twice"),
        *(
            (
                f"{name}={text}",
                f"{name} must be a UTC time as 2018-10-05T22:45:32 or a date as 2018-10-05, not '{text}'",
            )
            for name in ("StartTime", "EndTime")
            for text in (
                *("yesterday", "2018-13-45", "2018-02-30", "2018-10-05T25:00:00", "2018-10-05T22:45", "20181005"),
                *("2018-10-05 22:45:32", "2018-10-05T22:45:32Z", "0000-01-01", "12018-10-05", "1538779532"),
            )
        ),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_400(shared: Server, query: str, message: str) -> None:
    answer = await listed(shared, query)
    assert (answer.status, answer.json) == (400, {"message": message})


async def test_empty_parameters_are_as_if_not_given(emulator: Server) -> None:
    await fill(emulator, 1)
    empty = "&".join(
        f"{name}="
        for name in (
            "Page",
            "PageSize",
            "Limit",
            "SortBy",
            "To",
            "From",
            "StartTime",
            "EndTime",
            "Status",
            "ErrorCode",
            "Body",
        )
    )
    answer = await listed(emulator, empty)
    assert (answer.status, answer.json["total"]) == (200, 1)


async def walk(server: Server, uri: str, onward: str = "next_page_uri") -> list[list[str]]:
    """The SIDs of each page, following the page URIs from this one on."""
    pages = []
    while uri != "null":
        answer = await server.request("GET", server.url + uri, headers=server.auth)
        assert answer.status == 200, answer.text
        pages.append([message["sid"] for message in answer.json["messages"]])
        uri = answer.json[onward]
    return pages


FILTERS = "To=sms:%2B1555%25&From=sms:%2B15550109999&Body=caf%C3%A9+%26+bar&Status=delivered&StartTime=1999-01-01"


@pytest.mark.parametrize(
    ("query", "stranger"),
    [
        ("PageSize=5", False),
        ("PageSize=1", False),
        ("PageSize=23", False),
        ("PageSize=5&To=sms:+1555%25", True),
        (f"PageSize=5&{FILTERS}", True),
        (f"PageSize=5&{FILTERS}&SortBy=To:desc", True),
        (f"PageSize=7&{FILTERS}&SortBy=From", True),
        ("PageSize=5&SortBy=Status:ASC", False),
        ("PageSize=5&SortBy=DateCreated", False),
    ],
)
async def test_following_the_next_page_visits_each_match_once(emulator: Server, query: str, stranger: bool) -> None:
    bodies = {to: f"Café & bar {to}" for to in (f"+155501{number:05}" for number in range(23))}
    matching = {(await emulator.send(to=to, body=body))["sid"] for to, body in bodies.items()}
    if stranger:
        await emulator.send(to="+4915100000001", body="Café & bar")
    await emulator.post("clock/advance", {"to": "idle"})
    first = (await listed(emulator, query)).json
    forwards = [sid for page in await walk(emulator, first["first_page_uri"]) for sid in page]
    assert len(forwards) == 23
    assert set(forwards) == matching
    pages = await walk(emulator, first["last_page_uri"], "previous_page_uri")
    assert [sid for page in reversed(pages) for sid in page] == forwards


async def test_page_uris_carry_what_was_asked_as_it_must_be_asked(emulator: Server) -> None:
    answer = await listed(emulator, "To=sms:+1555%25&Body=a%26b+c&PageSize=1&Limit=7&Nonsense=1&SortBy=To:asc")
    assert answer.json["first_page_uri"] == (
        f"/api/2012-04-24/Accounts/{AC}/Messages?Page=0&PageSize=1&Limit=7&To=sms%3A%2B1555%25&Body=a%26b+c&SortBy=To%3Aasc"
    )
    assert answer.json["limit"] == 7


async def test_the_limit_is_a_window_beyond_which_nothing_is_counted_or_shown(emulator: Server) -> None:
    await fill(emulator, 12)
    answer = await listed(emulator, "Limit=7&PageSize=5")
    assert summary(answer.json) == (1, 7, "0", "4", 5, None, 1)
    pages = await walk(emulator, answer.json["first_page_uri"])
    assert [len(page) for page in pages] == [5, 2]
    beyond = await listed(emulator, "Limit=7&PageSize=5&Page=3")
    assert (beyond.status, beyond.json["message"]) == (
        400,
        "Page 3 does not exist: there are at most 7 messages, 5 on a page, from page 0 on",
    )


async def test_only_messages_with_a_known_fate_are_listed(emulator: Server) -> None:
    fates = {}
    for to in ("+15550100001", "+15005590001", "+15005590002", "+150055030003", "+150055130003"):
        fates[(await emulator.send(to=to))["sid"]] = to
    assert (await listed(emulator)).json["messages"] == []
    await emulator.post("clock/advance", {"to": "idle"})
    shown = {message["sid"]: message["status"] for message in (await listed(emulator)).json["messages"]}
    assert sorted(shown.values()) == ["delivered", "failed", "undelivered"]
    assert (await listed(emulator, "Status=sent")).json["messages"] == []
    for sid, to in fates.items():
        one = await emulator.request("GET", f"{emulator.messages_url}/{sid}", headers=emulator.auth)
        assert one.json["status"] == {"+15005590001": "sending", "+15005590002": "sent"}.get(to, shown.get(sid))


async def test_a_scenario_may_list_every_message(emulator: Server) -> None:
    for to in ("+15550100001", "+15005590001", "+15005590002"):
        await emulator.send(to=to)
    await emulator.post("clock/advance", {"to": "idle"})
    await emulator.put("scenario", "version: 1\nlist: all\n")
    await emulator.send(to="+15550100009")
    assert [message["status"] for message in (await listed(emulator)).json["messages"]] == [
        *("queued", "sent", "sending", "delivered")
    ]
    await emulator.put("scenario", "version: 1\nlist: documented\n")
    assert [message["status"] for message in (await listed(emulator)).json["messages"]] == ["delivered"]
