"""A retrieve gives back what was deployed, reduced to what the request names."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.emulator.metadata import composition, retrieval
from tests.emulator.metadata.builders import (
    XMLNS,
    Files,
    custom_field,
    custom_object,
    object_part,
    package,
    package_xml,
)
from tests.emulator.metadata.conftest import OrgClient
from tests.emulator.metadata.test_deploy_soap import soap

CLASS: Files = {
    "classes/Hello.cls": "public class Hello { /* ö */ }",
    "classes/Hello.cls-meta.xml": f"<ApexClass {XMLNS}><apiVersion>62.0</apiVersion></ApexClass>",
}
PROFILE = (
    f"<Profile {XMLNS}><classAccesses><apexClass>Hello</apexClass><enabled>true</enabled>"
    "</classAccesses><fieldPermissions><editable>true</editable><field>Thing__c.A__c</field>"
    "<readable>true</readable></fieldPermissions><custom>true</custom>"
    "<userLicense>Salesforce</userLicense></Profile>"
)


def deployed(client: OrgClient) -> None:
    files = {
        **CLASS,
        "objects/Thing__c.object": custom_object(custom_field("A__c"), custom_field("B__c")),
        "profiles/Seller.profile": PROFILE,
    }
    members = {"ApexClass": "Hello", "CustomObject": "Thing__c", "Profile": "Seller"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"


def request(members: Mapping[str, str], more: str = "") -> str:
    types = "".join(
        f"<types>{''.join(f'<members>{one}</members>' for one in names.split())}"
        f"<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return (
        f"<retrieve><retrieveRequest><apiVersion>66.0</apiVersion>{more}<unpackaged>{types}"
        "<version>66.0</version></unpackaged></retrieveRequest></retrieve>"
    )


def status(client: OrgClient, retrieve_id: str, *, zipped: bool = True) -> str:
    flag = "true" if zipped else "false"
    body = (
        f"<checkRetrieveStatus><asyncProcessId>{retrieve_id}</asyncProcessId>"
        f"<includeZip>{flag}</includeZip></checkRetrieveStatus>"
    )
    return str(soap(client, body).text)


def retrieved(client: OrgClient, members: Mapping[str, str], more: str = "") -> dict[str, str]:
    """The files of a retrieve by path."""
    started = soap(client, request(members, more)).text
    answer = status(client, re.findall(r"<id>(09S\w+)</id>", started)[0])
    assert "<status>Succeeded</status>" in answer
    (content,) = re.findall(r"<zipFile>(.*?)</zipFile>", answer)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(content))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_file_of_an_object_is_put_together_once(
    client: OrgClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each of its fields would take minutes for an object with hundreds of them."""
    calls: list[Any] = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return composition.composed(*arguments)

    deployed(client)
    monkeypatch.setattr(retrieval, "composed", counted)
    files = retrieved(client, {"CustomField": "Thing__c.A__c Thing__c.B__c"})
    assert "B__c" in files["unpackaged/objects/Thing__c.object"]
    assert len(calls) == 1


def test_a_class_comes_back_byte_for_byte(client: OrgClient) -> None:
    deployed(client)
    files = retrieved(client, {"ApexClass": "Hello"})
    assert files["unpackaged/classes/Hello.cls"] == CLASS["classes/Hello.cls"]
    assert files["unpackaged/classes/Hello.cls-meta.xml"] == CLASS["classes/Hello.cls-meta.xml"]
    assert "<members>Hello</members>" in files["unpackaged/package.xml"]


def test_a_single_package_has_no_folder(client: OrgClient) -> None:
    deployed(client)
    files = retrieved(client, {"ApexClass": "*"}, "<singlePackage>true</singlePackage>")
    assert "classes/Hello.cls" in files


