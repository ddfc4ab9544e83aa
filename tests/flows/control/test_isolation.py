import asyncio
from typing import Any

from aiohttp import web

from tests.running import AppUnderTest, Server

TENANTS = 24
MESSAGES = 15


async def test_accounts_never_see_each_other_under_load(emulator: Server, app: AppUnderTest) -> None:
    """Each account sends to the same numbers, on its own clock, and resets or not while the others go on."""

    async def live(number: int) -> None:
        clock = ("manual", "instant")[number % 2]
        account = await emulator.post("/accounts", {"auth_token": f"token{number}", "clock": clock, "seed": number})
        sid = account["sid"]
        year = 2000 + number
        await emulator.put("clock", {"now": f"{year}-01-01T00:00:00Z"}, account=sid)
        await emulator.put("mode", {"mode": f"mode{number}"}, account=sid)
        url = f"{app.url}/{sid}"

        async def send(index: int) -> dict[str, Any]:
            return await emulator.send(
                f"+1555010{index:04d}", f"{sid} {index}", account=(sid, f"token{number}"), status_callback=url
            )

        if number % 4 == 3:
            await asyncio.gather(*(send(index) for index in range(5)))
            await emulator.post("reset", account=sid)
            await emulator.put("mode", {"mode": f"mode{number}"}, account=sid)
            await emulator.get("idle", account=sid, timeout="30s")
            told_before[sid] = sum(1 for told in app.told if told.path == f"/{sid}")
        sent = await asyncio.gather(*(send(index) for index in range(MESSAGES)))
        if clock == "manual":
            answer = await emulator.post("clock/advance", {"to": "idle"}, account=sid)
            assert {event["message"] for event in answer["events"] if "message" in event} == {
                each["sid"] for each in sent
            }
        else:
            await emulator.get("idle", account=sid, timeout="30s")
        await check(sid, year, number, sent)

    async def check(sid: str, year: int, number: int, sent: list[dict[str, Any]]) -> None:
        listed = (await emulator.get("messages", account=sid, limit=1000))["messages"]
        assert {message["sid"] for message in listed} == {each["sid"] for each in sent}
        assert {message["body"] for message in listed} == {f"{sid} {index}" for index in range(MESSAGES)}
        assert {message["status"] for message in listed} == {"delivered"}
        assert {message["nth"] for message in listed} == {1}
        assert {message["mode"] for message in listed} == {f"mode{number}"}
        assert all(message["updated"].startswith(f"{year}-01-01T00:00:") for message in listed)
        requests = (await emulator.get("requests", account=sid, limit=1000))["requests"]
        assert len(requests) == MESSAGES
        assert all(sid in request["path"] for request in requests)
        callbacks = (await emulator.get("callbacks", account=sid, limit=1000))["callbacks"]
        assert len(callbacks) == 3 * MESSAGES
        assert {callback["parameters"]["AccountSid"] for callback in callbacks} == {sid}
        clock = await emulator.get("clock", account=sid)
        assert (clock["pending"], clock["in_flight"]) == (0, 0)

    told_before: dict[str, int] = {}
    await asyncio.gather(*(live(number) for number in range(TENANTS)))
    for told in app.told:
        assert told.path == f"/{told['AccountSid']}"
        assert told["Body"].startswith(told["AccountSid"])
    counts: dict[str, int] = {}
    for told in app.told:
        counts[told.path] = counts.get(told.path, 0) + 1
    assert {count - told_before.get(path[1:], 0) for path, count in counts.items()} == {3 * MESSAGES}


async def test_another_accounts_message_is_not_there(emulator: Server) -> None:
    mine = await emulator.send()
    other = (await emulator.post("/accounts"))["sid"]
    for method, path in (("GET", "messages/{}"), ("GET", "explain/{}"), ("POST", "messages/{}/status")):
        answer = await emulator.control(method, path.format(mine["sid"]), account=other, json={"status": "sent"})
        assert (answer.status, answer.json["error"]["message"]) == (404, f"this account has no message {mine['sid']}")


async def test_a_wait_hears_of_its_own_account_only(emulator: Server) -> None:
    other = (await emulator.post("/accounts"))["sid"]
    waiting = asyncio.create_task(emulator.control("GET", "wait?timeout=300ms", account=other))
    await emulator.send()
    answer = await waiting
    assert (answer.status, answer.json["near"]) == (408, [])


async def test_deleting_an_account_while_it_is_busy_leaves_the_others_alone(
    emulator: Server, app: AppUnderTest
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response()

    app.paths["/slow"] = slow
    account = await emulator.post("/accounts", {"auth_token": "token"})
    sid = account["sid"]
    await emulator.send(account=(sid, "token"), status_callback=app.url + "/slow")
    advancing = asyncio.create_task(emulator.control("POST", "clock/advance", account=sid, json={"to": "idle"}))
    await asked.wait()
    assert (await emulator.control("DELETE", f"/accounts/{sid}")).status == 204
    again = await emulator.post("/accounts", {"sid": sid, "auth_token": "token"})
    assert again["sid"] == sid
    answer.set()
    await advancing
    assert (await emulator.get("messages", account=sid))["messages"] == []
    assert (await emulator.get("callbacks", account=sid))["callbacks"] == []
    await emulator.send(status_callback=app.url)
    await emulator.post("clock/advance", {"to": "idle"})
    assert app.statuses[-3:] == ["sending", "sent", "delivered"]
