"""The Metadata SOAP API: as the Salesforce CLI writes it, and through simple-salesforce."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce

from tests.emulator.metadata.builders import Files, apex, package, package_xml, zipped
from tests.emulator.metadata.conftest import OrgClient

A = apex("A", "public class A { }")
CLASS = package({"ApexClass": "A"}, A)
PATH = "/services/Soap/m/68.0"


def token(client: OrgClient) -> str:
    """The session that SOAP bodies carry."""
    return str(client.http.headers["Authorization"]).removeprefix("Bearer ")


def soap(client: OrgClient, body: str, path: str = PATH, session: str | None = None) -> Any:
    """POST an envelope as the Salesforce CLI does: no Authorization header, empty SOAPAction."""
    used = token(client) if session is None else session
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="http://soap.sforce.com/2006/04/metadata"><soapenv:Header><SessionHeader>'
        f"<sessionId>{used}</sessionId></SessionHeader></soapenv:Header>"
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    return requests.post(client.url + path, envelope, headers=headers, timeout=30)


def deploy_body(zip_bytes: bytes, options: str = "<singlePackage>true</singlePackage>") -> str:
    """The `deploy` operation."""
    content = base64.b64encode(zip_bytes).decode()
    return f"<deploy><ZipFile>{content}</ZipFile><DeployOptions>{options}</DeployOptions></deploy>"


def status_body(deploy_id: str, details: str = "true") -> str:
    """The `checkDeployStatus` operation."""
    return (
        f"<checkDeployStatus><asyncProcessId>{deploy_id}</asyncProcessId>"
        f"<includeDetails>{details}</includeDetails></checkDeployStatus>"
    )


def value(reply: requests.Response, name: str) -> str:
    """The text of the first element of this name."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", reply.text)
    assert found, reply.text
    return found[1]


@pytest.mark.parametrize("suffix", ["", "/00D000000000001", "/00D000000000001AAA"])
def test_a_deploy_and_its_status(client: OrgClient, suffix: str) -> None:
    started = soap(client, deploy_body(CLASS), PATH + suffix)
    assert started.status_code == 200
    assert started.headers["Content-Type"].startswith("text/xml")
    assert value(started, "done") == "false"
    status = soap(client, status_body(value(started, "id")), PATH + suffix)
    assert value(status, "status") == "Succeeded"
    assert value(status, "numberComponentsDeployed") == "1"
    assert "<componentSuccesses><changed>true</changed>" in status.text
    assert "<problem" not in status.text


def test_details_are_left_out_when_not_asked_for(client: OrgClient) -> None:
    deploy_id = value(soap(client, deploy_body(CLASS)), "id")
    assert "<details>" not in soap(client, status_body(deploy_id, "false")).text


def test_the_settings_deploy_of_a_sign_up(client: OrgClient) -> None:
    """One folder, single quotes, no namespace, directory entries, empty options.

    Source: docs/reference/clients.md#settings-deploy.
    """
    files: Files = {
        "package.xml": package_xml({"Settings": "Language"}, "68.0"),
        "settings/": "",
        "settings/Language.settings": (
            "<LanguageSettings><enableTranslationWorkbench>true</enableTranslationWorkbench>"
            "</LanguageSettings>"
        ),
    }
    started = soap(client, deploy_body(zipped(files, root="shape_1764018789/"), ""))
    status = soap(client, status_body(value(started, "id")))
    assert value(status, "status") == "Succeeded"
    assert "<fileName>shape_1764018789/settings/Language.settings</fileName>" in status.text
    assert "<fullName>Language</fullName>" in status.text
    assert "<componentType>LanguageSettings</componentType>" in status.text


def test_dates_have_whole_seconds_and_the_manifest_is_never_new(client: OrgClient) -> None:
    """As simple-salesforce's tests quote it from real orgs."""
    status = soap(client, status_body(value(soap(client, deploy_body(CLASS)), "id")))
    dates = re.findall(r"<\w+Date>([^<]*)<", status.text)
    assert len(dates) >= 5
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", one) for one in dates)
    manifest = re.search(r"<changed>true</changed><componentType></componentType>"
                         r"<created>(\w+)</created>", status.text)  # fmt: skip
    assert manifest is not None
    assert manifest[1] == "false"


def test_failures_are_in_the_details(client: OrgClient) -> None:
    bad = package({"ApexClass": "B"}, apex("B", "public class B { Integer i = 1 }"))
    options = "<singlePackage>true</singlePackage><rollbackOnError>true</rollbackOnError>"
    deploy_id = value(soap(client, deploy_body(bad, options)), "id")
    status = soap(client, status_body(deploy_id))
    assert value(status, "status") == "Failed"
    assert value(status, "success") == "false"
    assert value(status, "problem") == "Missing ';' at '}'"
    assert value(status, "lineNumber") == "1"


def test_a_problem_with_markup_in_it_is_escaped(client: OrgClient) -> None:
    bad = package({"ApexClass": "B"}, apex("B", "public class B { Integer i = < ; }"))
    deploy_id = value(soap(client, deploy_body(bad)), "id")
    assert "Unexpected token &apos;" in soap(client, status_body(deploy_id)).text.replace(
        "'", "&apos;"
    )
    assert "token '&lt;'" in soap(client, status_body(deploy_id)).text