def test_what_is_retrieved_can_be_deployed_elsewhere(client: OrgClient) -> None:
    deployed(client)
    everything = {"ApexClass": "*", "CustomObject": "*", "Profile": "Seller"}
    found = retrieved(client, everything)
    files = {path.removeprefix("unpackaged/"): text for path, text in found.items()}
    other = client.world.add_scratch_org("other@scratch.example")
    token = client.world.sessions.open(other, other.admin_id, "tests").token
    client.http.headers["Authorization"] = f"Bearer {token}"
    manifest = {"ApexClass": "Hello", "CustomObject": "Thing__c"}
    assert client.deploy(package(manifest, files))["status"] == "Succeeded"
    assert {"A__c", "B__c"} <= other.store.types["Thing__c"].fields.keys()


def test_an_object_has_the_fields_of_later_deploys(client: OrgClient) -> None:
    deployed(client)
    part = {"objects/Thing__c.object": object_part(custom_field("C__c"))}
    client.deploy(package({"CustomField": "Thing__c.C__c"}, part))
    text = retrieved(client, {"CustomObject": "Thing__c"})["unpackaged/objects/Thing__c.object"]
    assert re.findall(r"<fullName>(\w__c)</fullName>", text) == ["A__c", "B__c", "C__c"]
    assert "<sharingModel>ReadWrite</sharingModel>" in text


def test_a_field_comes_alone(client: OrgClient) -> None:
    deployed(client)
    text = retrieved(client, {"CustomField": "Thing__c.A__c"})["unpackaged/objects/Thing__c.object"]
    assert re.findall(r"<fullName>(\w+)</fullName>", text) == ["A__c"]
    assert "sharingModel" not in text


def test_a_profile_says_only_what_concerns_the_rest_of_the_package(client: OrgClient) -> None:
    deployed(client)
    path = "unpackaged/profiles/Seller.profile"
    alone = retrieved(client, {"Profile": "Seller"})[path]
    assert "apexClass" not in alone
    assert "<userLicense>Salesforce</userLicense>" in alone
    together = retrieved(client, {"Profile": "Seller", "ApexClass": "Hello"})[path]
    assert "<apexClass>Hello</apexClass>" in together
    assert "fieldPermissions" not in together


def test_what_does_not_exist_is_a_message(client: OrgClient) -> None:
    started = soap(client, request({"ApexClass": "Nobody", "Nonsense": "X"})).text
    answer = status(client, re.findall(r"<id>(09S\w+)</id>", started)[0])
    assert "Entity of type &apos;ApexClass&apos; named" in answer.replace("'", "&apos;")
    assert "Unknown type name" in answer
    assert "<success>true</success>" in answer


def test_the_zip_comes_only_when_it_is_asked_for(client: OrgClient) -> None:
    deployed(client)
    started = soap(client, request({"ApexClass": "*"})).text
    retrieve_id = re.findall(r"<id>(09S\w+)</id>", started)[0]
    assert "zipFile" not in status(client, retrieve_id, zipped=False)


def test_a_retrieve_takes_its_time(slow: OrgClient) -> None:
    started = soap(slow, request({"ApexClass": "*"})).text
    retrieve_id = re.findall(r"<id>(09S\w+)</id>", started)[0]
    first = status(slow, retrieve_id)
    assert "<done>false</done>" in first
    assert "zipFile" not in first
    slow.world.clock.advance(60)
    answers = [status(slow, retrieve_id) for _ in range(3)]
    assert "<status>Succeeded</status>" in answers[-1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<retrieve/>", "MISSING_ARGUMENT"),
        ("<retrieve><retrieveRequest/></retrieve>", "MISSING_ARGUMENT"),
        ("<checkRetrieveStatus/>", "INVALID_ID_FIELD"),
        (
            "<checkRetrieveStatus><asyncProcessId>09S000000000001AAA</asyncProcessId>"
            "</checkRetrieveStatus>",
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ("<readMetadata><type>Nonsense</type></readMetadata>", "INVALID_TYPE"),
    ],
)
def test_a_wrong_request_is_a_fault(client: OrgClient, body: str, code: str) -> None:
    reply = soap(client, body)
    assert reply.status_code == 500
    assert f"<faultcode>sf:{code}</faultcode>" in reply.text


