import pytest

from tests.running import AppUnderTest, Server

NUMBER = "+15550100001"


async def test_a_handset_never_seen_has_no_state(emulator: Server) -> None:
    assert await emulator.get(f"handsets/{NUMBER}") == {
        "number": NUMBER,
        "state": "none",
        "sends": 0,
        "fetches": 0,
        "texts": 0,
    }


async def test_a_handset_counts_what_was_sent_to_it(emulator: Server) -> None:
    await emulator.send(NUMBER)
    await emulator.send(NUMBER)
    assert (await emulator.get(f"handsets/{NUMBER}"))["sends"] == 2


async def test_a_handset_can_be_brought_to_a_state(emulator: Server) -> None:
    assert (await emulator.put(f"handsets/{NUMBER}", {"state": "stopped"}))["state"] == "stopped"
    await emulator.send(NUMBER)
    listed = await emulator.get("messages")
    assert listed["messages"][0]["state"] == "stopped"


@pytest.mark.parametrize(
    ("number", "body", "message"),
    [
        ("15550100001", {"state": "on"}, "'15550100001' is not an E.164 number"),
        (NUMBER, {"state": "two words"}, "state: Expected `str` matching regex '^[A-Za-z0-9_-]+$'"),
        (NUMBER, {"state": ""}, "state: Expected `str` matching regex '^[A-Za-z0-9_-]+$'"),
        (NUMBER, {"state": "x" * 65}, "state: Expected `str` of length <= 64"),
        (NUMBER, {}, "state is required"),
    ],
)
async def test_a_handset_that_makes_no_sense_is_refused(
    emulator: Server, number: str, body: dict[str, str], message: str
) -> None:
    answer = await emulator.control("PUT", f"handsets/{number}", json=body)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)


async def test_the_mode_is_normal_until_it_is_set(emulator: Server) -> None:
    assert await emulator.get("mode") == {"mode": "normal"}
    assert await emulator.put("mode", {"mode": "outage"}) == {"mode": "outage"}
    await emulator.send()
    assert (await emulator.get("messages"))["messages"][0]["mode"] == "outage"


async def test_the_last_code_is_plain_text(emulator: Server) -> None:
    await emulator.send(NUMBER, "111111 is the first")
    await emulator.send(NUMBER, "your code is 123456, good for 10 minutes")
    await emulator.send(NUMBER, "welcome")
    await emulator.send("+15550100002", "999999")
    answer = await emulator.control("GET", f"otp?to={NUMBER}")
    assert (answer.status, answer.headers["Content-Type"], answer.text) == (200, "text/plain; charset=utf-8", "123456")


@pytest.mark.parametrize(
    ("body", "pattern", "code"),
    [
        ("call 5551234567 or type 4711", "", "4711"),
        ("12 345 6789", "", "6789"),
        ("123456789 is too long, 12345678 is not", "", "12345678"),
        ("code: AB-12", "[A-Z]+-[0-9]+", "AB-12"),
        ("code: AB-12", "code: ([A-Z]+)", "AB"),
        ("link https://x.example/v?t=abc", r"t=(\w+)", "abc"),
    ],
)
async def test_a_code_is_found_in_a_text(emulator: Server, body: str, pattern: str, code: str) -> None:
    await emulator.send(NUMBER, body)
    assert await emulator.get("otp", to=f"sms:{NUMBER}", pattern=pattern) == code


@pytest.mark.parametrize(
    ("query", "status", "message", "remedy"),
    [
        ({"to": "+15550100009"}, 404, "no code was texted to +15550100009", "nothing was texted to it"),
        ({"to": NUMBER}, 404, f"no code was texted to {NUMBER}", "the last text to it is 'hello'"),
        ({"to": NUMBER, "pattern": "("}, 400, "pattern: missing ): (", "write a regular expression of RE2"),
        ({"to": NUMBER, "pattern": "(?=x)"}, 400, "pattern: invalid perl operator: (?=", "write a regular expression"),
        ({"to": "nobody"}, 400, "to: 'nobody' is not an E.164 number", "write it as %2B15550100001"),
        ({}, 400, "to is required", ""),
    ],
)
async def test_no_code_says_why(
    emulator: Server, query: dict[str, str], status: int, message: str, remedy: str
) -> None:
    await emulator.send(NUMBER, "hello")
    answer = await emulator.control("GET", "otp", params=query)
    assert (answer.status, answer.json["error"]["message"]) == (status, message)
    assert answer.json["error"]["remedy"].startswith(remedy)


async def test_a_reset_forgets_everything_but_the_account(emulator: Server, app: AppUnderTest) -> None:
    await emulator.send(NUMBER, status_callback=app.url)
    await emulator.put(f"handsets/{NUMBER}", {"state": "stopped"})
    await emulator.put("mode", {"mode": "outage"})
    assert (await emulator.control("POST", "reset")).status == 204
    assert (await emulator.get("messages"))["messages"] == []
    assert (await emulator.get("requests"))["requests"] == []
    assert (await emulator.get("callbacks"))["callbacks"] == []
    assert (await emulator.get(f"handsets/{NUMBER}"))["state"] == "none"
    assert await emulator.get("mode") == {"mode": "normal"}
    assert (await emulator.get("clock"))["pending"] == 0
    assert (await emulator.post("clock/advance", {"to": "idle"}))["events"] == []
    assert app.told == []
    await emulator.send(NUMBER)
    assert (await emulator.get("messages"))["messages"][0]["nth"] == 1


async def test_numbers_stay_unless_all_is_reset(emulator: Server) -> None:
    url = f"{emulator.url}/api/2012-04-24/Accounts/{emulator.config.account_sid}/IncomingPhoneNumbers"

    async def count() -> int:
        answer = await emulator.request("GET", url + ".json", headers=emulator.auth)
        total: int = answer.json["total"]
        return total

    bought = await emulator.request(
        "POST", url + ".json", data={"PhoneNumber": "11223344", "isSIP": "true"}, headers=emulator.auth
    )
    assert bought.status == 200
    await emulator.post("reset", {"all": False})
    assert await count() == 1
    await emulator.post("reset", {"all": True})
    assert await count() == 0


@pytest.mark.parametrize("body", [{"al": True}, {"all": "yes"}, {"all": None}])
async def test_a_reset_that_makes_no_sense_forgets_nothing(emulator: Server, body: dict[str, object]) -> None:
    await emulator.send()
    assert (await emulator.control("POST", "reset", json=body)).status == 400
    assert len((await emulator.get("messages"))["messages"]) == 1
