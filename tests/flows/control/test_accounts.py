import pytest

from emulator import __version__
from tests.conftest import Start
from tests.running import Server

SID = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


async def test_health_says_that_everything_accepts_work(emulator: Server) -> None:
    answer = await emulator.control("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok", "version": __version__})


async def test_the_default_account_has_an_alias(emulator: Server) -> None:
    shown = await emulator.get("/accounts/default")
    assert shown.pop("created").startswith("20")
    assert shown == {
        "sid": "ACae6e420f425248d6a26948c17a9e2acf",
        "auth_token": "77f8c12cc7b8f8423e5c38b035249166",
        "friendly_name": "Default account",
        "status": "active",
        "messages_enabled": True,
        "seed": None,
        "mode": "normal",
        "clock": "manual",
        "messages_url": f"{emulator.url}/api/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/Messages",
    }


async def test_an_account_is_made_with_what_it_was_given(emulator: Server) -> None:
    given = {
        "sid": SID,
        "auth_token": "secret",
        "friendly_name": "Night shift",
        "status": "suspended",
        "seed": 7,
        "clock": "instant",
    }
    answer = await emulator.control("POST", "/accounts", json=given)
    assert answer.status == 201
    assert {name: answer.json[name] for name in given} == given
    assert answer.json["messages_url"] == emulator.messages_url_of(SID)


async def test_an_account_made_with_nothing_can_be_used_at_once(emulator: Server) -> None:
    made = await emulator.post("/accounts")
    await emulator.send(account=(made["sid"], made["auth_token"]))
    assert len((await emulator.get("messages", account=made["sid"]))["messages"]) == 1
    assert (await emulator.get("messages"))["messages"] == []


async def test_accounts_are_listed_oldest_first(emulator: Server) -> None:
    sids = [(await emulator.post("/accounts"))["sid"] for _ in range(2)]
    listed = await emulator.get("/accounts")
    assert [account["sid"] for account in listed["accounts"]] == [emulator.config.account_sid, *sids]


async def test_a_sid_that_is_taken_is_a_conflict(emulator: Server) -> None:
    await emulator.post("/accounts", {"sid": SID})
    answer = await emulator.control("POST", "/accounts", json={"sid": SID})
    assert (answer.status, answer.json["error"]) == (
        409,
        {"message": f"account {SID} exists already", "remedy": "delete it first, or use it as it is"},
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sid": "AC1"}, "sid: Expected `str` matching regex '^AC[0-9A-Za-z]{32}$'"),
        ({"auth_token": ""}, "auth_token: Expected `str` matching regex '^[!-~]+$'"),
        ({"clock": "sun"}, "clock: Invalid enum value 'sun'"),
        ({"seed": "one"}, "seed: Expected `int | null`, got `str`"),
        ({"seed": 2**80}, "seed: Expected `int` <= 9007199254740992"),
        ({"statsu": "active"}, "unknown key 'statsu'"),
        ([], "the body must be a JSON object, as {...}"),
    ],
)
async def test_an_account_that_makes_no_sense_is_refused(emulator: Server, given: object, message: str) -> None:
    answer = await emulator.control("POST", "/accounts", json=given)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)
    assert len((await emulator.get("/accounts"))["accounts"]) == 1


async def test_a_suspended_account_may_not_send_until_it_is_active_again(emulator: Server) -> None:
    async def change(status: str) -> str:
        answer = await emulator.control("PATCH", "/accounts/default", json={"status": status})
        shown: str = answer.json["status"]
        return shown

    assert await change("suspended") == "suspended"
    assert (await emulator.try_to_send()).status == 403
    assert await change("active") == "active"
    assert (await emulator.try_to_send()).status == 200


async def test_messages_can_be_disabled(emulator: Server) -> None:
    answer = await emulator.control("PATCH", "/accounts/default", json={"messages_enabled": False})
    assert answer.json["messages_enabled"] is False
    assert (await emulator.try_to_send()).status == 403


async def test_a_seed_makes_sids_the_same_and_null_takes_it_away(emulator: Server) -> None:
    sids = []
    for _ in range(2):
        await emulator.control("PATCH", "/accounts/default", json={"seed": 42})
        sids.append((await emulator.send())["sid"])
        await emulator.post("reset")
    assert sids[0] == sids[1]
    answer = await emulator.control("PATCH", "/accounts/default", json={"seed": None})
    assert answer.json["seed"] is None
    assert (await emulator.send())["sid"] != sids[0]


async def test_a_deleted_account_is_gone_with_all_it_held(emulator: Server) -> None:
    made = await emulator.post("/accounts", {"sid": SID, "auth_token": "secret"})
    await emulator.send(account=(SID, "secret"))
    assert (await emulator.control("DELETE", f"/accounts/{SID}")).status == 204
    assert (await emulator.control("GET", "messages", account=SID)).json["error"] == {
        "message": f"there is no account {SID}",
        "remedy": "create it with POST /_emulator/accounts, or send a message with its SID and any token",
    }
    again = await emulator.post("/accounts", {"sid": SID})
    assert again["auth_token"] != made["auth_token"]
    assert (await emulator.get("messages", account=SID))["messages"] == []


async def test_the_default_account_stays(emulator: Server) -> None:
    answer = await emulator.control("DELETE", "/accounts/default")
    assert (answer.status, answer.json["error"]) == (
        409,
        {"message": "the default account cannot be deleted", "remedy": 'empty it: POST reset {"all": true}'},
    )
    assert (await emulator.control("DELETE", f"/accounts/{emulator.config.account_sid}")).status == 409


async def test_the_alias_follows_another_default_account(start: Start) -> None:
    emulator = await start(account_sid=SID, auth_token="secret")
    assert (await emulator.get("/accounts/default"))["sid"] == SID
