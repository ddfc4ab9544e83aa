import json
from typing import Any

import jsonschema
import msgspec
import pytest

from emulator.api import dispatch
from emulator.control import application
from emulator.openapi import platform
from emulator.openapi.document import KNOWN, document
from tests.running import AppUnderTest, Server

REFERENCE = "#/components/schemas/"


def references(value: Any) -> set[str]:
    """Every component that is referred to."""
    if isinstance(value, dict):
        own = {value["$ref"].removeprefix(REFERENCE)} if "$ref" in value else set()
        return own.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


async def test_the_server_gives_the_document(emulator: Server) -> None:
    shown = await emulator.get("/openapi.json")
    assert shown == json.loads(json.dumps(document()))
    assert (shown["openapi"], shown["info"]["title"]) == ("3.1.0", "cpaas-emulator")


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    told = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    control = {(route.method, application.PREFIX + route.path) for route in application.ROUTES}
    assert control <= told
    others = {(method, "/".join(part for part in path.split("/")[5:])) for method, path in told - control}
    routes = {(method, path) for path, methods in dispatch.ROUTES.items() for method in methods}
    assert routes == KNOWN.keys()
    routes.add(("GET", ("MediaAttachments", dispatch.ANY)))
    assert others == {
        (method, "/".join("{Sid}" if part == dispatch.ANY else part for part in path)) for method, path in routes
    }


def test_the_routes_of_the_document_are_those_that_the_server_has() -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in application.application().router.routes()
        if route.resource is not None
    }
    assert served == {(route.method, route.path) for route in application.ROUTES}


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own() -> None:
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]
    assert all(operation["summary"].endswith(".") for operation in operations), [o["summary"] for o in operations]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere_and_no_component_is_useless() -> None:
    components = document()["components"]["schemas"]
    used = references(document())
    assert used <= components.keys()
    of_queries = {name for name in components if name.endswith(("Query", "Page"))}
    assert components.keys() - used <= of_queries


def test_every_component_is_a_valid_schema() -> None:
    for name, schema in document()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert isinstance(name, str)


def test_variables_of_a_path_are_described() -> None:
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            named = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
            assert [f"{{{name}}}" in path for name in named] == [True] * path.count("{")


async def test_the_platforms_answers_are_as_described(emulator: Server, app: AppUnderTest) -> None:
    await emulator.send("+150055030003", status_callback=app.url)
    media = '[{"url": "https://x.example/a.png", "content-type": "image/png"}]'
    answer = await emulator.request(
        "POST",
        emulator.messages_url,
        data={"from": "mms:+15550109999", "to": "mms:+15550100001", "media_list": media},
        headers=emulator.auth,
    )
    accepted = msgspec.convert(answer.json, platform.AcceptedMessage)
    assert accepted.media_list == [platform.MessageMedia(url="https://x.example/a.png", content_type="image/png")]
    await emulator.post("clock/advance", {"to": "idle"})
    page = await emulator.request("GET", emulator.messages_url, headers=emulator.auth)
    rows = msgspec.convert(page.json, platform.MessagesPage).messages
    assert [row.error_code for row in rows] == [msgspec.UNSET, 30003]
    for row in rows:
        one = await emulator.request("GET", f"{emulator.messages_url}/{row.sid}", headers=emulator.auth)
        assert msgspec.convert(one.json, platform.SingleMessage).sid == row.sid


GIVEN = {
    "from": "sms:+15550109999",
    "to": "sms:+15550100001",
    "From": "+15550109999",
    "To": "+15550100001",
    "PhoneNumber": "+15550001111",
    "FriendlyName": "Support",
    "Encoding": "GSM",
}


@pytest.mark.parametrize("call", KNOWN, ids=str)
async def test_every_parameter_is_known_to_its_call(emulator: Server, call: tuple[str, tuple[str, ...]]) -> None:
    method, path = call
    known = KNOWN[call]
    for kind, where in ((known.query, "params"), (known.body, "data")):
        if kind is not None:
            given = {field.encode_name: "" for field in msgspec.structs.fields(kind)}
            if where == "data":
                given |= {name: value for name, value in GIVEN.items() if name in given}
            url = "/".join(["/api/2012-04-24/Accounts", emulator.config.account_sid, *path])
            answer = await emulator.request(method, url, headers=emulator.auth, **{where: given})
            assert answer.headers.get("X-Emulator-Warning") is None
            assert answer.status == (404 if dispatch.ANY in path else 200)
