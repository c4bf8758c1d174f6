"""Requests that are not meant well get an error in Salesforce's form, and no 500 of ours."""

from __future__ import annotations

import gzip
import json
import random
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from provisioner.emulator import application
from provisioner.emulator.exchange import DroppedError, Request
from provisioner.emulator.routing import ROUTES
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.soql.text_literals import like_pattern
from provisioner.emulator.world import World
from tests.emulator.core.conftest import Client

DEEP = b'{"records": ' * 100_000
WRONG: tuple[Any, ...] = (
    None, True, -1, 1e300, 10**30, "", "x", "\ud800", "'", [], [[]], [None], {}, {"x": 1}, [{}],
)  # fmt: skip
WORDS = (
    "Account", "ScratchOrgInfo", "insert", "CSV", "POST", "answer", "delay", "hub", "signup",
    "/services/data/v68.0/sobjects/Account", "SELECT Id FROM Account", "001000000000001AAA",
    "04t000000000001AAA",
)  # fmt: skip
KEYS = (
    "attributes", "type", "referenceId", "records", "allOrNone", "compositeRequest", "method",
    "url", "body", "batchRequests", "richInput", "object", "operation", "contentType", "state",
    "Name", "Id", "deployOptions", "SubscriberPackageVersionKey", "DurationDays", "Username",
    "Features", "when", "then", "do", "route", "nth", "every", "probability", "path",
    "times", "seconds", "status",
    "advance", "active", "daily", "api", "consumer_key", "certificate", "kind", "policy", "org",
    "approved", "username", "days", "number", "IsActive", "prefixes", "04t000000000001AAA",
)  # fmt: skip


@pytest.fixture
def bugs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """The exceptions that became a 500 of the emulator's own."""
    found: list[Exception] = []
    bug = application._bug

    def note(error: Exception) -> Any:
        found.append(error)
        return bug(error)

    monkeypatch.setattr(application, "_bug", note)
    yield found
    assert found == []


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("body", [DEEP, b"[" * 100_000, DEEP + b"}" * 100_000])
@pytest.mark.parametrize("path", ["composite/tree/Account", "composite", "sobjects/Account"])
def test_bodies_without_a_bottom_are_no_json(body: bytes, path: str, hub: Client) -> None:
    reply = hub.call("POST", path, data=body, headers={"Content-Type": "application/json"})
    status, code, _ = hub.refusal(reply)
    assert (status, code) == (400, "JSON_PARSER_ERROR")


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize(
    "body", [b'{"Name": NaN}', b'{"NumberOfEmployees": ' + b"9" * 5000 + b"}", b"\xff\xfe{", b"{'"]
)
def test_what_is_nearly_json_is_none(body: bytes, hub: Client) -> None:
    reply = hub.call("POST", "sobjects/Account", data=body)
    assert hub.refusal(reply)[:2] == (400, "JSON_PARSER_ERROR")


@pytest.mark.usefixtures("bugs")
def test_half_a_character_comes_back_as_a_question_mark(hub: Client) -> None:
    account = hub.call("POST", "sobjects/Account", data=b'{"Name": "A\\ud83d"}').json()["id"]
    assert hub.read("Account", account)["Name"] == "A?"


@pytest.mark.slow
@pytest.mark.usefixtures("bugs")
def test_a_gzip_bomb_is_too_large_and_a_cut_one_is_none(hub: Client) -> None:
    bomb = gzip.compress(bytes(200 << 20), 9)
    for body, status, code in (
        (bomb, 413, "REQUEST_TOO_LARGE"),
        (gzip.compress(b"{}" * 99)[:-9], 400, "JSON_PARSER_ERROR"),
        (b"no gzip", 400, "JSON_PARSER_ERROR"),
    ):
        reply = hub.call(
            "POST", "sobjects/Account", data=body, headers={"Content-Encoding": "gzip"}
        )
        assert hub.refusal(reply)[:2] == (status, code)


@pytest.mark.usefixtures("bugs")
def test_xml_without_a_bottom_is_a_fault(hub: Client) -> None:
    for depth in (1_000, 50_000):
        body = b"<a>" * depth + b"</a>" * depth
        reply = hub.call("POST", "/services/Soap/m/68.0", data=body)
        assert reply.status_code == 500
        assert "Fault" in reply.text


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("digits", ["\u00b2", "9" * 5000])
def test_digits_that_are_no_number_of_the_api_are_refused(digits: str, hub: Client) -> None:
    parameters = {"q": "Acme", "sobjects": ["Account"], "overallLimit": digits}
    for reply in (
        hub.call("GET", "recent", params={"limit": digits}),
        hub.call("GET", f"query/0r8000000000001AAA-{digits}"),
        hub.call("POST", "parameterizedSearch", json=parameters),
    ):
        assert reply.status_code == 400, reply.text
    field = (
        '<metadata xsi:type="CustomField"><fullName>Account.A__c</fullName><label>A</label>'
        f"<type>Number</type><precision>{digits}</precision><scale>0</scale>"
        f"<defaultValue>{digits}</defaultValue></metadata>"
    )
    assert "is not a valid value for the type xsd:int" in create_metadata(hub, field).text
    code = {"anonymousBody": f"Integer i = {digits};"}
    assert not hub.call("GET", "tooling/executeAnonymous", params=code).json()["compiled"]


