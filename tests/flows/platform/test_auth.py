"""Who may ask: the platform's answers to every kind of stranger."""

import asyncio
from base64 import b64encode
from hashlib import md5

import pytest

from emulator.clock import ClockMode
from tests.conftest import Start
from tests.running import Server, credentials

AC = "ACae6e420f425248d6a26948c17a9e2acf"
TOKEN = "77f8c12cc7b8f8423e5c38b035249166"
OTHER = "AC00000000000000000000000000000001"


def basic(text: str | bytes) -> str:
    return "Basic " + b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic " + "A",
        "basic " + basic(f"{AC}:{TOKEN}").removeprefix("Basic "),
        "Bearer " + TOKEN,
        basic(AC),
        basic(b"\xff\xfe:x"),
        basic(f"{AC}:"),
        basic(f"{AC}:wrong"),
        basic(f"{AC}:{TOKEN} "),
        basic(f":{TOKEN}"),
        basic("AC12:token"),
        basic("nobody@company.com:token"),
        basic(f"Default account:{TOKEN}"),
        basic(f"{OTHER}:"),
        basic(f"{AC.lower()}:{TOKEN}"),
    ],
)
async def test_who_cannot_prove_an_account_gets_401_and_nothing_else(shared: Server, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", "/Messages"), ("POST", "/Messages"), ("GET", "/Nowhere"), ("DELETE", "/Messages/SM1")):
        answer = await shared.request(method, f"/api/2012-04-24/Accounts/{AC}{path}", headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Restcomm realm"'
        assert answer.text == ""
        assert "Content-Type" not in answer.headers


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "login",
    [
        f"{AC}:{TOKEN}",
        f"{AC}:RestComm",
        f"administrator@company.com:{TOKEN}",
        "administrator@company.com:RestComm",
    ],
)
async def test_the_default_account_is_proved_by_sid_or_address_and_token_or_password(
    shared: Server, login: str
) -> None:
    answer = await shared.request("GET", shared.messages_url, headers={"Authorization": basic(login)})
    assert answer.status == 200


async def test_the_path_may_name_the_account_by_address_or_friendly_name(emulator: Server) -> None:
    for name in ("administrator@company.com", "Default account"):
        answer = await emulator.request("GET", f"/api/2012-04-24/Accounts/{name}/Messages", headers=emulator.auth)
        assert answer.status == 200


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_an_account_that_is_not_active_is_refused_in_the_platforms_words(emulator: Server, status: str) -> None:
    answer = await emulator.control("PATCH", f"/accounts/{AC}", json={"status": status})
    assert answer.status == 200
    for path in ("Messages", "Nowhere"):
        answer = await emulator.request("GET", f"/api/2012-04-24/Accounts/{AC}/{path}", headers=emulator.auth)
        assert (answer.status, answer.text) == (403, "Provided Account is not active")
    answer = await emulator.request("GET", emulator.messages_url, headers=credentials(AC, "wrong"))
    assert answer.status == 401
    await emulator.control("PATCH", f"/accounts/{AC}", json={"status": "active"})
    assert (await emulator.request("GET", emulator.messages_url, headers=emulator.auth)).status == 200


async def test_an_account_without_the_messages_api_is_told_so(emulator: Server) -> None:
    sid = (await emulator.send())["sid"]
    await emulator.control("PATCH", f"/accounts/{AC}", json={"messages_enabled": False})
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{sid}")):
        form = {"from": "sms:+15550109999", "to": "sms:+15550100001"} if method == "POST" else None
        answer = await emulator.request(method, emulator.messages_url + path, data=form, headers=emulator.auth)
        assert answer.status == 403
        assert answer.json == {"message": "the Messages API is not enabled for this account"}


async def test_another_accounts_path_is_forbidden_and_an_unknown_ones_not_found(emulator: Server) -> None:
    theirs = await emulator.send(account=(OTHER, "token"))
    forbidden = await emulator.request("GET", emulator.messages_url_of(OTHER), headers=emulator.auth)
    assert (forbidden.status, forbidden.text) == (403, "")
    forbidden = await emulator.request("GET", f"{emulator.messages_url}/{theirs['sid']}", headers=emulator.auth)
    assert (forbidden.status, forbidden.text) == (403, "")
    unknown = await emulator.request("GET", emulator.messages_url_of("AC" + "f" * 32), headers=emulator.auth)
    assert (unknown.status, unknown.json) == (404, {"message": f"there is no account AC{'f' * 32}"})


async def test_a_first_request_makes_an_account_whose_token_is_fixed_from_then_on(emulator: Server) -> None:
    first = await emulator.send(account=(OTHER, "pässword: with colon"))
    assert first["account_sid"] == OTHER
    assert (await emulator.try_to_send(account=(OTHER, "another"))).status == 401
    assert (await emulator.try_to_send(account=(OTHER, "pässword: with colon"))).status == 200
    hashed = md5(b"secret").hexdigest()
    await emulator.send(account=("AC" + "2" * 32, hashed))
    assert (await emulator.try_to_send(account=("AC" + "2" * 32, "secret"))).status == 200


async def test_first_requests_at_the_same_time_make_one_account(emulator: Server) -> None:
    answers = await asyncio.gather(*(emulator.try_to_send(account=(OTHER, "token")) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    rivals = [emulator.try_to_send(account=("AC" + "3" * 32, f"token {n}")) for n in range(10)]
    statuses = sorted(answer.status for answer in await asyncio.gather(*rivals))
    assert statuses == [200, *[401] * 9]
    accounts = await emulator.get("/accounts")
    assert sorted(account["sid"] for account in accounts["accounts"]) == [OTHER, "AC" + "3" * 32, AC]


async def test_a_strict_server_knows_only_accounts_that_were_created(start: Start) -> None:
    server = await start(strict_auth=True, clock=ClockMode.MANUAL)
    assert (await server.try_to_send(account=(OTHER, "token"))).status == 401
    await server.post("/accounts", {"sid": OTHER, "auth_token": "token"})
    assert (await server.try_to_send(account=(OTHER, "token"))).status == 200
    assert (await server.try_to_send()).status == 200


async def test_another_default_account_replaces_the_stock_one(start: Start) -> None:
    server = await start(account_sid=OTHER, auth_token="mine", strict_auth=True)
    assert (await server.send())["account_sid"] == OTHER
    assert (await server.try_to_send(account=(AC, TOKEN))).status == 401
