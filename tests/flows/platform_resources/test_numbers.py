"""Numbers: provisioned, listed, bound, given back."""

import asyncio

import pytest

from tests.flows.platform_resources.asking import Platform
from tests.running import Server

LIST = "IncomingPhoneNumbers.json"


async def test_a_sip_number_is_kept_as_typed_and_shown_with_every_key_in_the_platforms_order(
    platform: Platform,
) -> None:
    shown = await platform.post(LIST, PhoneNumber="11223344", isSIP="true", SmsUrl="http://app.test/sms")
    sid, created = shown["sid"], shown["date_created"]
    assert len(sid) == 34
    assert list(shown.items()) == [
        ("sid", sid),
        ("account_sid", "ACae6e420f425248d6a26948c17a9e2acf"),
        ("friendly_name", "11223344"),
        ("phone_number", "11223344"),
        ("voice_url", None),
        ("voice_method", "POST"),
        ("voice_fallback_url", None),
        ("voice_fallback_method", "POST"),
        ("status_callback", None),
        ("status_callback_method", "POST"),
        ("voice_caller_id_lookup", False),
        ("voice_application_sid", None),
        ("date_created", created),
        ("date_updated", created),
        ("sms_url", "http://app.test/sms"),
        ("sms_method", "POST"),
        ("sms_fallback_url", None),
        ("sms_fallback_method", "POST"),
        ("sms_application_sid", None),
        ("ussd_url", None),
        ("ussd_method", "POST"),
        ("ussd_fallback_url", None),
        ("ussd_fallback_method", "POST"),
        ("ussd_application_sid", None),
        ("refer_url", None),
        ("refer_method", "POST"),
        ("refer_application_sid", None),
        (
            "capabilities",
            {"voice_capable": False, "sms_capable": False, "mms_capable": False, "fax_capable": False},
        ),
        ("api_version", "2012-04-24"),
        ("uri", f"/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/IncomingPhoneNumbers/{sid}.json"),
    ]
    assert await platform.get(f"IncomingPhoneNumbers/{sid}.json") == shown


async def test_json_says_the_same_as_a_form(platform: Platform) -> None:
    asked = {
        "PhoneNumber": "+15550001111",
        "FriendlyName": "Support",
        "SmsUrl": "https://app.test/sms",
        "SmsMethod": "get",
        "SmsFallbackUrl": None,
        "SmsCapable": True,
        "MmsCapable": "true",
        "VoiceCallerIdLookup": False,
    }
    answer = await platform.ask("POST", "IncomingPhoneNumbers", json=asked)
    assert answer.status == 200
    shown = answer.json
    assert (shown["phone_number"], shown["friendly_name"]) == ("+15550001111", "Support")
    assert (shown["sms_url"], shown["sms_method"], shown["sms_fallback_url"]) == ("https://app.test/sms", "GET", None)
    assert shown["capabilities"] == {
        "voice_capable": False,
        "sms_capable": True,
        "mms_capable": True,
        "fax_capable": False,
    }


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"PhoneNumber": "+15550001111"}, "+15550001111"),
        ({"PhoneNumber": "15550001111"}, "+15550001111"),
        ({"PhoneNumber": "+1234", "isSIP": "false"}, "+1234"),
        ({"PhoneNumber": "1234", "isSIP": "TRUE"}, "1234"),
        ({"PhoneNumber": "reception", "isSIP": "true"}, "reception"),
        ({"AreaCode": "510"}, "+15105550000"),
    ],
)
async def test_a_number_without_a_provider_can_be_had_either_way(
    platform: Platform, asked: dict[str, str], number: str
) -> None:
    assert (await platform.post(LIST, **asked))["phone_number"] == number


async def test_a_plus_that_was_not_encoded_is_restored(platform: Platform) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await platform.ask("POST", LIST, data="PhoneNumber=+15550001111", headers=form)
    assert answer.json["phone_number"] == "+15550001111"
    listed = await platform.ask("GET", f"{LIST}?PhoneNumber=+1555")
    assert listed.json["total"] == 1


async def test_an_area_code_gives_the_next_free_number(platform: Platform) -> None:
    await platform.post(LIST, PhoneNumber="+15105550001", isSIP="true")
    assert [(await platform.post(LIST, AreaCode="510"))["phone_number"] for _ in range(2)] == [
        "+15105550000",
        "+15105550002",
    ]