def create_metadata(hub: Client, metadata: str) -> requests.Response:
    """The answer to a createMetadata call."""
    return soap(hub, f"<createMetadata>{metadata}</createMetadata>")


def soap(hub: Client, operation: str) -> requests.Response:
    """The answer to a call of the Metadata API."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Header><SessionHeader>'
        f"<sessionId>{hub.token}</sessionId></SessionHeader></e:Header><e:Body>{operation}</e:Body>"
        "</e:Envelope>"
    )
    return hub.call("POST", "/services/Soap/m/68.0", data=body.encode())


@pytest.mark.usefixtures("bugs")
def test_a_zip_that_is_not_base64_is_a_fault(hub: Client) -> None:
    deploy = "<deploy><ZipFile>\u00b2</ZipFile><DeployOptions/></deploy>"
    assert "Invalid content in base64Binary element" in soap(hub, deploy).text


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("version", ["abc", "\u00b2", "68.0.0", "nan", "-1.0", "1e5"])
def test_a_version_that_is_no_number_is_not_found(version: str, hub: Client) -> None:
    for path in ("search?q=FIND {Acme}", "limits", "composite/graph"):
        reply = hub.call("GET", f"/services/data/v{version}/{path}")
        assert hub.refusal(reply)[:2] in ((404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"))


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize(
    "code",
    [
        "String s = 'a'; for (Integer i = 0; i < 100; i++) { s = s + s; }",
        "Long n = 3; for (Integer i = 0; i < 100; i++) { n = n * n; }",
        "List<Integer> l = new List<Integer>{1}; for (Integer i = 0; i < 60; i++) { l.addAll(l); }",
        "String s = 'ab'.repeat(2000000000);",
        "String s = 'x'.leftPad(2000000000);",
        "List<Object> l = new List<Object>(); l.add(l); System.debug(l);",
        "Date d = Date.today() + 2147483647;",
        "Set<Object> s = new Set<Object>{new List<Integer>()};",
        "Map<Object, Object> m = new Map<Object, Object>{new List<Integer>() => 1};",
        f"Integer i = {'1 + ' * 2000}1;",
        f"String s = 'a'{'.trim()' * 1200};",
    ],
)
def test_apex_that_is_too_large_or_too_deep_is_not_followed(code: str, hub: Client) -> None:
    """Values that double in each round would need all memory long before the loop ends."""
    reply = hub.call("GET", "tooling/executeAnonymous", params={"anonymousBody": code})
    assert reply.json()["success"] is True
    assert "cannot follow" in hub.call("GET", "/_emulator/notes").text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%a" * 40 + "%b", "a" * 5000),
        ("%" * 5000 + "b", "a" * 5000),
        ("%_a" * 30 + "%b", "a" * 999),
    ],
)
def test_patterns_of_like_end_soon_whatever_they_are(pattern: str, text: str) -> None:
    """Each place of each run tried with each of all others would take longer than the universe."""
    assert like_pattern(f"'{pattern}'").fullmatch(text) is None


@pytest.mark.slow
def test_patterns_of_like_find_what_they_always_found() -> None:
    generator = random.Random(7)
    for _ in range(20_000):
        pattern = "".join(generator.choices("ab%_", k=generator.randint(0, 7)))
        text = "".join(generator.choices("abB", k=generator.randint(0, 8)))
        plain = re.escape(pattern).replace("%", ".*").replace("_", ".")
        expected = re.fullmatch(plain, text, re.IGNORECASE | re.DOTALL) is not None
        assert (like_pattern(f"'{pattern}'").fullmatch(text) is not None) is expected


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize(
    "where",
    [
        "NOT " * 5000 + "Name = 'x'",
        "(" * 5000 + "Name = 'x'" + ")" * 5000,
        "Id IN (" + "SELECT Id FROM Account WHERE Id IN (" * 40,
        "NumberOfEmployees = " + "9" * 5000,
        "Name = " + "a(" * 5000,
    ],
)
def test_queries_without_a_bottom_are_malformed(where: str, hub: Client) -> None:
    reply = hub.call("POST", "composite", json={"compositeRequest": [{
        "method": "GET", "referenceId": "q",
        "url": f"/services/data/v68.0/query?q=SELECT+Id+FROM+Account+WHERE+{where}",
    }]})  # fmt: skip
    [answer] = reply.json()["compositeResponse"]
    assert answer["httpStatusCode"] == 400
    assert answer["body"][0]["errorCode"] == "MALFORMED_QUERY"


@pytest.mark.usefixtures("bugs")
def test_a_list_of_thousands_is_answered(hub: Client) -> None:
    ids = ",".join(f"'001{number:012}'" for number in range(2000))
    assert hub.query(f"SELECT Id FROM Account WHERE Id IN ({ids})") == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: -1", 400),
        ("Content-Length: many", 400),
        ("Content-Length: 0x10", 400),
        ("Content-Length: 99999999999999", 413),
        ("Content-Length: " + "9" * 5000, 400),
        ("Transfer-Encoding: chunked\r\n\r\nzz", 400),
        ("Transfer-Encoding: chunked\r\n\r\n-5", 400),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffff", 413),
    ],
)
def test_a_body_without_a_known_end_is_refused_at_once(
    head: str, status: int, server: EmulatorServer
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"POST /services/oauth2/token HTTP/1.1\r\n{head}\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(4096):  # it is closed: what comes next is no request
            answer += piece
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "clock", {"advance": "x"}),
        ("POST", "clock", {"advance": 1e300}),
        ("POST", "limits", {"active": 5, "daily": []}),
        ("POST", "latencies", {"signup": [1, 2, 3]}),
        ("POST", "latencies", {"signup": -1}),
        ("POST", "apps", {}),
        ("POST", "apps", {"consumer_key": "k", "certificate": 7}),
        ("POST", "orgs", {}),
        ("POST", "orgs", {"username": {}}),
        ("POST", "orgs", {"username": "a@b.c", "days": 10**12}),
        ("POST", "packages", [1]),
        ("POST", "packages", {"04t000000000001": 7}),
        ("POST", "packages", {"04t000000000001": {"depends_on": 7}}),
        ("POST", "namespaces", {"prefixes": [7]}),
        ("POST", "faults", 7),
        ("POST", "faults", {"when": 7, "then": {"do": "reset"}}),
        ("POST", "faults", {"when": {"path": 7}, "then": {"do": "reset"}}),
        ("POST", "faults", {"when": {"every": 0}, "then": {"do": "reset"}}),
        ("POST", "faults", {"then": {"do": "delay", "seconds": "long"}}),
        ("POST", "faults", {"then": {"do": "answer", "status": "bad"}}),
        ("POST", "holds/release", {"number": "x"}),
        ("GET", "holds?wait=nan", None),
        ("GET", "log?since=x", None),
        ("POST", "clock", 7),
    ],
)
def test_a_wrong_control_request_is_an_error_and_changes_nothing(
    method: str, path: str, body: Any, hub: Client
) -> None:
    before = hub.call("GET", "/_emulator/state").json()
    reply = hub.call(method, f"/_emulator/{path}", json=body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]
    assert hub.call("GET", "/_emulator/state").json() == before
    assert hub.call("GET", "/_emulator/faults").json() == []
    assert hub.query("SELECT Id FROM Account") == []


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("seed", range(4))
def test_no_body_makes_a_handler_stumble(seed: int, world: World) -> None:
    """Bodies by chance for every route; the session is the hub's, so that they get inside."""
    generator = random.Random(seed)
    served = application.Application(world)
    world.holds.close()
    for _ in range(1500):
        route = generator.choice(ROUTES)
        if "holds" in route.rule or route.access == "soap":
            continue
        session = world.sessions.open(world.hub, world.hub.admin_id, "key")
        path = re.sub(
            r"<[^>]*?(\w+)>", lambda found: _param(generator, found[1], world), route.rule
        )
        headers = {"authorization": f"Bearer {session.token}", "content-type": "application/json"}
        body = json.dumps(_value(generator)).encode()
        request = Request(generator.choice(route.methods), path, headers, body)
        try:
            served.respond(request)
        except DroppedError:
            continue
        finally:
            world.faults.clear()


def _param(generator: random.Random, name: str, world: World) -> str:
    if name == "version":
        return "68.0"
    known = ("Account", "User", "hub", "%ff", "%00", "7", world.hub.admin_id, "Name", "1" * 50)
    return generator.choice(known)


def _value(generator: random.Random, depth: int = 0) -> Any:
    kind = generator.random()
    if depth < 4 and kind < 0.35:
        return {
            generator.choice(KEYS): _value(generator, depth + 1)
            for _ in range(generator.randint(0, 4))
        }
    if depth < 4 and kind < 0.5:
        return [_value(generator, depth + 1) for _ in range(generator.randint(0, 3))]
    return generator.choice(WORDS if kind < 0.75 else WRONG)
