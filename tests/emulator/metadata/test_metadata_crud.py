"""createMetadata, updateMetadata, upsertMetadata, deleteMetadata, as jsforce calls them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator.metadata.conftest import OrgClient
from tests.emulator.metadata.test_deploy_soap import soap
from tests.emulator.metadata.test_retrieve import retrieved
from tests.emulator.metadata.test_source_members import members

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
SITE = "<url>https://one.example</url><isActive>true</isActive>"
FIELD = "<label>Ext</label><length>40</length><type>Text</type>"
OBJECT = (
    "<label>Thing</label><pluralLabel>Things</pluralLabel><nameField><label>Name</label>"
    "<type>Text</type></nameField><sharingModel>ReadWrite</sharingModel>"
    "<deploymentStatus>Deployed</deploymentStatus>"
    "<fields><fullName>A__c</fullName><label>A</label><type>Checkbox</type><defaultValue>false</defaultValue></fields>"
)


def save(client: OrgClient, call: str, kind: str, name: str, inner: str) -> str:
    """Save one component; the text of the answer."""
    body = (
        f'<{call} {XSI}><metadata xsi:type="{kind}"><fullName>{name}</fullName>{inner}'
        f"</metadata></{call}>"
    )
    return str(soap(client, body).text)


def deleted(client: OrgClient, kind: str, name: str) -> str:
    body = f"<deleteMetadata><type>{kind}</type><fullNames>{name}</fullNames></deleteMetadata>"
    return str(soap(client, body).text)


def errors(text: str) -> list[tuple[str, str]]:
    """Code and message of each error in an answer."""
    codes = re.findall(r"<statusCode>(.*?)</statusCode>", text)
    return list(zip(codes, re.findall(r"<message>(.*?)</message>", text), strict=True))


def test_a_component_is_created_changed_and_deleted(client: OrgClient) -> None:
    made = save(client, "createMetadata", "RemoteSiteSetting", "One", SITE)
    assert "<fullName>One</fullName><success>true</success>" in made
    path = "unpackaged/remoteSiteSettings/One.remoteSite"
    assert "https://one.example" in retrieved(client, {"RemoteSiteSetting": "One"})[path]
    save(client, "updateMetadata", "RemoteSiteSetting", "One", SITE.replace("one.", "two."))
    assert "https://two.example" in retrieved(client, {"RemoteSiteSetting": "One"})[path]
    assert "<success>true</success>" in deleted(client, "RemoteSiteSetting", "One")
    assert path not in retrieved(client, {"RemoteSiteSetting": "*"})
    assert members(client)["RemoteSiteSetting:One"]["IsNameObsolete"] is True


def test_an_object_and_its_fields_can_be_used_at_once(client: OrgClient) -> None:
    assert "true" in save(client, "createMetadata", "met:CustomObject", "Thing__c", OBJECT)
    assert "true" in save(client, "createMetadata", "CustomField", "Thing__c.Ext__c", FIELD)
    assert client.create("Thing__c", Name="a", Ext__c="x", A__c=True).status_code == 201
    assert {"CustomObject:Thing__c", "CustomField:Thing__c.Ext__c"} <= members(client).keys()
    body = "<readMetadata><type>CustomObject</type><fullNames>Thing__c</fullNames></readMetadata>"
    text = soap(client, body).text
    assert re.findall(r"<fullName>(\w+)</fullName>", text) == ["Thing__c", "A__c", "Ext__c"]
    deleted(client, "CustomField", "Thing__c.Ext__c")
    assert client.create("Thing__c", Name="a", Ext__c="x").status_code == 400


def test_names_are_escaped_in_answers(client: OrgClient) -> None:
    made = save(client, "createMetadata", "RemoteSiteSetting", "A &amp; B", SITE)
    assert "<success>true</success>" in made
    body = "<readMetadata><type>RemoteSiteSetting</type><fullNames>A &amp; B</fullNames>"
    assert "<fullName>A &amp; B</fullName>" in soap(client, f"{body}</readMetadata>").text


def test_an_upsert_says_whether_it_created(client: OrgClient) -> None:
    first = save(client, "upsertMetadata", "RemoteSiteSetting", "One", SITE)
    second = save(client, "upsertMetadata", "RemoteSiteSetting", "One", SITE)
    assert "<created>true</created>" in first
    assert "<created>false</created>" in second


@pytest.mark.parametrize(
    ("call", "kind", "name", "inner", "expected"),
    [
        ("createMetadata", "CustomObject", "Account", OBJECT,
         ("DUPLICATE_DEVELOPER_NAME", "That object name is already in use.")),
        ("updateMetadata", "RemoteSiteSetting", "No", SITE,
         ("INVALID_CROSS_REFERENCE_KEY",
          "In field: fullName - no RemoteSiteSetting named No found")),
        ("createMetadata", "CustomField", "Nobody__c.Ext__c", FIELD,
         ("INVALID_CROSS_REFERENCE_KEY",
          "Entity of type 'CustomObject' named 'Nobody__c' cannot be found")),
        ("createMetadata", "CustomField", "Account.Ext__c", FIELD.replace("<length>40", "<length>"),
         ("REQUIRED_FIELD_MISSING", "Must specify 'length' for a CustomField of type Text")),
    ],
)  # fmt: skip
def test_what_is_refused(client: OrgClient, call: str, kind: str, name: str, inner: str,
                         expected: tuple[str, str]) -> None:  # fmt: skip
    text = save(client, call, kind, name, inner)
    assert "<success>false</success>" in text
    assert errors(text) == [expected]
    assert members(client) == {}


def test_a_deletion_of_what_is_not_there(client: OrgClient) -> None:
    message = "In field: fullName - no CustomField named Account.No__c found"
    text = deleted(client, "CustomField", "Account.No__c")
    assert errors(text) == [("INVALID_CROSS_REFERENCE_KEY", message)]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (f'<createMetadata {XSI}><metadata xsi:type="Nonsense"/></createMetadata>', "INVALID_TYPE"),
        ("<deleteMetadata><type>Nonsense</type></deleteMetadata>", "INVALID_TYPE"),
        (
            "<deleteMetadata><type>ApexClass</type>" + "<fullNames>A</fullNames>" * 11
            + "</deleteMetadata>",
            "LIMIT_EXCEEDED",
        ),
    ],
)  # fmt: skip
def test_wrong_calls_are_faults(client: OrgClient, body: str, fault: str) -> None:
    reply: Any = soap(client, body)
    assert (reply.status_code, f"sf:{fault}" in reply.text) == (500, True)


def test_types_with_content_are_said_to_be_missing(client: OrgClient) -> None:
    body = f'<createMetadata {XSI}><metadata xsi:type="ApexClass"/></createMetadata>'
    reply = soap(client, body)
    assert reply.status_code == 501
    assert "ApexClass" in reply.text