async def test_a_taken_number_is_refused_with_the_platforms_code_and_nothing_else(
    platform: Platform, other: Platform
) -> None:
    await platform.post(LIST, PhoneNumber="+15550001111")
    answer = await platform.ask("POST", LIST, data={"PhoneNumber": "+15550001111", "isSIP": "true"})
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (400, "21452", "application/json")
    # another account is another organisation
    assert (await other.post(LIST, PhoneNumber="+15550001111"))["phone_number"] == "+15550001111"


async def test_of_many_who_want_one_number_at_once_one_gets_it(platform: Platform) -> None:
    asking = [platform.ask("POST", LIST, data={"PhoneNumber": "+15550001111"}) for _ in range(20)]
    answers = await asyncio.gather(*asking)
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19
    assert (await platform.get(LIST))["total"] == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_update_changes_what_is_given_and_empty_text_clears(platform: Platform, method: str) -> None:
    application = await platform.post("Applications.json", FriendlyName="Chat")
    number = await platform.post(
        LIST,
        PhoneNumber="+15550001111",
        FriendlyName="Support",
        SmsUrl="http://app.test/sms",
        SmsMethod="GET",
        SmsFallbackUrl="http://app.test/fallback",
        SmsApplicationSid=application["sid"],
    )
    assert (number["sms_application_sid"], number["sms_application_name"]) == (application["sid"], "Chat")
    changes = {"SmsUrl": "", "SmsApplicationSid": "", "VoiceUrl": "http://app.test/voice"}
    answer = await platform.ask(method, f"IncomingPhoneNumbers.json/{number['sid']}", data=changes)
    del number["sms_application_name"]
    changed = {"sms_url": None, "sms_application_sid": None, "voice_url": "http://app.test/voice"}
    assert (answer.status, answer.json) == (200, number | changed)
    assert await platform.get(f"IncomingPhoneNumbers/{number['sid']}.json") == number | changed


async def test_an_update_moves_the_clock_of_the_number(platform: Platform) -> None:
    await platform.server.put("clock", {"mode": "manual", "now": "2026-01-31T08:00:00Z"})
    number = await platform.post(LIST, PhoneNumber="+15550001111")
    await platform.server.post("clock/advance", {"by": "1h"})
    changed = await platform.post(f"IncomingPhoneNumbers/{number['sid']}.json", FriendlyName="Sales")
    assert changed["date_created"] == "Sat, 31 Jan 2026 08:00:00 +0000"
    assert changed["date_updated"] == "Sat, 31 Jan 2026 09:00:00 +0000"


async def test_a_number_given_back_is_gone_and_can_be_had_again(platform: Platform) -> None:
    number = await platform.post(LIST, PhoneNumber="+15550001111")
    path = f"IncomingPhoneNumbers/{number['sid']}"
    answer = await platform.ask("DELETE", path)
    assert (answer.status, answer.text) == (204, "")
    for method in ("GET", "DELETE"):
        assert (await platform.ask(method, path)).status == 404
    again = await platform.post(LIST, PhoneNumber="+15550001111")
    assert again["sid"] != number["sid"]


async def test_a_number_can_be_given_back_while_its_messages_are_on_their_way(platform: Platform) -> None:
    number = await platform.post(LIST, PhoneNumber="+15550109999")
    sent = await platform.server.send(sender="+15550109999")
    assert (await platform.ask("DELETE", f"IncomingPhoneNumbers/{number['sid']}")).status == 204
    await platform.server.post("clock/advance", {"to": "idle"})
    assert (await platform.get(f"Messages/{sent['sid']}"))["status"] == "delivered"