@pytest.mark.parametrize(
    ("session", "code"),
    [("00D000000000001!nobody", "INVALID_SESSION_ID"), ("", "INVALID_SESSION_ID")],
)
def test_without_a_session_there_is_a_fault(client: OrgClient, session: str, code: str) -> None:
    reply = soap(client, deploy_body(CLASS), session=session)
    assert reply.status_code == 500
    assert f"<faultcode>sf:{code}</faultcode>" in reply.text
    assert f"{code}: Invalid Session ID found in SessionHeader" in reply.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("<describeValueType/>", 501, "NOT_EMULATED"),
        (status_body("0Af000000000001AAA"), 500, "INVALID_CROSS_REFERENCE_KEY"),
        (status_body("x"), 500, "INVALID_ID_FIELD"),
        ("<deploy><ZipFile>%%</ZipFile><DeployOptions/></deploy>", 500, "INVALID_TYPE"),
        ("<deploy><ZipFile></ZipFile></deploy>", 500, "MISSING_ARGUMENT"),
        (deploy_body(b"", "<testLevel>All</testLevel>"), 500, "INVALID_TYPE"),
        ("<deploy>", 500, "INVALID_XML"),
        ("", 500, "UNKNOWN_EXCEPTION"),
    ],
)
def test_what_is_wrong_is_a_fault(client: OrgClient, body: str, status: int, code: str) -> None:
    reply = soap(client, body)
    assert reply.status_code == status
    assert f"<faultcode>sf:{code}</faultcode>" in reply.text


def test_a_version_that_does_not_exist(client: OrgClient) -> None:
    reply = soap(client, deploy_body(CLASS), "/services/Soap/m/99.0")
    assert "UNSUPPORTED_API_VERSION: Invalid Api version specified on URL" in reply.text


def test_a_doctype_in_the_envelope_is_refused(client: OrgClient) -> None:
    text = f"<sessionId>{token(client)}</sessionId>"
    body = f'<!DOCTYPE a [<!ENTITY x "y">]><a>{text}</a>'
    reply = requests.post(client.url + PATH, body, timeout=30)
    assert reply.status_code == 500
    assert "DOCTYPE is disallowed" in reply.text


def test_a_deploy_can_be_cancelled(slow: OrgClient) -> None:
    deploy_id = value(soap(slow, deploy_body(CLASS)), "id")
    reply = soap(slow, f"<cancelDeploy><String>{deploy_id}</String></cancelDeploy>")
    assert value(reply, "id") == deploy_id
    for _ in range(4):
        slow.world.clock.advance(11)
        status = soap(slow, status_body(deploy_id))
    assert value(status, "status") == "Canceled"


def test_describe_metadata_lists_types_and_folders(client: OrgClient) -> None:
    text = soap(client, "<describeMetadata><asOfVersion>68.0</asOfVersion></describeMetadata>").text
    assert "<directoryName>classes</directoryName><inFolder>false</inFolder>" in text
    assert "<childXmlNames>CustomField</childXmlNames>" in text
    assert "<xmlName>ReportFolder</xmlName>" not in text


def test_list_metadata_lists_what_was_deployed(client: OrgClient) -> None:
    client.deploy(CLASS)
    query = "<listMetadata><queries><type>ApexClass</type></queries></listMetadata>"
    reply = soap(client, query)
    assert value(reply, "fullName") == "A"
    assert value(reply, "manageableState") == "unmanaged"
    assert value(reply, "createdById") == client.org.admin_id
    unknown = soap(client, query.replace("ApexClass", "ApexKlass"))
    assert "INVALID_TYPE: Unknown type:ApexKlass" in unknown.text


@pytest.fixture
def simple(client: OrgClient) -> Any:
    """simple-salesforce, its hard-coded https taken out."""
    host = client.url.removeprefix("http://")
    salesforce = Salesforce(instance=host, session_id=token(client), version="66.0")
    for name in ("base_url", "tooling_url", "metadata_url", "apex_url"):
        setattr(salesforce, name, getattr(salesforce, name).replace("https://", "http://"))
    return salesforce


def test_simple_salesforce_deploys_and_asks_for_the_status(simple: Any) -> None:
    started = simple.deploy(io.BytesIO(CLASS), sandbox=True)
    assert started["asyncId"].startswith("0Af")
    assert started["state"] == "Queued"
    status = simple.checkDeployStatus(started["asyncId"])
    assert status["state"] == "Succeeded"
    assert status["deployment_detail"] == {
        "total_count": "1",
        "failed_count": "0",
        "deployed_count": "1",
        "errors": [],
    }


def test_simple_salesforce_sees_the_errors(simple: Any) -> None:
    bad = package({"ApexClass": "B"}, apex("B", "public class B { Integer i = 1 }"))
    started = simple.deploy(io.BytesIO(bad), sandbox=True, rollbackOnError=True)
    status = simple.checkDeployStatus(started["asyncId"])
    assert status["state"] == "Failed"
    [error] = status["deployment_detail"]["errors"]
    assert error["file"] == "classes/B.cls"
    assert error["message"] == "Missing ';' at '}'"
