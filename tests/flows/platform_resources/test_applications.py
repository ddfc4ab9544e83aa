"""Applications: made, changed, listed with the numbers bound to them, deleted."""

import pytest

from tests.flows.platform_resources.asking import Platform
from tests.running import AppUnderTest

LIST = "Applications.json"


async def test_an_application_is_shown_in_the_platforms_order_without_nulls(platform: Platform) -> None:
    shown = await platform.post(LIST, FriendlyName="Chat", RcmlUrl="https://app.test/rcml", Kind="sms")
    sid, created = shown["sid"], shown["date_created"]
    assert sid.startswith("AP")
    assert list(shown.items()) == [
        ("sid", sid),
        ("date_created", created),
        ("date_updated", created),
        ("friendly_name", "Chat"),
        ("account_sid", "ACae6e420f425248d6a26948c17a9e2acf"),
        ("api_version", "2012-04-24"),
        ("voice_caller_id_lookup", False),
        ("uri", f"/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/Applications/{sid}.json"),
        ("rcml_url", "https://app.test/rcml"),
        ("kind", "sms"),
    ]
    assert await platform.get(f"Applications/{sid}.json") == shown


async def test_the_list_is_bare_and_names_the_numbers_bound(platform: Platform) -> None:
    chat = await platform.post(LIST, FriendlyName="Chat")
    voice = await platform.post(LIST, FriendlyName="Voice")
    bound = {"SmsApplicationSid": chat["sid"], "VoiceApplicationSid": voice["sid"]}
    number = await platform.post("IncomingPhoneNumbers.json", PhoneNumber="+15550001111", **bound)
    await platform.post("IncomingPhoneNumbers.json", PhoneNumber="+15550002222")
    shown = {
        "sid": number["sid"],
        "friendly_name": "+15550001111",
        "phone_number": "+15550001111",
        "voice_application_sid": voice["sid"],
        "sms_application_sid": chat["sid"],
    }
    listed = await platform.get(LIST)
    assert [(each["friendly_name"], each["numbers"]) for each in listed] == [("Chat", [shown]), ("Voice", [shown])]
    assert "numbers" not in await platform.get(f"Applications/{chat['sid']}.json")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_update_changes_what_is_given(platform: Platform, method: str) -> None:
    made = await platform.post(LIST, FriendlyName="Chat", RcmlUrl="https://app.test/rcml", Kind="sms")
    path = f"Applications/{made['sid']}.json"
    answer = await platform.ask(method, path, json={"FriendlyName": "Talk", "RcmlUrl": ""})
    expected = {name: value for name, value in made.items() if name != "rcml_url"} | {"friendly_name": "Talk"}
    assert (answer.status, answer.json) == (200, expected)
    assert await platform.get(path) == expected


async def test_deleting_is_answered_with_200_and_nothing_even_twice(platform: Platform) -> None:
    made = await platform.post(LIST, FriendlyName="Chat")
    number = await platform.post("IncomingPhoneNumbers.json", PhoneNumber="+15550001111", SmsApplicationSid=made["sid"])
    for _ in range(2):
        answer = await platform.ask("DELETE", f"Applications/{made['sid']}")
        assert (answer.status, answer.text) == (200, "")
    assert (await platform.ask("GET", f"Applications/{made['sid']}")).status == 404
    # a number goes on naming it, as on the platform
    shown = await platform.get(f"IncomingPhoneNumbers/{number['sid']}.json")
    assert (shown["sms_application_sid"], "sms_application_name" in shown) == (made["sid"], False)


async def test_names_may_repeat_and_accounts_do_not_see_each_others(platform: Platform, other: Platform) -> None:
    mine = [await platform.post(LIST, FriendlyName="Chat") for _ in range(2)]
    assert mine[0]["sid"] != mine[1]["sid"]
    path = f"Applications/{mine[0]['sid']}.json"
    for method, form in (("GET", None), ("DELETE", None), ("PUT", {"Kind": "sms"}), ("POST", {"Kind": "sms"})):
        answer = await other.ask(method, path, data=form)
        assert (answer.status, answer.text) == (403, ""), method
    assert await other.get(LIST) == []
    assert await platform.get(path) == mine[0]


async def test_a_name_must_be_given(platform: Platform) -> None:
    answer = await platform.ask("POST", LIST, data={"Kind": "sms"})
    assert (answer.status, answer.text) == (400, "Friendly name can not be null.")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"Kind": "fax"}, "Kind must be one of voice, sms, ussd, not 'fax'"),
        ({"RcmlUrl": "app.test"}, "RcmlUrl must be an absolute http or https URL, not 'app.test'"),
        ({"VoiceCallerIdLookup": "maybe"}, "VoiceCallerIdLookup must be true or false, not 'maybe'"),
        ({"ApiVersion": "x" * 256}, "ApiVersion is longer than 255 characters"),
        ({"FriendlyName": ["a"]}, "FriendlyName must be text, not a list"),
    ],
)
async def test_an_application_that_makes_no_sense_is_refused(
    platform: Platform, asked: dict[str, object], message: str
) -> None:
    answer = await platform.ask("POST", LIST, json={"FriendlyName": "Chat", **asked})
    assert (answer.status, answer.json) == (400, {"message": message})
    assert await platform.get(LIST) == []


@pytest.mark.parametrize("sid", ["AP" + "0" * 32, "nonsense", "%27--"])
async def test_an_application_that_is_not_there_is_404(platform: Platform, sid: str) -> None:
    for method, form in (("GET", None), ("PUT", {"Kind": "sms"})):
        assert (await platform.ask(method, f"Applications/{sid}", data=form)).status == 404


async def test_an_account_may_have_a_thousand_applications(platform: Platform) -> None:
    for _ in range(1000):
        await platform.post(LIST, FriendlyName="Chat")
    answer = await platform.ask("POST", LIST, data={"FriendlyName": "One more"})
    assert (answer.status, answer.json) == (
        403,
        {"message": "the account has 1000 applications, its limit; delete some"},
    )


async def test_a_text_to_a_number_goes_to_its_application(platform: Platform, app: AppUnderTest) -> None:
    chat = await platform.post(LIST, FriendlyName="Chat", RcmlUrl=f"{app.url}/application")
    settings = {"SmsUrl": f"{app.url}/number", "SmsApplicationSid": chat["sid"]}
    await platform.post("IncomingPhoneNumbers.json", PhoneNumber="+15550001111", **settings)
    text = {"from": "sms:+15550102222", "to": "sms:+15550001111", "body": "hello"}
    await platform.server.post("inbound", text)
    await platform.post(f"Applications/{chat['sid']}.json", RcmlUrl="")
    await platform.server.post("inbound", text)
    assert [each.path for each in app.told] == ["/application", "/number"]
