"""Components that the Tooling API creates, changes and deletes are metadata as any others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import apex, package
from tests.emulator.metadata.conftest import API, OrgClient
from tests.emulator.metadata.test_deploy_soap import soap
from tests.emulator.metadata.test_retrieve import retrieved
from tests.emulator.metadata.test_source_members import members

BODY = "public class Made { }"


def make(client: OrgClient, kind: str = "ApexClass", **values: Any) -> Any:
    """Create a record with the Tooling API; its answer."""
    return client.call("POST", f"{API}/tooling/sobjects/{kind}", json=values)


def test_a_class_is_a_component_at_once(client: OrgClient) -> None:
    reply = make(client, Name="Made", Body=BODY, Status="Active")
    assert reply.status_code == 201, reply.text
    row = members(client)["ApexClass:Made"]
    assert (row["IsNewMember"], row["MemberIdOrName"]) == (True, reply.json()["id"])
    listed = soap(client, "<listMetadata><queries><type>ApexClass</type></queries></listMetadata>")
    assert "<fullName>Made</fullName>" in listed.text
    files = retrieved(client, {"ApexClass": "Made"})
    assert files["unpackaged/classes/Made.cls"] == BODY
    assert "<status>Active</status>" in files["unpackaged/classes/Made.cls-meta.xml"]


def test_a_deleted_class_leaves_an_obsolete_row(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "Made"}, apex("Made", BODY)))
    [row] = client.query("SELECT Id FROM ApexClass", tooling=True)
    path = f"{API}/tooling/sobjects/ApexClass/{row['Id']}"
    assert client.call("DELETE", path).status_code == 204
    assert members(client)["ApexClass:Made"]["IsNameObsolete"] is True
    assert "classes/Made.cls" not in retrieved(client, {"ApexClass": "*"})


def test_a_changed_class_gets_a_new_revision(client: OrgClient) -> None:
    path = f"{API}/tooling/sobjects/ApexClass/{make(client, Body=BODY).json()['id']}"
    before = members(client)["ApexClass:Made"]["RevisionCounter"]
    changed = {"Body": "public class Made { Integer i; }"}
    assert client.call("PATCH", path, json=changed).status_code == 204
    assert members(client)["ApexClass:Made"]["RevisionCounter"] > before
    files = retrieved(client, {"ApexClass": "Made"})
    assert files["unpackaged/classes/Made.cls"] == changed["Body"]


def test_a_page_is_a_component(client: OrgClient) -> None:
    values = {"Name": "P", "MasterLabel": "P", "Markup": "<apex:page/>", "ApiVersion": 60.0}
    reply = make(client, "ApexPage", **values)
    assert reply.status_code == 201, reply.text
    assert members(client)["ApexPage:P"]["MemberIdOrName"] == reply.json()["id"]
    assert retrieved(client, {"ApexPage": "P"})["unpackaged/pages/P.page"] == "<apex:page/>"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("public class X {", "INVALID_FIELD_FOR_INSERT_UPDATE",
         "line 1, column 17: Expecting '}' but was: '<EOF>'"),
        (BODY, "DUPLICATE_VALUE", "duplicate value found: <unknown> duplicates value on record"),
    ],
)  # fmt: skip
def test_a_class_that_is_refused(client: OrgClient, body: str, code: str, message: str) -> None:
    make(client, Body=BODY)
    reply = make(client, Body=body)
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert message in error["message"]
    assert members(client).keys() == {"ApexClass:Made", "Profile:Admin"}
