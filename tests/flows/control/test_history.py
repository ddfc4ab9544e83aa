import asyncio

import pytest

from tests.running import Server

NOW = "2026-01-31T08:00:00.000Z"


@pytest.fixture
async def still(emulator: Server) -> Server:
    await emulator.put("clock", {"now": NOW})
    return emulator


async def test_a_past_fills_the_platforms_list_by_date(still: Server) -> None:
    assert await still.post("seed", {"messages": 60, "days": 7, "seed": 1}) == {"messages": 60}
    answer = await still.request("GET", still.messages_url, headers=still.auth, params={"PageSize": "60"})
    assert answer.json["total"] == 60
    listed = await still.get("messages", limit=60)
    created = [message["created"] for message in listed["messages"]]
    assert created == sorted(created, reverse=True)
    assert "2026-01-24T08:00:00.000Z" <= created[-1] <= created[0] <= NOW
    assert [row["sid"] for row in answer.json["messages"]] == [message["sid"] for message in listed["messages"]]


async def test_the_same_seed_tells_the_same_story(still: Server) -> None:
    async def told(seed: int) -> list[tuple[str, str]]:
        await still.post("seed", {"messages": 50, "days": 3, "seed": seed})
        listed = await still.get("messages", limit=50)
        await still.post("reset")
        return [(message["body"], message["created"]) for message in listed["messages"]]

    assert await told(1) == await told(1)
    assert await told(1) != await told(2)


async def test_a_past_may_come_after_the_present_and_a_second_time(still: Server) -> None:
    sent = await still.send()
    await still.post("seed", {"messages": 20})
    await still.post("seed", {"messages": 20})
    await still.post("clock/advance", {"to": "idle"})
    listed = await still.request("GET", still.messages_url, headers=still.auth)
    assert (listed.json["total"], listed.json["messages"][0]["sid"]) == (41, sent["sid"])


async def test_the_story_of_a_message_of_the_past_can_be_read(still: Server) -> None:
    await still.post("seed", {"messages": 100})
    listed = await still.get("messages", limit=100)
    for message in listed["messages"]:
        whole = await still.get(f"messages/{message['sid']}")
        if message["direction"] == "inbound":
            assert (message["status"], whole["timeline"]) == ("received", [])
        else:
            assert whole["timeline"][-1]["status"] == message["status"]
            assert all(step["happened"] == step["due"] for step in whole["timeline"])
    assert (await still.get("clock"))["pending"] == 0


async def test_everybody_is_served_while_a_past_is_brought_in(still: Server) -> None:
    seeding = asyncio.create_task(still.post("seed", {"messages": 5000}))
    answered = 0
    while not seeding.done():
        await still.get("/health")
        answered += 1
    assert await seeding == {"messages": 5000}
    assert answered > 10


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": 0}, "messages: Expected `int` >= 1"),
        ({"messages": 1_000_001}, "messages: Expected `int` <= 1000000"),
        ({"days": 0}, "days: Expected `int` >= 1"),
        ({"days": 3651}, "days: Expected `int` <= 3650"),
        ({"seed": 1.5}, "seed: Expected `int`, got `float`"),
        ({"count": 5}, "unknown key 'count'"),
    ],
)
async def test_a_past_that_makes_no_sense_is_refused(still: Server, body: dict[str, object], message: str) -> None:
    answer = await still.control("POST", "seed", json=body)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)
    assert (await still.get("messages"))["messages"] == []