def test_a_component_can_be_read(client: OrgClient) -> None:
    deployed(client)
    body = "<readMetadata><type>Profile</type><fullNames>Seller</fullNames></readMetadata>"
    text = soap(client, body).text
    assert '<records xsi:type="Profile"><fullName>Seller</fullName>' in text
    assert "<apexClass>Hello</apexClass>" in text
    nobody = "<readMetadata><type>Profile</type><fullNames>Nobody</fullNames></readMetadata>"
    assert '<records xsi:nil="true"/>' in soap(client, nobody).text


def listed(client: OrgClient, kind: str, folder: str = "") -> dict[str, str]:
    """Full name and file of each component in an answer of listMetadata."""
    where = f"<folder>{folder}</folder>" if folder else ""
    body = f"<listMetadata><queries>{where}<type>{kind}</type></queries></listMetadata>"
    text = soap(client, body).text
    names = re.findall(r"<fullName>(.*?)</fullName>", text)
    return dict(zip(names, re.findall(r"<fileName>(.*?)</fileName>", text), strict=True))


@pytest.mark.parametrize(
    ("kind", "name", "file_name"),
    [
        ("ApexClass", "Hello", "classes/Hello.cls"),
        ("CustomLabels", "CustomLabels", "labels/CustomLabels.labels"),
        ("CustomObject", "Account", "objects/Account.object"),
        ("CustomObject", "Thing__c", "objects/Thing__c.object"),
        ("CustomField", "Thing__c.A__c", "objects/Thing__c.object"),
        ("Layout", "Account-Account Layout", "layouts/Account-Account Layout.layout"),
        ("ListView", "Account.AllAccounts", "objects/Account.object"),
        ("Profile", "Admin", "profiles/Admin.profile"),
        ("Profile", "Seller", "profiles/Seller.profile"),
    ],
)
def test_standard_components_are_listed_with_those_that_were_deployed(
    client: OrgClient, kind: str, name: str, file_name: str
) -> None:
    deployed(client)
    assert listed(client, kind)[name] == file_name


@pytest.mark.parametrize(
    ("folder", "member", "folder_type"),
    [
        ("dashboards", "Dashboard", "DashboardFolder"),
        ("documents", "Document", "DocumentFolder"),
        ("email", "EmailTemplate", "EmailFolder"),
        ("reports", "Report", "ReportFolder"),
    ],
)
def test_a_folder_has_a_type_of_its_own_in_answers(
    client: OrgClient, folder: str, member: str, folder_type: str
) -> None:
    """package.xml names it under the type of its components."""
    files: Files = {
        f"{folder}/Top-meta.xml": f"<{folder_type} {XMLNS}><name>Top</name></{folder_type}>"
    }
    result = client.deploy(package({member: "Top"}, files))
    (entry,) = [one for one in result["details"]["componentSuccesses"] if one["fullName"] == "Top"]
    assert entry["componentType"] == folder_type
    (row,) = client.query("SELECT MemberType FROM SourceMember", tooling=True)
    assert row["MemberType"] == folder_type
    answer = status(
        client, re.findall(r"<id>(09S\w+)</id>", soap(client, request({member: "Top"})).text)[0]
    )
    assert f"<type>{folder_type}</type>" in answer
    deleted = {"destructiveChanges.xml": package_xml({member: "Top"})}
    result = client.deploy(package({}, deleted))
    (entry,) = [one for one in result["details"]["componentSuccesses"] if one["deleted"]]
    assert entry["componentType"] == folder_type


def test_reports_are_listed_by_folder(client: OrgClient) -> None:
    report = f"<Report {XMLNS}><name>Open</name></Report>"
    folder = f"<ReportFolder {XMLNS}><name>Sales</name></ReportFolder>"
    files: Files = {"reports/Sales/Open.report": report, "reports/Sales-meta.xml": folder}
    result = client.deploy(package({"Report": "Sales Sales/Open"}, files))
    assert result["status"] == "Succeeded", result["details"]
    assert listed(client, "ReportFolder") == {"Sales": "reports/Sales-meta.xml"}
    assert listed(client, "Report", "Sales") == {"Sales/Open": "reports/Sales/Open.report"}
    assert listed(client, "Report", "Other") == listed(client, "Report") == {}


