"""Remote sites: RemoteProxy records, by deploys and by the Tooling API."""

from __future__ import annotations

from tests.emulator.metadata.builders import XMLNS, package
from tests.emulator.metadata.conftest import API, OrgClient

QUERY = "SELECT SiteName, EndpointUrl, IsActive, Metadata FROM RemoteProxy"


def test_a_new_org_has_a_remote_site(client: OrgClient) -> None:
    """Source: docs/reference/data.md#records-of-a-new-org."""
    [row] = client.query(QUERY, tooling=True)
    assert (row["SiteName"], row["EndpointUrl"]) == ("ApexDevNet", "http://www.apexdevnet.com")
    assert row["Metadata"]["isActive"] is True


def test_a_deployed_remote_site_is_a_record(client: OrgClient) -> None:
    site = (
        f"<RemoteSiteSetting {XMLNS}><disableProtocolSecurity>false</disableProtocolSecurity>"
        "<isActive>true</isActive><url>https://acme.example</url></RemoteSiteSetting>"
    )
    files = {"remoteSiteSettings/Acme.remoteSite": site}
    assert client.deploy(package({"RemoteSiteSetting": "Acme"}, files))["status"] == "Succeeded"
    [row] = client.query(f"{QUERY} WHERE SiteName = 'Acme'", tooling=True)
    assert (row["EndpointUrl"], row["IsActive"]) == ("https://acme.example", True)


def test_the_metadata_of_a_remote_site_can_be_changed(client: OrgClient) -> None:
    path = f"{API}/tooling/sobjects/RemoteProxy"
    body = {"FullName": "Acme", "Metadata": {"url": "https://a.example", "isActive": True}}
    made = client.call("POST", path, json=body).json()["id"]
    changed = {"Metadata": {"url": "https://b.example", "isActive": False}}
    assert client.call("PATCH", f"{path}/{made}", json=changed).status_code == 204
    row = client.call("GET", f"{path}/{made}").json()
    assert (row["EndpointUrl"], row["IsActive"], row["FullName"]) == (
        "https://b.example", False, "Acme",
    )  # fmt: skip
    refused = client.call("PATCH", f"{path}/{made}", json={"Metadata": {"isActive": True}})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")


def test_accounts_and_contacts_have_their_relations_as_children(client: OrgClient) -> None:
    """Both are named AccountContactRoles, as in plugin-data's query of junctions."""
    account = client.create("Account", Name="Acme").json()["id"]
    contact = client.create("Contact", LastName="A").json()["id"]
    client.create("AccountContactRole", AccountId=account, ContactId=contact)
    for parent in ("Account", "Contact"):
        rows = client.query(f"SELECT (SELECT Id FROM AccountContactRoles) FROM {parent}")
        assert [one["AccountContactRoles"]["totalSize"] for one in rows] == [1]
