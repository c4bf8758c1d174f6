"""CustomApplication of the Tooling API: deployed apps, and changes of them in the org."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import XMLNS, package
from tests.emulator.metadata.conftest import OrgClient

PATH = "/services/data/v68.0/tooling/sobjects/CustomApplication"
APP = f"""<CustomApplication {XMLNS}>
    <brand><headerColor>#0070D2</headerColor>
    <shouldOverrideOrgTheme>false</shouldOverrideOrgTheme></brand>
    <description>Bikes</description>
    <formFactors>Large</formFactors>
    <formFactors>Small</formFactors>
    <isNavPersonalizationDisabled>true</isNavPersonalizationDisabled>
    <label>E-Bikes</label>
    <navType>Standard</navType>
    <tabs>standard-Account</tabs>
    <uiType>Lightning</uiType>
</CustomApplication>"""


@pytest.fixture
def app(client: OrgClient) -> dict[str, Any]:
    """The record of a deployed app."""
    for name in ("EBikes", "Other"):
        files = {f"applications/{name}.app": APP}
        assert client.deploy(package({"CustomApplication": name}, files))["success"]
    [row] = client.query(
        "SELECT Id, Metadata FROM CustomApplication WHERE DeveloperName = 'EBikes'", tooling=True
    )
    return row


def test_an_app_is_a_record_with_its_metadata(client: OrgClient, app: dict[str, Any]) -> None:
    metadata = app["Metadata"]
    assert metadata["brand"] == {"headerColor": "#0070D2", "shouldOverrideOrgTheme": False}
    assert (metadata["description"], metadata["label"]) == ("Bikes", "E-Bikes")
    assert (metadata["formFactors"], metadata["tabs"]) == (["Large", "Small"], ["standard-Account"])
    assert metadata["isNavPersonalizationDisabled"] is True
    assert metadata["isNavAutoTempTabsDisabled"] is False
    assert (metadata["utilityBar"], metadata["actionOverrides"]) == (None, [])
    rows = client.query(
        "SELECT DeveloperName, Label, Description, NavType, UiType FROM CustomApplication",
        tooling=True,
    )
    assert [one["DeveloperName"] for one in rows] == ["EBikes", "Other"]
    assert (rows[0]["UiType"], rows[0]["Label"]) == ("Lightning", "E-Bikes")


def test_metadata_is_read_of_one_record_at_a_time(client: OrgClient, app: dict[str, Any]) -> None:
    path = PATH.replace("sobjects/CustomApplication", "query")
    query = {"q": "SELECT Metadata FROM CustomApplication"}
    [error] = client.call("GET", path, params=query).json()
    assert (error["errorCode"], error["message"]) == (
        "MALFORMED_QUERY",
        "When retrieving results with Metadata or FullName fields, the query qualifications must "
        "specify no more than one row for retrieval. Result size: 2",
    )


def test_a_change_in_the_org_is_tracked_and_retrieved(
    client: OrgClient, app: dict[str, Any]
) -> None:
    """As plugin-deploy-retrieve changes it to make a conflict."""
    revision = "SELECT RevisionCounter FROM SourceMember WHERE MemberName = 'EBikes'"
    [before] = client.query(revision, tooling=True)
    metadata = {**app["Metadata"], "description": "modified & more"}
    reply = client.call("PATCH", f"{PATH}/{app['Id']}", json={"Metadata": metadata})
    assert reply.status_code == 204, reply.text
    [after] = client.query(revision, tooling=True)
    assert after["RevisionCounter"] > before["RevisionCounter"]
    read = client.call("GET", f"{PATH}/{app['Id']}").json()
    assert (read["Description"], read["Metadata"]) == ("modified & more", metadata)
    stored = client.org.components["CustomApplication", "ebikes"]
    content = stored.files["applications/EBikes.app"].decode()
    assert "<description>modified &amp; more</description>" in content
    assert content.count("<formFactors>") == 2
    assert "<shouldOverrideOrgTheme>false<" in content


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ("x", "JSON_PARSER_ERROR"),
        ([], "JSON_PARSER_ERROR"),
        ({"label": "x", "tabs": ["Nope__c"]}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "a b": "c"}, "INVALID_FIELD"),
        ({"label": "x", "tabs": [["y"]]}, "JSON_PARSER_ERROR"),
    ],
)
def test_refused_changes(client: OrgClient, app: dict[str, Any], metadata: Any, code: str) -> None:
    reply = client.call("PATCH", f"{PATH}/{app['Id']}", json={"Metadata": metadata})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    assert client.call("GET", f"{PATH}/{app['Id']}").json()["Metadata"] == app["Metadata"]
    stored = client.org.components["CustomApplication", "ebikes"]
    assert b"Bikes" in stored.files["applications/EBikes.app"]


def test_metadata_is_kept_without_characters_that_xml_cannot_hold(
    client: OrgClient, app: dict[str, Any]
) -> None:
    metadata = {**app["Metadata"], "description": "a\u0000\ud83db"}
    reply = client.call("PATCH", f"{PATH}/{app['Id']}", json={"Metadata": metadata})
    assert reply.status_code == 204, reply.text
    stored = client.org.components["CustomApplication", "ebikes"]
    assert b"<description>ab</description>" in stored.files["applications/EBikes.app"]


def test_apps_are_created_and_deleted(client: OrgClient, app: dict[str, Any]) -> None:
    body = {"FullName": "New_App", "Metadata": {**app["Metadata"], "label": "New"}}
    reply = client.call("POST", PATH, json=body)
    assert reply.status_code == 201, reply.text
    path = f"{PATH}/{reply.json()['id']}"
    read = client.call("GET", path).json()
    assert (read["DeveloperName"], read["Label"]) == ("New_App", "New")
    stored = client.org.components["CustomApplication", "new_app"]
    assert b"<label>New</label>" in stored.files["applications/New_App.app"]
    assert client.query(
        "SELECT IsNewMember FROM SourceMember WHERE MemberName = 'New_App'", tooling=True
    )[0]["IsNewMember"]
    assert client.call("POST", PATH, json=body).json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert client.call("DELETE", path).status_code == 204
    assert ("CustomApplication", "new_app") not in client.org.components


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"FullName": "X"}, "REQUIRED_FIELD_MISSING"),
        ({"Metadata": {"label": "x"}}, "REQUIRED_FIELD_MISSING"),
        ({"FullName": "X", "Metadata": "x"}, "JSON_PARSER_ERROR"),
        ({"FullName": "X", "Metadata": {"tabs": ["Nope__c"]}}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_refused_apps(client: OrgClient, body: dict[str, Any], code: str) -> None:
    reply = client.call("POST", PATH, json=body)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    assert client.query("SELECT Id FROM CustomApplication", tooling=True) == []
    assert ("CustomApplication", "x") not in client.org.components
