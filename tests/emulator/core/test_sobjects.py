"""`/sobjects`: records created, read, changed and deleted, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.emulator.core.conftest import Client

NOT_FOUND = (404, "NOT_FOUND", "The requested resource does not exist")
MISSING_ID = "001000000000000AAA"


def test_a_record_lives_its_life(scratch: Client) -> None:
    reply = scratch.call("POST", "sobjects/Account", json={"Name": "Acme", "industry": "Banking"})
    account = reply.json()["id"]
    assert reply.status_code == 201
    assert reply.headers["Location"].endswith(f"/sobjects/Account/{account}")
    record = scratch.read("Account", account[:15])
    assert record["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v68.0/sobjects/Account/{account}",
    }
    assert (record["Name"], record["Industry"], record["ParentId"]) == ("Acme", "Banking", None)
    path = f"sobjects/Account/{account}"
    changed = scratch.call("PATCH", path, json={"Name": "Acme 2", "Industry": None})
    assert (changed.status_code, changed.content) == (204, b"")
    assert scratch.read("Account", account)["Industry"] is None
    assert scratch.call("DELETE", path).status_code == 204
    missing = (404, "NOT_FOUND", "The requested resource does not exist")
    assert scratch.refusal(scratch.call("GET", path)) == missing
    gone = (404, "ENTITY_IS_DELETED", "entity is deleted")
    assert scratch.refusal(scratch.call("PATCH", path, json={"Name": "x"})) == gone
    assert scratch.refusal(scratch.call("DELETE", path)) == gone
    assert scratch.call("DELETE", path).json()[0]["fields"] == []


def test_only_the_fields_asked_for(scratch: Client) -> None:
    account = scratch.create("Account", Name="Acme")
    reply = scratch.call("GET", f"sobjects/Account/{account}?fields=name,Id")
    assert set(reply.json()) == {"attributes", "Name", "Id"}
    reply = scratch.call("GET", f"sobjects/Account/{account}?fields=Nam")
    assert scratch.refusal(reply)[:2] == (400, "INVALID_FIELD")
    assert "No such column 'Nam' on entity 'Account'" in reply.json()[0]["message"]


def test_paths_with_slashes_too_many_are_understood(scratch: Client) -> None:
    account = scratch.create("Account/", Name="Acme")
    reply = scratch.call("GET", f"//services/data//v68.0/sobjects/Account/{account}/")
    assert reply.json()["Name"] == "Acme"


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]),
        (
            {"LastName": "  "},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            ["LastName"],
        ),
        (
            {"LastName": "x", "Lastname2": "y"},
            "INVALID_FIELD",
            "No such column 'Lastname2' on sobject of type Contact",
            None,
        ),
        (
            {"LastName": "x" * 81},
            "STRING_TOO_LONG",
            f"Last Name: data value too large: {'x' * 80} (max length=80)",
            ["LastName"],
        ),
        (
            {"LastName": "x", "Email": "nobody"},
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nobody",
            ["Email"],
        ),
        (
            {"LastName": "x", "AccountId": "12"},
            "MALFORMED_ID",
            "Account ID: id value of incorrect type: 12",
            ["AccountId"],
        ),
        (
            {"LastName": "x", "AccountId": MISSING_ID},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [],
        ),
        (
            {"LastName": "x", "Name": "y"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: Name. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set.",
            ["Name"],
        ),
        (
            {"LastName": "x", "Id": "003000000000000AAA"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "cannot specify Id in an insert call",
            ["Id"],
        ),
        (
            {"LastName": "x", "Birthdate": "tomorrow"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of date from VALUE_STRING value tomorrow or request "
            "may be missing a required field at [line:1, column:32]",
            None,
        ),
        (
            {"LastName": "x", "DoNotCall": "perhaps"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of boolean from VALUE_STRING value perhaps or request "
            "may be missing a required field at [line:1, column:32]",
            None,
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    scratch: Client, values: dict[str, Any], code: str, message: str, fields: list[str] | None
) -> None:
    reply = scratch.call("POST", "sobjects/Contact", json=values)
    assert reply.status_code == 400
    named = {} if fields is None else {"fields": fields}
    assert reply.json() == [{"message": message, "errorCode": code, **named}]
    assert scratch.query("SELECT Id FROM Contact") == []


def test_an_id_of_another_type_is_refused(scratch: Client) -> None:
    account = scratch.create("Account", Name="Acme")
    contact = scratch.create("Contact", LastName="x", AccountId=account)
    reply = scratch.call("POST", "sobjects/Contact", json={"LastName": "x", "AccountId": contact})
    text = f"Account ID: id value of incorrect type: {contact}"
    assert scratch.refusal(reply) == (400, "FIELD_INTEGRITY_EXCEPTION", text)


def test_a_parent_may_be_named_by_a_key(scratch: Client) -> None:
    store = scratch.world.orgs[scratch.token[:15]].store
    admin = "System Administrator"
    user = store.peek_rows("User")[0]
    values = {
        "Username": "second@acme.example", "LastName": "Second", "Alias": "sec",
        "Email": "second@acme.example", "Profile": {"Name": admin},
        "TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }  # fmt: skip
    second = scratch.create("User", **values)
    assert scratch.read("User", second)["ProfileId"] == user["ProfileId"]
    values |= {"Username": "third@acme.example", "Profile": {"Name": "None"}}
    reply = scratch.call("POST", "sobjects/User", json=values)
    text = "Foreign key external ID: none not found for field Name in entity Profile"
    assert scratch.refusal(reply) == (400, "INVALID_FIELD", text)


@pytest.mark.parametrize("record_id", [MISSING_ID, "001000000000000", "012345678901234"])
def test_a_record_that_is_not_there_is_not_found(scratch: Client, record_id: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        reply = scratch.call(method, f"sobjects/Account/{record_id}", json={"Name": "x"})
        assert scratch.refusal(reply) == NOT_FOUND


def test_what_is_no_id_is_not_found_in_other_words(scratch: Client) -> None:
    text = "Provided external ID field does not exist or is not accessible: nonsense"
    reply = scratch.call("GET", "sobjects/Account/nonsense")
    assert scratch.refusal(reply) == (404, "NOT_FOUND", text)


def test_an_object_that_does_not_exist_is_not_found(scratch: Client) -> None:
    reply = scratch.call("POST", "sobjects/Nothing__c", json={"Name": "x"})
    assert scratch.refusal(reply) == NOT_FOUND


def test_an_object_that_is_not_emulated_says_so(scratch: Client) -> None:
    refusal = (501, "NOT_EMULATED", "not emulated: sObject Quote")
    assert scratch.refusal(scratch.call("POST", "sobjects/Quote", json={})) == refusal
    reply = scratch.call("GET", "query", params={"q": "SELECT Id FROM Quote"})
    assert scratch.refusal(reply) == refusal


@pytest.mark.parametrize("body", ["{", "", "[]", '"x"'])
def test_a_body_that_is_no_object_is_refused(scratch: Client, body: str) -> None:
    reply = scratch.call("POST", "sobjects/Account", data=body)
    assert scratch.refusal(reply)[:2] == (400, "JSON_PARSER_ERROR")


def test_an_unknown_version_does_not_exist(scratch: Client) -> None:
    for version in ("v69.0", "v68.5"):
        reply = scratch.call("GET", f"/services/data/{version}/sobjects/Account/{MISSING_ID}")
        assert scratch.refusal(reply) == NOT_FOUND


def test_what_is_not_emulated_is_501_with_its_name(scratch: Client) -> None:
    reply = scratch.call("GET", "appMenu/AppSwitcher/")
    text = "not emulated: GET /services/data/v68.0/appMenu/AppSwitcher"
    assert scratch.refusal(reply) == (501, "NOT_EMULATED", text)


def test_a_method_that_a_resource_does_not_have(scratch: Client) -> None:
    reply = scratch.call("PUT", "limits")
    text = "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET"
    assert scratch.refusal(reply) == (405, "METHOD_NOT_ALLOWED", text)


def test_tooling_objects_are_served_by_tooling_only(scratch: Client) -> None:
    values = {"SubscriberPackageVersionKey": "04t000000000001AAA"}
    reply = scratch.call("POST", "sobjects/PackageInstallRequest", json=values)
    assert scratch.refusal(reply) == NOT_FOUND
    reply = scratch.call("POST", "tooling/sobjects/PackageInstallRequest", json=values)
    assert reply.status_code == 201
    reply = scratch.call("POST", "tooling/sobjects/Account", json={"Name": "x"})
    assert scratch.refusal(reply) == NOT_FOUND


def test_a_file_is_uploaded_and_read_back(scratch: Client) -> None:
    account = scratch.create("Account", Name="Acme")
    content = b"%PDF-1.7 \x00\xff"
    version = scratch.create(
        "ContentVersion",
        PathOnClient="docs/plan.pdf",
        VersionData=base64.b64encode(content).decode(),
        FirstPublishLocationId=account,
    )
    record = scratch.read("ContentVersion", version)
    assert (record["Title"], record["FileExtension"], record["ContentSize"]) == ("plan", "pdf", 11)
    assert scratch.call("GET", record["VersionData"]).content == content
    soql = f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE LinkedEntityId = '{account}'"
    assert len(scratch.query(soql)) == 1
    [document] = scratch.query("SELECT LatestPublishedVersionId, Title FROM ContentDocument")
    assert document["LatestPublishedVersionId"] == version


def test_a_file_may_come_as_multipart(scratch: Client) -> None:
    entity = json.dumps({"PathOnClient": "a.txt", "Title": "A"})
    reply = scratch.call(
        "POST",
        "sobjects/ContentVersion",
        files={
            "entity_content": (None, entity, "application/json"),
            "VersionData": ("a.txt", b"hello", "application/octet-stream"),
        },
    )
    assert reply.status_code == 201, reply.text
    version = scratch.read("ContentVersion", reply.json()["id"])
    assert scratch.call("GET", version["VersionData"]).content == b"hello"


def test_ones_own_password_needs_a_feature(hub: Client, scratch: Client) -> None:
    path = "sobjects/User/{}/password"
    user = scratch.query("SELECT Id FROM User")[0]["Id"]
    body = {"NewPassword": "correct horse 1"}
    refused = scratch.call("POST", path.format(user), json=body)
    assert scratch.refusal(refused)[:2] == (400, "INSUFFICIENT_ACCESS")
    record = hub.sign_up(Features="EnableSetPasswordInApi")
    scratch.login(record["SignupUsername"])
    user = scratch.query("SELECT Id FROM User")[0]["Id"]
    assert scratch.call("POST", path.format(user), json=body).status_code == 204
    weak = scratch.call("POST", path.format(user), json={"NewPassword": "x"})
    assert scratch.refusal(weak)[1] == "INVALID_NEW_PASSWORD"


@pytest.mark.parametrize(
    "path",
    ["Account/listviews", "Account/quickActions", "Account/quickActions/NewCase/describe",
     "Account/describe/layouts", "relevantItems"],
)  # fmt: skip
def test_a_resource_of_an_object_that_is_not_emulated_is_named(scratch: Client, path: str) -> None:
    reply = scratch.call("GET", f"sobjects/{path}")
    assert scratch.refusal(reply)[:2] == (501, "NOT_EMULATED")
    assert path in reply.json()[0]["message"]
