"""Which address may receive an administrator's token, and what the permission set contains."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.hub import HubWithoutApp
from provisioner.errors import UsageError
from provisioner.hub_app.rights import permissions_xml
from provisioner.hub_app.session import INSTANCE, TOKEN, administrator

PLANTED = "00D000000000001!AQ.planted-token"


def address(instance: str, login_url: str = "https://login.salesforce.com") -> str:
    """The address that a session of the environment is for; no request is sent."""
    hub = HubWithoutApp(
        username="b@acme.example",
        private_key=Path("server.key"),
        login_url=login_url,
        api_version="68.0",
    )
    with administrator(hub, {TOKEN: PLANTED, INSTANCE: instance}) as client:
        assert client.session.grant.org_id == "00D000000000001EAA"
        assert PLANTED not in repr(client.session.grant)
        return client.session.instance_url


@pytest.mark.parametrize(
    ("instance", "own"),
    [
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/home", "https://acme.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/setup", "https://acme.my.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
    ],
)
def test_a_page_of_the_org_leads_to_its_my_domain(instance: str, own: str) -> None:
    assert address(instance) == own


@pytest.mark.parametrize(
    "instance",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://salesforce.com.evil.example",
        "http://127.0.0.1:8080",
        "https://[",
    ],
)
def test_no_other_host_gets_the_token(instance: str) -> None:
    with pytest.raises(UsageError) as caught:
        address(instance)
    assert caught.value.code == "instance_url"
    assert PLANTED not in str(caught.value) + caught.value.hint


def test_an_emulator_is_on_this_machine_only() -> None:
    assert address("http://127.0.0.1:9", "http://localhost:9") == "http://127.0.0.1:9"
    with pytest.raises(UsageError):
        address("https://acme.my.salesforce.com", "http://127.0.0.1:9")


def test_the_elements_are_in_the_order_of_the_reference() -> None:
    assert permissions_xml() == (
        "    <objectPermissions>\n"
        "        <allowCreate>false</allowCreate>\n"
        "        <allowDelete>true</allowDelete>\n"
        "        <allowEdit>true</allowEdit>\n"
        "        <allowRead>true</allowRead>\n"
        "        <modifyAllRecords>false</modifyAllRecords>\n"
        "        <object>ActiveScratchOrg</object>\n"
        "        <viewAllRecords>false</viewAllRecords>\n"
        "    </objectPermissions>\n"
        "    <objectPermissions>\n"
        "        <allowCreate>true</allowCreate>\n"
        "        <allowDelete>true</allowDelete>\n"
        "        <allowEdit>true</allowEdit>\n"
        "        <allowRead>true</allowRead>\n"
        "        <modifyAllRecords>false</modifyAllRecords>\n"
        "        <object>ScratchOrgInfo</object>\n"
        "        <viewAllRecords>false</viewAllRecords>\n"
        "    </objectPermissions>\n"
        "    <userPermissions>\n"
        "        <enabled>true</enabled>\n"
        "        <name>ApiEnabled</name>\n"
        "    </userPermissions>\n"
    )
