"""Every type of custom field: what it becomes, and what is refused of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.world import World
from tests.emulator.metadata.builders import (
    XMLNS,
    custom_field,
    custom_object,
    lookup,
    object_part,
    package,
    package_xml,
)
from tests.emulator.metadata.conftest import OrgClient, failures, serve
from tests.emulator.metadata.test_objects_and_fields import deploy_object, error

DIGITS = "<precision>9</precision><scale>2</scale>"
VALUES = (
    "<valueSet><valueSetDefinition><sorted>false</sorted><value><fullName>A</fullName>"
    "<default>false</default><label>A</label></value></valueSetDefinition></valueSet>"
)


@pytest.fixture(scope="module")
def shared() -> Iterator[OrgClient]:
    """One org for the deploys that are refused."""
    yield from serve(World(latencies=Latencies(instant=True)))


ENTITY = "<referenceTo>EntityDefinition</referenceTo>"


def problem(client: OrgClient, field: str, name: str = "Thing__c") -> str:
    """The problem of a field of a new object, or of an object that is there."""
    sharing = "ControlledByParent" if "MasterDetail" in field else "ReadWrite"
    text = custom_object(field, sharing=sharing) if name.endswith("__c") else object_part(field)
    files = {f"objects/{name}.object": text}
    result = client.deploy(package({"CustomObject": name}, files), checkOnly=True)
    return "; ".join(one[2] for one in failures(result))


@pytest.mark.parametrize(
    ("kind", "more", "described"),
    [
        ("Address", "", "address"),
        ("AutoNumber", "<displayFormat>A-{0}</displayFormat>", "string"),
        ("Checkbox", "<defaultValue>false</defaultValue>", "boolean"),
        ("Currency", DIGITS, "currency"),
        ("Date", "", "date"),
        ("DateTime", "", "datetime"),
        ("Email", "<unique>true</unique>", "email"),
        ("EncryptedText", "<length>175</length><maskChar>X</maskChar>", "encryptedstring"),
        ("Html", "<length>32768</length><visibleLines>25</visibleLines>", "textarea"),
        ("Location", "<scale>5</scale>", "location"),
        ("LongTextArea", "<length>256</length><visibleLines>2</visibleLines>", "textarea"),
        ("Lookup", "<referenceTo>Account</referenceTo>", "reference"),
        ("MultiselectPicklist", f"<visibleLines>4</visibleLines>{VALUES}", "multipicklist"),
        ("Number", DIGITS, "double"),
        ("Percent", DIGITS, "percent"),
        ("Phone", "", "phone"),
        ("Picklist", VALUES, "picklist"),
        ("Picklist", "<valueSet><valueSetName>Industry</valueSetName></valueSet>", "picklist"),
        ("Text", "<length>255</length><externalId>true</externalId>", "string"),
        ("TextArea", "", "textarea"),
        ("Time", "", "time"),
        ("Url", "", "url"),
        ("Checkbox", "<formula>true</formula>", "boolean"),
        ("Currency", f"<formula>1</formula>{DIGITS}", "currency"),
        ("Date", "<formula>TODAY()</formula>", "date"),
        ("DateTime", "<formula>NOW()</formula>", "datetime"),
        ("Percent", f"<formula>1</formula>{DIGITS}", "percent"),
        ("Text", "<formula>Name</formula>", "string"),
        ("Time", "<formula>TIMENOW()</formula>", "time"),
    ],
)
def test_every_type_becomes_a_field(
    client: OrgClient, kind: str, more: str, described: str
) -> None:
    result = deploy_object(client, custom_object(custom_field("F__c", kind, more)))
    assert result["status"] == "Succeeded", failures(result)
    answer = client.call("GET", "/services/data/v66.0/sobjects/Thing__c/describe").json()
    [field] = [one for one in answer["fields"] if one["name"] == "F__c"]
    assert field["type"] == described
    is_written = "formula" not in more and kind not in ("Address", "AutoNumber", "Location")
    assert field["createable"] is is_written


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (custom_field("A__c", "TextArea", "<length>255</length>"),
         "Can not specify 'length' for a CustomField of type TextArea"),
        (custom_field("A__c", "Checkbox", ""),
         "Must specify 'defaultValue' for a CustomField of type Checkbox"),
        (custom_field("A__c", "LongTextArea", "<length>300</length><visibleLines>3</visibleLines>"
                      "<required>true</required>"),
         "Can not specify 'required' for a CustomField of type LongTextArea"),
        (custom_field("A__c", "MasterDetail", "<referenceTo>Account</referenceTo>"
                      "<deleteConstraint>Cascade</deleteConstraint>"),
         "Can not specify 'deleteConstraint' for a CustomField of type MasterDetail"),
        (custom_field("A__c", "MasterDetail", "<referenceTo>Account</referenceTo>"
                      "<required>true</required>"),
         "Master-Detail Relationship Fields Cannot be Optional or Required"),
        (custom_field("A__c", "Lookup", "<referenceTo>Account</referenceTo>"
                      "<relationshipOrder>0</relationshipOrder>"),
         "Can not specify 'relationshipOrder' for a CustomField of type Lookup"),
        (custom_field("A__c", "Lookup", "<referenceTo>Account</referenceTo>"
                      "<deleteConstraint>Perhaps</deleteConstraint>"),
         "'Perhaps' is not a valid value for the enum 'DeleteConstraint'"),
        (custom_field("A__c", "Summary", f"{DIGITS}<summaryOperation>count</summaryOperation>"
                      "<summaryForeignKey>Child__c.Thing__c</summaryForeignKey>"),
         "Can not specify 'precision' for a CustomField of type Summary"),
        (custom_field("A__c", "Summary", "<summaryOperation>sum</summaryOperation>"
                      "<summaryForeignKey>Child__c.Thing__c</summaryForeignKey>"),
         "Must specify 'summarizedField' for a CustomField of type Summary"),
        (custom_field("A__c", "Summary", "<summaryOperation>count</summaryOperation>"
                      "<summaryForeignKey>Child__c</summaryForeignKey>"),
         "Must specify the name in the CustomObject.CustomField format "
         "(e.g. Account.MyNewCustomField)"),
        (custom_field("A__c", "Summary", "<summaryOperation>count</summaryOperation>"
                      "<summaryForeignKey>Child__c.Thing__c</summaryForeignKey>"),
         "In field: summaryForeignKey - no CustomField named Child__c.Thing__c found"),
        (custom_field("A__c", "Summary", "<summaryOperation>avg</summaryOperation>"
                      "<summaryForeignKey>Contact.AccountId</summaryForeignKey>"
                      "<summarizedField>Contact.Id</summarizedField>"),
         "'avg' is not a valid value for the enum 'SummaryOperations'"),
        (custom_field("A__c", "Phone", "<formula>1</formula>"),
         "Can not specify 'formula' for a CustomField of type Phone"),
        (custom_field("A__c", "Phone", "<unique>true</unique>"),
         "Can not specify 'unique' for a CustomField of type Phone"),
        (custom_field("A__c", "Formula", ""),
         "'Formula' is not a valid value for the enum 'FieldType'"),
        (custom_field("A__c", "Picklist", VALUES.replace(
            "</valueSet>", "<valueSetName>Industry</valueSetName></valueSet>")),
         "Value set must reference a value set name or define a value set, but not both."),
        (custom_field("A__c", "Picklist", VALUES.replace(
            "</valueSetDefinition>",
            "<value><fullName>A</fullName><default>false</default></value></valueSetDefinition>")),
         "duplicate value found: A is defined multiple times"),
        (custom_field("A__c", "Picklist", VALUES.replace(
            "valueSetDefinition>", "x>").replace(
            "<x>", "<valueSetName>Nobody</valueSetName><x>")),
         "In field: valueSet - no GlobalValueSet named Nobody found"),
        (custom_field("1a__c"),
         "The Field API Name can only contain underscores and alphanumeric characters. It must be "
         "unique, begin with a letter, not include spaces, not end with an underscore, and not "
         "contain two consecutive underscores."),
        (custom_field("A" * 41 + "__c"),
         "Value too long for field: fullName maximum length is:40"),
        (custom_field("A__c").replace("<label>A<", f"<label>{'l' * 41}<"),
         "Value too long for field: Label maximum length is:40"),
        (custom_field("A__c", more=f"<length>9</length><description>{'d' * 1001}</description>"),
         "Value too long for field: Description maximum length is:1000"),
        (custom_field("A__c", more=f"<length>9</length><inlineHelpText>{'h' * 511}"
                      "</inlineHelpText>"),
         "Value too long for field: InlineHelpText maximum length is:510"),
        (custom_field("A__c", more="<length>256</length>"),
         "'length' must be between 1 and 255 for a CustomField of type Text"),
        (custom_field("A__c", "LongTextArea", "<length>255</length><visibleLines>3</visibleLines>"),
         "'length' must be between 256 and 131072 for a CustomField of type LongTextArea"),
        (custom_field("A__c", "Html", "<length>256</length><visibleLines>9</visibleLines>"),
         "'visibleLines' must be between 10 and 50 for a CustomField of type Html"),
        (custom_field("A__c", "Number", "<precision>19</precision><scale>0</scale>"),
         "'precision' must be between 1 and 18 for a CustomField of type Number"),
        (custom_field("A__c", "Number", "<precision>2</precision><scale>3</scale>"),
         "'scale' must not be greater than 'precision'"),
        (custom_field("A__c", "MetadataRelationship", ENTITY),
         "A CustomField of type MetadataRelationship is not supported on Thing__c"),
        (custom_field("A__c", "Hierarchy", ""),
         "A CustomField of type Hierarchy is not supported on Thing__c"),
    ],
)  # fmt: skip
def test_what_is_refused(shared: OrgClient, field: str, expected: str) -> None:
    assert problem(shared, field) == expected


def test_addresses_are_written_by_their_parts(client: OrgClient) -> None:
    deploy_object(client, custom_object(custom_field("Home__c", "Address", "")))
    values = {"Home__Street__s": "1 Main St", "Home__City__s": "Rome", "Home__CountryCode__s": "IT"}
    assert client.create("Thing__c", Name="a", **values).status_code == 201
    [row] = client.query("SELECT Home__c, Home__City__s, Home__PostalCode__s FROM Thing__c")
    assert row["Home__City__s"] == "Rome"
    address = row["Home__c"]
    assert (address["street"], address["city"], address["countryCode"]) == (
        "1 Main St",
        "Rome",
        "IT",
    )
    assert error(client, Name="b", Home__c="Rome")[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    changes = {"destructiveChanges.xml": package_xml({"CustomField": "Thing__c.Home__c"})}
    assert client.deploy(package({}, changes))["status"] == "Succeeded"
    assert not [name for name in client.org.store.types["Thing__c"].fields if "Home" in name]


def test_locations_are_read_as_a_whole(client: OrgClient) -> None:
    deploy_object(client, custom_object(custom_field("Place__c", "Location", "<scale>6</scale>")))
    client.create("Thing__c", Name="a", Place__Latitude__s=1.5, Place__Longitude__s=2)
    client.create("Thing__c", Name="b")
    rows = client.query("SELECT Place__c FROM Thing__c ORDER BY Name")
    assert [row["Place__c"] for row in rows] == [{"latitude": 1.5, "longitude": 2.0}, None]


def test_summaries_have_the_type_of_what_they_summarize(client: OrgClient) -> None:
    """In one deploy: the summary of a summary comes after it, whatever its name."""

    def summary(name: str, operation: str, key: str, field: str = "") -> str:
        summarized = f"<summarizedField>{field}</summarizedField>" if field else ""
        more = (
            f"<summaryForeignKey>{key}</summaryForeignKey>"
            f"<summaryOperation>{operation}</summaryOperation>{summarized}"
        )
        return custom_field(name, "Summary", more)

    detail = "ControlledByParent"
    files = {
        "objects/Line__c.object": custom_object(
            lookup("Thing__c", "Thing__c", "MasterDetail", "Lines"),
            custom_field("Amount__c", "Currency", DIGITS),
            custom_field("Day__c", "Date", ""),
            sharing=detail,
        ),
        "objects/Thing__c.object": custom_object(
            lookup("Account__c", "Account", "MasterDetail", "Things"),
            summary("Total__c", "sum", "Line__c.Thing__c", "Line__c.Amount__c"),
            summary("Last__c", "max", "Line__c.Thing__c", "Line__c.Day__c"),
            summary("Lines__c", "count", "Line__c.Thing__c"),
            sharing=detail,
        ),
        "objects/Account.object": object_part(
            summary("All__c", "sum", "Thing__c.Account__c", "Thing__c.Total__c")
        ),
    }
    members = {"CustomObject": "Line__c Thing__c", "CustomField": "Account.All__c"}
    result = client.deploy(package(members, files))
    assert result["status"] == "Succeeded", failures(result)
    types = client.org.store.types
    thing = types["Thing__c"].fields
    assert [thing[name].type for name in ("Total__c", "Last__c", "Lines__c")] == [
        "currency",
        "date",
        "double",
    ]
    assert types["Account"].fields["All__c"].type == "currency"


def test_a_hierarchy_of_users(client: OrgClient) -> None:
    boss = custom_field("Boss__c", "Hierarchy", "<relationshipName>Team</relationshipName>")
    files = {"objects/User.object": object_part(boss)}
    result = client.deploy(package({"CustomField": "User.Boss__c"}, files))
    assert result["status"] == "Succeeded", failures(result)
    path = f"/services/data/v66.0/sobjects/User/{client.org.admin_id}"
    assert client.call("PATCH", path, json={"Boss__c": client.org.admin_id}).status_code == 204
    [row] = client.query("SELECT Boss__r.Name FROM User LIMIT 1")
    assert row["Boss__r"]["Name"] == "User User"
    named = custom_field("B__c", "Hierarchy", "<referenceTo>User</referenceTo>")
    assert problem(client, named, "User") == (
        "Can not specify 'referenceTo' for a CustomField of type Hierarchy"
    )


def test_a_field_stays_a_formula_or_none(client: OrgClient) -> None:
    deploy_object(client, custom_object(custom_field("T__c")))
    formula = custom_object(custom_field("T__c", more="<formula>Name</formula>"))
    [(_, _, text)] = failures(deploy_object(client, formula))
    assert text == "Cannot update a field to a Formula from something else"


# --- custom metadata -------------------------------------------------------------------------

RECORD = (
    f'<CustomMetadata {XMLNS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><label>One</label>{}</CustomMetadata>'
)


def value(field: str, text: str, kind: str = "string") -> str:
    """One `<values>` of a record."""
    return f'<values><field>{field}</field><value xsi:type="xsd:{kind}">{text}</value></values>'


def metadata_type(*fields: str) -> str:
    return f"<CustomObject {XMLNS}><label>T</label><pluralLabel>T</pluralLabel>{''.join(fields)}</CustomObject>"  # noqa: E501


def deploy_records(client: OrgClient, records: dict[str, str], *fields: str) -> dict[str, Any]:
    """Deploy T__mdt with fields, and records of it."""
    files = {f"customMetadata/{name}.md": text for name, text in records.items()}
    members = {"CustomMetadata": " ".join(records)}
    if fields:
        files["objects/T__mdt.object"] = metadata_type(*fields)
        members["CustomObject"] = "T__mdt"
    return client.deploy(package(members, files), rollbackOnError=True)


RESTRICTED = VALUES.replace("<valueSet>", "<valueSet><restricted>true</restricted>")
FIELDS = (
    custom_field("Check__c", "Checkbox", "<defaultValue>false</defaultValue>"),
    custom_field("Day__c", "Date", ""),
    custom_field("Moment__c", "DateTime", ""),
    custom_field("Number__c", "Number", DIGITS),
    custom_field("Pick__c", "Picklist", RESTRICTED),
    custom_field("Short__c", more="<length>5</length>"),
    custom_field(
        "Object__c", "MetadataRelationship",
        "<referenceTo>EntityDefinition</referenceTo><relationshipName>Objects</relationshipName>"
        "<unique>true</unique>",
    ),
    custom_field(
        "Field__c", "MetadataRelationship",
        "<referenceTo>FieldDefinition</referenceTo><relationshipName>Fields</relationshipName>"
        "<metadataRelationshipControllingField>T__mdt.Object__c"
        "</metadataRelationshipControllingField>",
    ),
)  # fmt: skip


def test_records_hold_values_of_every_type(client: OrgClient) -> None:
    values = (
        value("Check__c", "true", "boolean") + value("Day__c", "2026-01-31", "date")
        + value("Moment__c", "2026-01-31T10:00:00.000Z", "dateTime")
        + value("Number__c", "42", "string") + value("Pick__c", "A") + value("Short__c", "abc")
        + value("Object__c", "Account") + value("Field__c", "Account.Industry")
    )  # fmt: skip
    result = deploy_records(client, {"T.One": RECORD.format(values)}, *FIELDS)
    assert result["status"] == "Succeeded", failures(result)
    [row] = client.query(
        "SELECT DeveloperName, Check__c, Day__c, Moment__c, Number__c, Pick__c, Object__c "
        "FROM T__mdt"
    )
    assert row["DeveloperName"] == "One"
    assert (row["Check__c"], row["Day__c"], row["Number__c"]) == (True, "2026-01-31", 42.0)
    assert row["Moment__c"].startswith("2026-01-31T10:00:00")
    assert (row["Pick__c"], row["Object__c"]) == ("A", "Account")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (value("Day__c", "2024-01-15"), "Day: value not of required type: 2024-01-15"),
        (value("Check__c", "true"), "Check: value not of required type: true"),
        (value("Check__c", "1", "int"), "Check: value not of required type: 1"),
        (value("Number__c", "true", "boolean"), "Number: value not of required type: true"),
        (value("Short__c", "42.5", "double"), "Short: value not of required type: 42.5"),
        (value("Number__c", "abc", "double"),
         "Error parsing file: 'abc' is not valid for the type xsd:double"),
        (value("Pick__c", "No"), "Pick: bad value for restricted picklist field: No"),
        (value("Short__c", "abcdef"), "Short: data value too large: abcdef (max length=5)"),
        (value("Nobody__c", "a"), "T__mdt: could not find fields: Nobody__c"),
        ("<values><field>Short__c</field><value>a</value></values>",
         "Error parsing file:  Only the following configurations are supported : 1) if the type is "
         'mentioned i.g. type="xsi:boolean" 2) With metadata CRUD API with fullName required'),
    ],
)  # fmt: skip
def test_values_that_are_refused(client: OrgClient, values: str, expected: str) -> None:
    result = deploy_records(client, {"T.One": RECORD.format(values)}, *FIELDS)
    assert [one[2] for one in failures(result)] == [expected]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("T.One", RECORD.replace("<label>One</label>", ""),
         "Required fields are missing: [MasterLabel, Need__c]"),
        ("T.One", RECORD, "Required fields are missing: [Need__c]"),
        ("T.1a", RECORD,
         "Custom Metadata Record Name: The T__mdt API Name can only contain underscores and "
         "alphanumeric characters. It must be unique, begin with a letter, not include spaces, not "
         "end with an underscore, and not contain two consecutive underscores."),
        ("T." + "a" * 41, RECORD, "Value too long for field: fullName maximum length is:40"),
        ("No.One", RECORD, "Custom metadata type No__mdt is not available in this organization."),
    ],
)  # fmt: skip
def test_records_that_are_refused(client: OrgClient, name: str, text: str, expected: str) -> None:
    need = custom_field("Need__c", more="<length>5</length><required>true</required>")
    result = deploy_records(client, {name: text.format("")}, need)
    assert [one[2] for one in failures(result)] == [expected]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (custom_field("A__c", "Currency", DIGITS),
         "A CustomField of type Currency is not supported on T__mdt"),
        (custom_field("A__c", "MetadataRelationship", "<referenceTo>FieldDefinition</referenceTo>"),
         "Must specify 'metadataRelationshipControllingField' for a CustomField of type "
         "MetadataRelationship"),
        (custom_field("A__c", "MetadataRelationship", "<referenceTo>No__mdt</referenceTo>"),
         "referenceTo value of 'No__mdt' does not resolve to a valid sObject type"),
    ],
)  # fmt: skip
def test_fields_that_custom_metadata_does_not_take(
    client: OrgClient, field: str, expected: str
) -> None:
    result = client.deploy(
        package({"CustomObject": "T__mdt"}, {"objects/T__mdt.object": metadata_type(field)})
    )
    assert [one[2] for one in failures(result)] == [expected]