async def test_numbers_are_listed_in_pages_whose_uris_lack_the_context_path(platform: Platform) -> None:
    for place in range(5):
        await platform.post(LIST, PhoneNumber=f"+1555000111{place}")
    path = "/2012-04-24/Accounts/ACae6e420f425248d6a26948c17a9e2acf/IncomingPhoneNumbers"
    page = await platform.get(LIST, PageSize=2, Page=1)
    rows = page.pop("incomingPhoneNumbers")
    assert [row["phone_number"] for row in rows] == ["+15550001112", "+15550001113"]
    assert list(page.items()) == [
        ("page", 1),
        ("num_pages", 2),
        ("page_size", 2),
        ("total", 5),
        ("start", "2"),
        ("end", "3"),
        ("uri", path),
        ("first_page_uri", f"{path}?Page=0&PageSize=2"),
        ("previous_page_uri", f"{path}?Page=0&PageSize=2"),
        ("next_page_uri", f"{path}?Page=2&PageSize=2&AfterSid={rows[1]['sid']}"),
        ("last_page_uri", f"{path}?Page=2&PageSize=2"),
    ]
    followed = await platform.server.request("GET", page["next_page_uri"], headers=platform.server.auth)
    assert [row["phone_number"] for row in followed.json["incomingPhoneNumbers"]] == ["+15550001114"]
    assert (await platform.get(LIST))["page_size"] == 50


async def test_numbers_are_found_by_part_of_number_or_name_and_sorted(platform: Platform) -> None:
    for number, name in (("+15550001111", "Zoe"), ("+15550002222", "adam"), ("+44770000111", "Bea, support")):
        await platform.post(LIST, PhoneNumber=number, FriendlyName=name)

    async def found(**query: str) -> list[str]:
        return [row["friendly_name"] for row in (await platform.get(LIST, **query))["incomingPhoneNumbers"]]

    assert await found(PhoneNumber="0001") == ["Zoe", "Bea, support"]
    assert await found(FriendlyName="support") == ["Bea, support"]
    assert await found(SortBy="PhoneNumber") == ["Zoe", "adam", "Bea, support"]
    assert await found(SortBy="PhoneNumber", Reverse="true") == ["Bea, support", "adam", "Zoe"]
    assert await found(PhoneNumber="0001", FriendlyName="Zoe", SortBy="FriendlyName") == ["Zoe"]
    assert await found(PhoneNumber="'; DROP TABLE number; --") == []


@pytest.mark.parametrize("factory", ["Local", "TollFree", "Mobile"])
async def test_the_factories_are_doors_to_the_same_list(platform: Platform, factory: str) -> None:
    made = await platform.post(f"IncomingPhoneNumbers/{factory}.json", PhoneNumber="+18005550001")
    page = await platform.get(f"IncomingPhoneNumbers/{factory}.json")
    assert page["incomingPhoneNumbers"] == [made]
    assert page["uri"].endswith(f"/IncomingPhoneNumbers/{factory}")
    assert (await platform.get(LIST))["incomingPhoneNumbers"] == [made]
    answer = await platform.ask("DELETE", f"IncomingPhoneNumbers/{factory}")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


async def test_countries_are_named(platform: Platform) -> None:
    assert await platform.get("IncomingPhoneNumbers/AvailableCountries.json") == ["US"]


async def test_accounts_do_not_see_each_others_numbers(platform: Platform, other: Platform) -> None:
    number = await platform.post(LIST, PhoneNumber="+15550001111", SmsUrl="http://app.test/sms")
    path = f"IncomingPhoneNumbers/{number['sid']}.json"
    for method, form in (("GET", None), ("DELETE", None), ("PUT", {"SmsUrl": ""}), ("POST", {"SmsUrl": ""})):
        answer = await other.ask(method, path, data=form)
        assert (answer.status, answer.text) == (403, ""), method
    assert (await other.get(LIST))["total"] == 0
    assert await platform.get(path) == number


