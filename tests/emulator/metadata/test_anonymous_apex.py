"""Anonymous Apex by REST and SOAP; passwords and user info by the Partner API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.metadata.builders import custom_field, object_part, package
from tests.emulator.metadata.conftest import API, OrgClient
from tests.emulator.metadata.test_deploy_soap import soap, value


def run(client: OrgClient, code: str) -> dict[str, Any]:
    """Run code through REST."""
    path = f"{API}/tooling/executeAnonymous"
    reply = client.call("GET", path, params={"anonymousBody": code})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_code_that_works(client: OrgClient) -> None:
    assert run(client, "System.debug('x');") == {
        "line": -1,
        "column": -1,
        "compiled": True,
        "success": True,
        "compileProblem": None,
        "exceptionStackTrace": None,
        "exceptionMessage": None,
    }


def test_plain_dml_becomes_records(client: OrgClient) -> None:
    code = """
        // a seed
        Account a = new Account(Name = 'It\\'s', Industry = 'Energy');
        a.Phone = '1';
        insert a;
        insert new Contact(LastName = 'c', AccountId = a.Id);
        Account gone = new Account(Name = 'gone');
        insert gone;
        delete gone;
        a.Name = 'Changed';
        update a;
    """
    assert run(client, code)["success"] is True
    [row] = client.query("SELECT Name, Phone, (SELECT LastName FROM Contacts) FROM Account")
    assert (row["Name"], row["Phone"]) == ("Changed", "1")
    assert row["Contacts"]["totalSize"] == 1


@pytest.mark.parametrize(
    ("code", "problem", "place"),
    [
        ("System.debug('x')", "Expecting ';' but was: '<EOF>'", (1, 18)),
        ("Integer i = 1\nSystem.debug(i);", "Missing ';' at 'System'", (2, 1)),
        ("insert new Nope__c();", "Invalid type: Nope__c", (1, 12)),
        ("\n  Nope__c n;", "Invalid type: Nope__c", (2, 3)),
        ("insert nobody;", "Variable does not exist: nobody", (1, 8)),
        ("System.debug(nobody);", "Variable does not exist: nobody", (1, 14)),
        (
            "doIt();",
            "Method does not exist or incorrect signature: void doIt() from the type anon",
            (1, 1),
        ),
        ("this is no code", "Missing ';' at 'is'", (1, 6)),
        ("insert new Account(Nope__c = 'x');", "Field does not exist: Nope__c on Account", (1, 20)),
        ("if (true) {", "Expecting '}' but was: '<EOF>'", (1, 12)),
    ],
)
def test_code_that_does_not_compile(
    client: OrgClient, code: str, problem: str, place: tuple[int, int]
) -> None:
    result = run(client, code)
    assert (result["compiled"], result["success"]) == (False, False)
    assert result["compileProblem"] == problem
    assert (result["line"], result["column"]) == place
    assert result["exceptionMessage"] is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("System.assert(false);", "System.AssertException: Assertion Failed"),
        ("System.assert(false, 'no');", "System.AssertException: Assertion Failed: no"),
        (
            "System.assertEquals(1, 2);",
            "System.AssertException: Assertion Failed: Expected: 1, Actual: 2",
        ),
        (
            "Assert.areEqual('a', null, 'why');",
            "System.AssertException: Assertion Failed: why: Expected: a, Actual: null",
        ),
        ("Assert.fail();", "System.AssertException: Assertion Failed"),
        ("throw new SeedException('bad');", "SeedException: bad"),
        (
            "insert new Account();",
            "System.DmlException: Insert failed. First exception on row 0; first error: "
            "REQUIRED_FIELD_MISSING, Required fields are missing: [Name]: [Name]",
        ),
    ],
)
def test_code_that_throws(client: OrgClient, code: str, message: str) -> None:
    result = run(client, f"insert new Account(Name = 'before');\n{code}")
    assert (result["compiled"], result["success"]) == (True, False)
    assert result["exceptionMessage"] == message
    assert result["line"] == 2
    assert result["exceptionStackTrace"].startswith("AnonymousBlock: line 2")
    assert client.query("SELECT Id FROM Account") == []  # one transaction


def test_a_deployed_field_is_known_to_code(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("Ext__c"))}
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    assert run(client, "insert new Account(Name = 'a', Ext__c = 'x');")["success"] is True
    assert client.query("SELECT Ext__c FROM Account")[0]["Ext__c"] == "x"


def test_nothing_and_too_much_code(client: OrgClient) -> None:
    path = f"{API}/tooling/executeAnonymous"
    assert client.call("GET", path).status_code == 400
    long = client.call("GET", path, params={"anonymousBody": "x" * 16_001})
    assert long.status_code == 414


def apex_call(client: OrgClient, code: str) -> Any:
    """Run code through the Apex SOAP API, as the Salesforce CLI does."""
    text = code.replace("&", "&amp;").replace("<", "&lt;")
    body = f"<executeAnonymous><String>{text}</String></executeAnonymous>"
    return soap(client, body, f"/services/Soap/s/68.0/{client.org.id[:15]}")


def test_the_apex_soap_api(client: OrgClient) -> None:
    reply = apex_call(client, "insert new Account(Name = 'a < b');")
    assert value(reply, "success") == "true"
    assert value(reply, "line") == "-1"
    assert '<compileProblem xsi:nil="true"/>' in reply.text
    assert "<DebuggingInfo><debugLog>68.0 APEX_CODE" in reply.text
    logged = apex_call(client, "System.debug('a' + 1);\nSystem.debug(LoggingLevel.INFO, null);")
    lines = [line.partition("|")[2] for line in logged.text.splitlines()]
    assert {"USER_DEBUG|[1]|DEBUG|a1", "USER_DEBUG|[2]|INFO|null"} <= {*lines}
    assert client.query("SELECT Name FROM Account")[0]["Name"] == "a < b"
    failed = apex_call(client, "System.assert(false);")
    assert value(failed, "exceptionMessage") == "System.AssertException: Assertion Failed"
    other = soap(client, "<runTests/>", "/services/Soap/s/68.0")
    assert other.status_code == 501
    assert "runTests" in other.text


PARTNER = "/services/Soap/u/68.0"


def password_body(user_id: str, password: str = "long enough 1") -> str:
    """The `setPassword` operation."""
    return f"<setPassword><userId>{user_id}</userId><password>{password}</password></setPassword>"


def test_passwords(client: OrgClient) -> None:
    own = password_body(client.org.admin_id)
    refused = soap(client, own, PARTNER)
    assert refused.status_code == 500
    assert "INSUFFICIENT_ACCESS: Cannot set password for self" in refused.text
    client.org.features = ("EnableSetPasswordInApi",)
    assert soap(client, own, PARTNER).status_code == 200
    short = soap(client, password_body(client.org.admin_id, "short"), PARTNER)
    assert "sf:INVALID_NEW_PASSWORD" in short.text
    nobody = soap(client, password_body("005000000000001AAA"), PARTNER)
    assert "sf:INVALID_ID_FIELD" in nobody.text
    rows = json.dumps(client.org.store.peek_rows("User"))
    assert "long enough 1" not in rows


def test_user_info_and_logins(client: OrgClient) -> None:
    info = soap(client, "<getUserInfo/>", PARTNER)
    assert value(info, "organizationId") == client.org.id
    assert value(info, "userId") == client.org.admin_id
    assert value(info, "userName") == "admin@scratch.example"
    assert value(info, "type") == "API REQUESTS"
    assert int(value(info, "current")) > 0
    login = soap(client, "<login><username>a</username></login>", PARTNER, session="")
    assert login.status_code == 500
    detail = (
        "<faultcode>INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: {text}</faultstring>"
        '<detail><sf:LoginFault xsi:type="sf:LoginFault">'
        "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
        "<sf:exceptionMessage>{text}</sf:exceptionMessage></sf:LoginFault></detail>"
    )
    wrong = "Invalid username, password, security token; or user locked out."
    assert detail.format(text=wrong) in login.text
    ended = soap(client, "<getUserInfo/>", PARTNER, session="")
    assert ended.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in ended.text
    assert value(ended, "sf:exceptionCode") == "INVALID_SESSION_ID"
    assert 'xsi:type="sf:UnexpectedErrorFault"' in ended.text
    assert soap(client, "<query/>", PARTNER).status_code == 501
