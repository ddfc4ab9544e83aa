"""Senders, testers and apps that all act at the same time: nothing breaks, and nothing is left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from aiohttp import web

from tests.conftest import Start
from tests.running import Answered, AppUnderTest, Server

ACCOUNTS = [("AC" + f"{number:032d}", "token") for number in range(3)]
RECIPIENTS = ("+15550100001", "+15005590003", "+15005590004", "+15005590005", "+15005590008", "+150055030003")
SCENARIOS = (
    "version: 1\nlist: all\n",
    "version: 1\ncallback: {timeout: 50ms, retry: {times: 2, first: 10ms}}\n",
    "version: 1\nrules:\n- when: {chance: 20%}\n  reply: 503\n- when: {over: 5/s per account}\n  reply: 429\n"
    "- then: [sending callback first, sent after 5ms callback late 50ms, delivered after 5ms callback x3 gap 5ms]\n",
)
EXPECTED = {200, 201, 204, 400, 404, 408, 409, 429, 503}


class Actor:
    """Does one thing or another to one account or another; always the same for one seed."""

    def __init__(self, server: Server, app: AppUnderTest, seed: int) -> None:
        self.server = server
        self.app = app
        self.chance = Random(seed)
        self.things: list[Callable[[str], Awaitable[Answered]]] = [
            *[self.send] * 6,
            *(self.inbound, self.force, self.listed, self.reset, self.scenario, self.clock, self.advance, self.wait),
        ]

    async def act(self) -> None:
        sid = self.chance.choice(ACCOUNTS)[0]
        answer = await self.chance.choice(self.things)(sid)
        assert answer.status in EXPECTED, answer.text

    async def send(self, sid: str) -> Answered:
        to, method = self.chance.choice(RECIPIENTS), self.chance.choice(["GET", "POST"])
        callback = {"status_callback": self.app.url, "status_callback_method": method}
        return await self.server.try_to_send(to=to, account=(sid, "token"), **callback)

    async def inbound(self, sid: str) -> Answered:
        text = {"from": "sms:+15550100001", "to": "sms:+15550109999", "body": "hello"}
        return await self.server.control("POST", "inbound", account=sid, json=text)

    async def force(self, sid: str) -> Answered:
        known = await self.server.control("GET", "messages", account=sid)
        if not known.json["messages"]:
            return known
        path = f"messages/{self.chance.choice(known.json['messages'])['sid']}/status"
        status = {"status": self.chance.choice(["failed", "delivered", "sent"])}
        return await self.server.control("POST", path, account=sid, json=status)

    async def listed(self, sid: str) -> Answered:
        return await self.server.control("GET", "callbacks", account=sid)

    async def reset(self, sid: str) -> Answered:
        return await self.server.control("POST", "reset", account=sid, json={})

    async def scenario(self, sid: str) -> Answered:
        kind = {"Content-Type": "application/yaml"}
        text = self.chance.choice(SCENARIOS)
        return await self.server.control("PUT", "scenario", account=sid, data=text, headers=kind)

    async def clock(self, sid: str) -> Answered:
        mode = {"mode": self.chance.choice(["real", "manual", "instant"])}
        return await self.server.control("PUT", "clock", account=sid, json=mode)

    async def advance(self, sid: str) -> Answered:
        how_far = self.chance.choice([{"by": "1s"}, {"to": "next"}, {"to": "idle"}])
        return await self.server.control("POST", "clock/advance", account=sid, json=how_far)

    async def wait(self, sid: str) -> Answered:
        return await self.server.control("GET", "wait", account=sid, params={"status": "delivered", "timeout": "10ms"})


@pytest.mark.parametrize("seed", [1, 2])
async def test_everything_at_once_breaks_nothing_and_ends(start: Start, app: AppUnderTest, seed: int) -> None:
    server = await start()
    turns = Random(seed)

    async def answer(request: web.Request) -> web.Response:
        if turns.random() < 0.1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=500 if turns.random() < 0.1 else 200)

    app.answering = answer
    for sid, token in ACCOUNTS:
        await server.post("/accounts", {"sid": sid, "auth_token": token})

    async def work(number: int) -> None:
        actor = Actor(server, app, seed * 100 + number)
        for _ in range(30):
            await actor.act()

    await asyncio.gather(*(work(number) for number in range(8)))
    for sid, _ in ACCOUNTS:
        await server.put("clock", {"mode": "real"}, account=sid)
        await server.get("idle", account=sid, timeout="20s")
        assert (await server.get("clock", account=sid))["in_flight"] == 0
        outcomes = {each["outcome"] for each in (await server.get("callbacks", account=sid, limit=1000))["callbacks"]}
        assert "pending" not in outcomes