async def test_an_application_of_another_account_cannot_be_bound(platform: Platform, other: Platform) -> None:
    foreign = await other.post("Applications.json", FriendlyName="Theirs")
    asked = {"PhoneNumber": "+15550001111", "SmsApplicationSid": foreign["sid"]}
    answer = await platform.ask("POST", LIST, data=asked)
    said = f"SmsApplicationSid: there is no application '{foreign['sid']}'; create it first"
    assert (answer.status, answer.json) == (400, {"message": said})
    assert (await platform.get(LIST))["total"] == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"PhoneNumber": "12ab"}, "PhoneNumber must be an E.164 number such as +15550100001, not '12ab'"),
        ({"PhoneNumber": "+0123"}, "PhoneNumber must be an E.164 number such as +15550100001, not '+0123'"),
        ({"PhoneNumber": "a b", "isSIP": "true"}, "PhoneNumber of a SIP number must be 1 to 64 of A-Z"),
        ({"PhoneNumber": "1" * 300, "isSIP": "true"}, "PhoneNumber is longer than 255 characters"),
        ({"AreaCode": "51"}, "AreaCode must be three digits such as 555, not '51'"),
        ({"PhoneNumber": "+15550001111", "isSIP": "yes"}, "isSIP must be true or false, not 'yes'"),
        ({"PhoneNumber": "+15550001111", "SmsUrl": "/sms"}, "SmsUrl must be an absolute http or https URL, not '/sms'"),
        ({"PhoneNumber": "+15550001111", "SmsUrl": "ftp://x"}, "SmsUrl must be an absolute http or https URL"),
        ({"PhoneNumber": "+15550001111", "SmsUrl": "http://x/" + "a" * 2100}, "SmsUrl is longer than 2048 characters"),
        (
            {"PhoneNumber": "+15550001111", "SmsMethod": "PUT", "VoiceUrl": "x"},
            "VoiceUrl must be an absolute http or https URL, not 'x'; SmsMethod must be GET or POST, not 'PUT'",
        ),
        ({"PhoneNumber": "+15550001111", "SmsApplicationSid": "AP1"}, "SmsApplicationSid: there is no application"),
        ({"PhoneNumber": "+15550001111", "FriendlyName": "a\x00"}, "FriendlyName contains a NUL character"),
        ({"PhoneNumber": 15550001111}, "PhoneNumber must be text, not a number"),
        ({"PhoneNumber": "+15550001111", "SmsUrl": ["a"]}, "SmsUrl must be text, not a list"),
        ({"PhoneNumber": "+15550001111", "SmsCapable": 1}, "SmsCapable must be text, not a number"),
    ],
)
async def test_a_number_that_makes_no_sense_is_refused_with_the_reason(
    platform: Platform, asked: dict[str, object], message: str
) -> None:
    answer = await platform.ask("POST", LIST, json=asked)
    assert answer.status == 400
    assert answer.json["message"].startswith(message)
    assert (await platform.get(LIST))["total"] == 0


@pytest.mark.parametrize("asked", [{}, {"SmsUrl": "http://app.test"}, {"PhoneNumber": "", "AreaCode": ""}])
async def test_a_number_must_be_named(platform: Platform, asked: dict[str, str]) -> None:
    answer = await platform.ask("POST", LIST, data=asked, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.text) == (400, "Phone number can not be null.")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Page=1", "Page 1 does not exist: there are 0 numbers, 50 on a page, from page 0 on"),
        ("Page=-1", "Page must be between 0 and 1000000000, not -1"),
        ("Page=x", "Page must be a whole number, not 'x'"),
        ("PageSize=0", "PageSize must be between 1 and 5000, not 0"),
        ("PageSize=5001", "PageSize must be between 1 and 5000, not 5001"),
        ("Reverse=maybe", "Reverse must be true or false, not 'maybe'"),
        ("Page=0&Page=1", "Page is given twice"),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused_with_the_reason(
    platform: Platform, query: str, message: str
) -> None:
    answer = await platform.ask("GET", f"{LIST}?{query}")
    assert (answer.status, answer.json) == (400, {"message": message})


async def test_a_misspelt_parameter_is_warned_of(platform: Platform) -> None:
    answer = await platform.ask("POST", LIST, data={"PhoneNumber": "+15550001111", "SmsURL": "http://app.test"})
    assert answer.headers["X-Emulator-Warning"] == "ignored unknown parameters: 'SmsURL' (did you mean SmsUrl?)"
    answer = await platform.ask("GET", f"{LIST}?SortBy=Date")
    assert "SortBy is PhoneNumber or FriendlyName here" in answer.headers["X-Emulator-Warning"]


async def test_numbers_survive_a_reset_but_not_one_of_everything(platform: Platform, emulator: Server) -> None:
    await platform.post(LIST, PhoneNumber="+15550001111")
    assert (await emulator.control("POST", "reset", json={})).status < 300
    assert (await platform.get(LIST))["total"] == 1
    assert (await emulator.control("POST", "reset", json={"all": True})).status < 300
    assert (await platform.get(LIST))["total"] == 0
