"""The contents of an org: read with few requests, compared item by item, kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.contents import MOST_NAMES, names
from provisioner.salesforce.definition import definition_from_snapshot
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.hub import SignUp
from provisioner.salesforce.metadata import deploy_status, start_deploy
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.org_contents import OrgContents, differences, read_contents
from provisioner.salesforce.org_snapshots import OrgSnapshots
from provisioner.salesforce.packages import InstallRequest, install_status, request_install
from provisioner.salesforce.permission_sets import GROUPS, SETS, assign, find
from tests.salesforce.world import CONSUMER_KEY, USERNAME, Emulated

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELD = "<fullName>{}</fullName><label>F</label><length>9</length><type>Text</type>"
PARTS = {
    "package.xml": f"""<Package {XMLNS}>
        <types><members>Billing</members><name>ApexClass</name></types>
        <types><members>Invoice__c</members><name>CustomObject</name></types>
        <types><members>Account.Rank__c</members><name>CustomField</name></types>
        <types><members>Biller</members><name>PermissionSet</name></types>
        <types><members>Billers</members><name>PermissionSetGroup</name></types>
        <version>66.0</version></Package>""",
    "classes/Billing.cls": "public class Billing {}",
    "classes/Billing.cls-meta.xml": f"<ApexClass {XMLNS}><apiVersion>66.0</apiVersion></ApexClass>",
    "objects/Invoice__c.object": f"""<CustomObject {XMLNS}><label>Invoice</label>
        <pluralLabel>Invoices</pluralLabel><deploymentStatus>Deployed</deploymentStatus>
        <sharingModel>ReadWrite</sharingModel><nameField><label>N</label><type>Text</type></nameField>
        <fields>{FIELD.format("Number__c")}</fields></CustomObject>""",
    "objects/Account.object": f"""<CustomObject {XMLNS}>
        <fields>{FIELD.format("Rank__c")}</fields></CustomObject>""",
    "permissionsets/Biller.permissionset": f"""<PermissionSet {XMLNS}><label>B</label>
        <objectPermissions><object>Invoice__c</object><allowCreate>true</allowCreate>
        <allowRead>true</allowRead><allowEdit>true</allowEdit><allowDelete>true</allowDelete>
        <viewAllRecords>true</viewAllRecords><modifyAllRecords>true</modifyAllRecords>
        </objectPermissions></PermissionSet>""",
    "permissionsetgroups/Billers.permissionsetgroup": f"""<PermissionSetGroup {XMLNS}>
        <label>Bs</label><permissionSets>Biller</permissionSets></PermissionSetGroup>""",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulated]:
    """An org with contents of many kinds; tests only add to it."""
    with Emulated() as running:
        running.scratch_org()
        _fill(running.client())
        yield running


def _fill(org: OrgClient) -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path, content in PARTS.items():
            archive.writestr(path, content if path.endswith(".cls") else HEAD + content)
    status = start_deploy(org, deploy_body(buffer.getvalue(), {"testLevel": "NoTestRun"}))
    while not status.is_done:
        status = deploy_status(org, status.id)
    assert status.is_success, status
    request = request_install(org, InstallRequest("04t000000000001AAA"))
    while install_status(org, request).status not in ("SUCCESS", "ERROR"):
        pass
    for kind, name in ((SETS, "Biller"), (GROUPS, "Billers")):
        assert not assign(org, org.user_id, find(org, [name], kind).values(), kind)
    org.create("Account", {"Name": "Acme", "Rank__c": "1"})
    for number in range(3):
        org.create("Invoice__c", {"Name": f"I{number}"})


def test_packages_components_assignments_and_records_are_read_in_three_requests(
    shared: Emulated,
) -> None:
    org = shared.client()
    before = len(shared.world.log.entries())
    found = read_contents(org)
    assert len(shared.world.log.entries()) - before == 3
    assert found.packages == {"Package 04t000000000001": "1.0.0.1"}
    assert found.components["ApexClass"] == ("Billing",)
    assert found.components["CustomObject"] == ("Invoice__c",)
    assert found.components["CustomField"] == ("Account.Rank", "Invoice__c.Number")
    assert found.components["PermissionSetGroup"] == ("Billers",)
    assert "Biller" in found.components["PermissionSet"]
    assert found.assigned["PermissionSet"] == ("Biller",)
    assert found.assigned["PermissionSetGroup"] == ("Billers",)
    assert (found.records["Account"], found.records["Invoice__c"]) == (1, 3)
    assert OrgContents.from_document(json.loads(json.dumps(found.document()))).digest() == (
        found.digest()
    )


def test_an_org_from_a_snapshot_has_the_contents_of_its_source(shared: Emulated) -> None:
    source, hub = shared.client(), shared.hub()
    snapshots = OrgSnapshots(hub.client)
    name = "Contents"
    snapshot_id = snapshots.create(name, source.session.grant.org_id, "")
    while (snapshot := snapshots.read(snapshot_id)) and snapshot.is_pending:
        pass
    definition = definition_from_snapshot({"edition": "Developer", "features": ["API"]}, name)
    hub.sign_up(
        SignUp(
            definition=definition,
            username="copy@acme.example",
            consumer_key=CONSUMER_KEY,
            duration_days=1,
        )
    )
    while hub.signups([], ["copy@acme.example"])[0].status not in ("Active", "Error"):
        pass
    expected, found = read_contents(source), read_contents(shared.client("copy@acme.example"))
    assert differences(expected, found) == []
    assert expected.digest() == found.digest()
    assert shared.client(USERNAME).user_id != shared.client("copy@acme.example").user_id


def test_each_difference_is_a_line() -> None:
    expected = OrgContents(
        {"Billing": "1.2.0.3", "Core": "2.0.0.1"},
        {"ApexClass": ("A", "B"), "Flow": "300 abc"},
        {"PermissionSet": ("Biller",)},
        {"Account": 3, "Invoice__c": 1},
    )
    found = OrgContents(
        {"Core": "2.0.0.2"},
        {"ApexClass": ("B", "C"), "Flow": "299 abd"},
        {},
        {"Account": 2},
    )
    assert differences(expected, found) == [
        "package Billing: 1.2.0.3 in the source, missing in the org",
        "package Core: 2.0.0.1 in the source, 2.0.0.2 in the org",
        "ApexClass A: missing in the org",
        "ApexClass C: not in the source",
        "Flow: 300 in the source, 299 in the org",
        "PermissionSet Biller: missing in the org (assigned to the admin)",
        "records of Account: 3 in the source, 2 in the org",
        "records of Invoice__c: 1 in the source, none in the org",
    ]
    assert differences(expected, expected) == []
    assert expected.digest() != found.digest()


def test_a_type_with_many_names_is_kept_as_their_number_and_a_digest() -> None:
    many = [f"C{number}" for number in range(MOST_NAMES + 1)]
    kept, renamed = names(many), names([*many[1:], "D"])
    assert str(kept).startswith("201 ")
    assert differences(
        OrgContents(components={"ApexClass": kept}), OrgContents(components={"ApexClass": renamed})
    ) == ["ApexClass: 201 in the source, 201 with other names in the org"]
    assert names(reversed(many)) == kept
    contents = OrgContents(components={"ApexClass": kept})
    assert OrgContents.from_document(contents.document()) == contents


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"packages": 1},
        [],
        {"packages": {}, "components": {}, "assigned": {}, "records": {"A": "x"}},
    ],
)
def test_another_document_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="not the contents of an org"):
        OrgContents.from_document(document)  # type: ignore[arg-type]


def test_an_error_that_may_pass_is_not_taken_for_missing_contents(shared: Emulated) -> None:
    results = [{"statusCode": 500, "result": [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}]}]
    body = {"hasErrors": True, "results": results * 19}
    shared.fault(
        {"method": "POST", "path": "composite/batch"},
        {"do": "answer", "status": 200, "body": body},
    )
    with pytest.raises(SalesforceError, match="UNKNOWN_EXCEPTION") as caught:
        read_contents(shared.client())
    assert caught.value.kind is ErrorKind.TRANSIENT