def test_standard_value_sets_are_never_listed(client: OrgClient) -> None:
    value_set = (
        f"<StandardValueSet {XMLNS}><standardValue><fullName>A</fullName>"
        "<default>false</default></standardValue></StandardValueSet>"
    )
    files: Files = {"standardValueSets/Industry.standardValueSet": value_set}
    result = client.deploy(package({"StandardValueSet": "Industry"}, files))
    assert result["status"] == "Succeeded"
    assert listed(client, "StandardValueSet") == {}


def test_the_profile_of_administrators_can_be_retrieved_though_nobody_deployed_it(
    client: OrgClient,
) -> None:
    deployed(client)
    files = retrieved(client, {"Profile": "Admin", "ApexClass": "Hello"})
    text = files["unpackaged/profiles/Admin.profile"]
    assert "<custom>false</custom>" in text
    assert "<userLicense>Salesforce</userLicense>" in text
    assert re.search(r"<apexClass>Hello</apexClass>\s*<enabled>true</enabled>", text)


def test_a_profile_keeps_what_a_later_deploy_does_not_name(client: OrgClient) -> None:
    deployed(client)
    part = (
        f"<Profile {XMLNS}><fieldPermissions><editable>false</editable><field>Thing__c.A__c</field>"
        "<readable>true</readable></fieldPermissions></Profile>"
    )
    client.deploy(package({"Profile": "Seller"}, {"profiles/Seller.profile": part}))
    wanted = {"Profile": "Seller", "ApexClass": "Hello", "CustomField": "Thing__c.A__c"}
    text = retrieved(client, wanted)["unpackaged/profiles/Seller.profile"]
    assert "<apexClass>Hello</apexClass>" in text
    assert "<editable>false</editable>" in text
    assert "<editable>true</editable>" not in text


def test_a_wildcard_means_custom_objects_and_all_profiles(client: OrgClient) -> None:
    deployed(client)
    part = {"objects/Account.object": object_part(custom_field("Ext__c"))}
    client.deploy(package({"CustomObject": "Account"}, part))
    files = retrieved(client, {"CustomObject": "*", "Profile": "*"})
    assert "unpackaged/objects/Account.object" not in files
    assert {"unpackaged/objects/Thing__c.object", "unpackaged/profiles/Admin.profile"} <= set(files)
    account = retrieved(client, {"CustomObject": "Account"})["unpackaged/objects/Account.object"]
    assert "<fullName>Ext__c</fullName>" in account


def test_what_the_emulator_does_not_know_of_a_new_org_is_said(client: OrgClient) -> None:
    started = soap(client, request({"ListView": "Account.AllAccounts"})).text
    answer = status(client, re.findall(r"<id>(09S\w+)</id>", started)[0])
    assert "does not know the content of ListView Account.AllAccounts" in answer


def test_the_manifest_is_the_last_entry_of_the_file_properties(client: OrgClient) -> None:
    """Recorded answers have it, also where nothing was found (plugin-deploy-retrieve's tests)."""
    deployed(client)
    for members, names in (
        ({"ApexClass": "Hello"}, ["Hello", "unpackaged/package.xml"]),
        ({"ApexClass": "Nobody"}, ["unpackaged/package.xml"]),
    ):
        started = soap(client, request(members)).text
        answer = status(client, re.findall(r"<id>(09S\w+)</id>", started)[0])
        entries = re.findall(r"<fileProperties>.*?</fileProperties>", answer, re.DOTALL)
        assert [re.findall(r"<fullName>(.*?)</fullName>", one)[0] for one in entries] == names
        assert "<type>Package</type>" in entries[-1]
        assert f"<createdById>{client.org.admin_id}</createdById>" in entries[-1]
