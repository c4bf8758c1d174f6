"""Record types, business processes and custom metadata become records."""

from __future__ import annotations

from tests.emulator.metadata.builders import (
    XMLNS,
    custom_field,
    custom_object,
    object_part,
    package,
    package_xml,
    zipped,
)
from tests.emulator.metadata.conftest import OrgClient, failures


def test_record_types_become_records(client: OrgClient) -> None:
    record_type = (
        "<recordTypes><fullName>Big</fullName><active>true</active><label>Big One</label>"
        "</recordTypes>"
    )
    result = client.deploy(
        package(
            {"CustomObject": "Thing__c"},
            {"objects/Thing__c.object": custom_object(more=record_type)},
        )
    )
    assert result["status"] == "Succeeded"
    query = (
        "SELECT Id, Name FROM RecordType WHERE SobjectType = 'Thing__c' AND DeveloperName = 'Big'"
    )
    [row] = client.query(query)
    assert row["Name"] == "Big One"
    created = client.create("Thing__c", Name="a", RecordTypeId=row["Id"])
    assert created.status_code == 201
    [thing] = client.query("SELECT RecordType.DeveloperName FROM Thing__c")
    assert thing["RecordType"]["DeveloperName"] == "Big"


def test_a_record_type_of_opportunities_needs_a_process(client: OrgClient) -> None:
    record_type = "<recordTypes><fullName>R</fullName><label>R</label>{}</recordTypes>"
    bare = object_part(record_type.format(""))
    members = {"RecordType": "Opportunity.R"}
    failed = client.deploy(package(members, {"objects/Opportunity.object": bare}))
    assert failures(failed)[0][2] == "Required field is missing: businessProcess"
    process = (
        "<businessProcesses><fullName>P</fullName><isActive>true</isActive><values><fullName>"
        "Prospecting</fullName><default>false</default></values></businessProcesses>"
    )
    whole = object_part(process, record_type.format("<businessProcess>P</businessProcess>"))
    members["BusinessProcess"] = "Opportunity.P"
    result = client.deploy(package(members, {"objects/Opportunity.object": whole}))
    assert result["status"] == "Succeeded"


def test_custom_metadata_becomes_records(client: OrgClient) -> None:
    labels = "<label>Rate</label><pluralLabel>Rates</pluralLabel>"
    kind = f"<CustomObject {XMLNS}>{labels}{{}}</CustomObject>"
    value = custom_field("Value__c", "Number", "<precision>4</precision><scale>1</scale>")
    record = (
        f'<CustomMetadata {XMLNS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><label>Low</label><values><field>Value__c'
        '</field><value xsi:type="xsd:double">1.5</value></values></CustomMetadata>'
    )
    files = {
        "objects/Rate__mdt.object": kind.format(value),
        "customMetadata/Rate.Low.md": record,
        "package.xml": package_xml({"CustomObject": "Rate__mdt", "CustomMetadata": "Rate.Low"}),
    }
    assert client.deploy(zipped(files))["status"] == "Succeeded"
    [row] = client.query("SELECT DeveloperName, Value__c FROM Rate__mdt")
    assert (row["DeveloperName"], row["Value__c"]) == ("Low", 1.5)
    files["customMetadata/Rate.Low.md"] = record.replace("Value__c", "Other__c")
    result = client.deploy(zipped(files))
    assert failures(result)[0][2] == "Rate__mdt: could not find fields: Other__c"
