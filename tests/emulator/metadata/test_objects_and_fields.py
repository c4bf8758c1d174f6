"""Objects and fields become real: what a deploy adds can be written, queried and is enforced."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import (
    XMLNS,
    custom_field,
    custom_object,
    lookup,
    object_part,
    package,
)
from tests.emulator.metadata.conftest import OrgClient, failures


def deploy_object(client: OrgClient, text: str, name: str = "Thing__c") -> dict[str, Any]:
    """Deploy one object file."""
    return client.deploy(package({"CustomObject": name}, {f"objects/{name}.object": text}))


def error(client: OrgClient, **values: Any) -> tuple[str, str]:
    """Code and message of an insert of a Thing__c that is refused."""
    reply = client.create("Thing__c", **values)
    assert reply.status_code == 400, reply.text
    return reply.json()[0]["errorCode"], reply.json()[0]["message"]


def problems(client: OrgClient, *fields: str) -> list[str]:
    """The problems of a deploy of Thing__c with these fields."""
    result = deploy_object(client, custom_object(*fields))
    return [problem for _, _, problem in failures(result)]


def test_a_new_object_takes_records(client: OrgClient) -> None:
    number = custom_field("N__c", "Number", "<precision>5</precision><scale>1</scale>")
    result = deploy_object(client, custom_object(custom_field("Text__c"), number))
    assert result["status"] == "Succeeded"
    created = client.create("Thing__c", Name="a", Text__c="x", N__c="2.5")
    assert created.status_code == 201
    assert created.json()["id"].startswith("a0")
    [row] = client.query("SELECT Name, Text__c, N__c, Owner.Name FROM Thing__c")
    assert (row["Name"], row["Text__c"], row["N__c"]) == ("a", "x", 2.5)
    assert row["Owner"]["Name"] == "User User"
    describe = client.call("GET", "/services/data/v66.0/sobjects/Thing__c/describe").json()
    assert describe["custom"] is True
    assert describe["keyPrefix"] == created.json()["id"][:3]


def test_what_the_schema_says_is_enforced(client: OrgClient) -> None:
    required = custom_field("Req__c", more="<length>5</length><required>true</required>")
    unique = custom_field("Uni__c", more="<length>9</length><unique>true</unique>")
    deploy_object(client, custom_object(required, unique))
    assert error(client, Name="a")[0] == "REQUIRED_FIELD_MISSING"
    assert error(client, Name="a", Req__c="123456")[0] == "STRING_TOO_LONG"
    assert error(client, Name="a", Nope__c="x")[0] == "INVALID_FIELD"
    assert client.create("Thing__c", Name="a", Req__c="1", Uni__c="u").status_code == 201
    assert error(client, Name="a", Req__c="1", Uni__c="U")[0] == "DUPLICATE_VALUE"


def test_a_field_that_was_not_deployed_does_not_exist(client: OrgClient) -> None:
    reply = client.create("Account", Name="a", Ext__c="x")
    assert reply.json()[0]["errorCode"] == "INVALID_FIELD"
    field = object_part(custom_field("Ext__c"))
    client.deploy(package({"CustomField": "Account.Ext__c"}, {"objects/Account.object": field}))
    assert client.create("Account", Name="a", Ext__c="x").status_code == 201


def test_lookups_can_be_followed_both_ways(client: OrgClient) -> None:
    deploy_object(client, custom_object(lookup("Account__c", "Account", children="Things")))
    account = client.create("Account", Name="a").json()["id"]
    client.create("Thing__c", Name="t", Account__c=account)
    [row] = client.query("SELECT Account__r.Name FROM Thing__c")
    assert row["Account__r"]["Name"] == "a"
    [parent] = client.query("SELECT Name, (SELECT Name FROM Things__r) FROM Account")
    assert parent["Things__r"]["records"][0]["Name"] == "t"


def test_details_have_no_owner_and_go_with_their_master(client: OrgClient) -> None:
    master = lookup("Account__c", "Account", "MasterDetail", "Things")
    result = deploy_object(client, custom_object(master, sharing="ControlledByParent"))
    assert result["status"] == "Succeeded"
    assert error(client, Name="t")[0] == "REQUIRED_FIELD_MISSING"
    account = client.create("Account", Name="a").json()["id"]
    client.create("Thing__c", Name="t", Account__c=account)
    assert "OwnerId" not in client.org.store.types["Thing__c"].fields
    client.call("DELETE", f"/services/data/v66.0/sobjects/Account/{account}")
    assert client.query("SELECT Id FROM Thing__c") == []


def test_automatic_numbers_count(client: OrgClient) -> None:
    text = custom_object().replace(
        "<type>Text</type>", "<type>AutoNumber</type><displayFormat>T-{0000}</displayFormat>", 1
    )
    deploy_object(client, text)
    for _ in range(2):
        assert client.create("Thing__c").status_code == 201
    rows = client.query("SELECT Name FROM Thing__c ORDER BY Name")
    assert [row["Name"] for row in rows] == ["T-0001", "T-0002"]
    assert error(client, Name="own")[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_restricted_picklists_take_their_values_only(client: OrgClient) -> None:
    values = "".join(
        f"<value><fullName>{one}</fullName><default>{'true' if one == 'A' else 'false'}</default>"
        f"<label>{one}</label></value>"
        for one in "AB"
    )
    definition = f"<valueSetDefinition>{values}</valueSetDefinition>"
    value_set = f"<valueSet><restricted>true</restricted>{definition}</valueSet>"
    deploy_object(client, custom_object(custom_field("P__c", "Picklist", value_set)))
    code, message = error(client, Name="a", P__c="C")
    assert code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert "C" in message
    client.create("Thing__c", Name="a")
    assert client.query("SELECT P__c FROM Thing__c")[0]["P__c"] == "A"


def test_global_value_sets_are_shared(client: OrgClient) -> None:
    values = "<customValue><fullName>X</fullName><default>false</default></customValue>"
    shared = f"<GlobalValueSet {XMLNS}>{values}<masterLabel>S</masterLabel></GlobalValueSet>"
    field = custom_field(
        "P__c", "Picklist", "<valueSet><valueSetName>Shared</valueSetName></valueSet>"
    )
    files = {"objects/Thing__c.object": custom_object(field)}
    members = {"CustomObject": "Thing__c"}
    failed = client.deploy(package(members, files))
    assert failures(failed)[0][2] == "In field: valueSet - no GlobalValueSet named Shared found"
    files["globalValueSets/Shared.globalValueSet"] = shared
    result = client.deploy(package({**members, "GlobalValueSet": "Shared"}, files))
    assert result["status"] == "Succeeded"
    assert error(client, Name="a", P__c="Y")[0] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_formulas_and_roll_ups_are_read_only(client: OrgClient) -> None:
    formula = custom_field("F__c", "Text", "<formula>Name</formula>")
    deploy_object(client, custom_object(formula))
    assert error(client, Name="a", F__c="x")[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_checkboxes_have_a_default(client: OrgClient) -> None:
    box = custom_field("C__c", "Checkbox", "<defaultValue>true</defaultValue>")
    deploy_object(client, custom_object(box))
    client.create("Thing__c", Name="a")
    assert client.query("SELECT C__c FROM Thing__c")[0]["C__c"] is True


def test_locations_are_written_through_their_coordinates(client: OrgClient) -> None:
    place = custom_field("Place__c", "Location", "<scale>6</scale>")
    deploy_object(client, custom_object(place))
    reply = client.create("Thing__c", Name="a", Place__Latitude__s=1.5, Place__Longitude__s=2)
    assert reply.status_code == 201


def test_fields_of_activities_are_fields_of_tasks_and_events(client: OrgClient) -> None:
    field = object_part(custom_field("Ext__c"))
    files = {"objects/Activity.object": field}
    result = client.deploy(package({"CustomField": "Activity.Ext__c"}, files))
    assert result["status"] == "Succeeded"
    assert client.create("Task", Subject="a", Ext__c="x").status_code == 201


def test_an_external_id_serves_for_upserts(client: OrgClient) -> None:
    key = custom_field("Key__c", more="<length>9</length><externalId>true</externalId>")
    deploy_object(client, custom_object(key))
    path = "/services/data/v66.0/sobjects/Thing__c/Key__c/k1"
    assert client.call("PATCH", path, json={"Name": "a"}).status_code == 201
    assert client.call("PATCH", path, json={"Name": "b"}).status_code in (200, 204)
    assert [row["Name"] for row in client.query("SELECT Name FROM Thing__c")] == ["b"]


def test_a_redeploy_changes_a_field_and_keeps_the_data(client: OrgClient) -> None:
    deploy_object(client, custom_object(custom_field("T__c", more="<length>5</length>")))
    client.create("Thing__c", Name="a", T__c="12345")
    deploy_object(client, custom_object(custom_field("T__c", more="<length>9</length>")))
    assert client.create("Thing__c", Name="b", T__c="123456789").status_code == 201
    assert len(client.query("SELECT Id FROM Thing__c WHERE T__c != null")) == 2


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (custom_field("Bad"), "Could not resolve standard field's name."),
        (custom_field("A__x"), "Invalid fullName, must end in Custom Suffix (e.g. __c)"),
        (custom_field("A__c", "Text", ""), "Must specify 'length' for a CustomField of type Text"),
        (
            custom_field("A__c", "Number", "<scale>0</scale>"),
            "Must specify 'precision' for a CustomField of type Number",
        ),
        (custom_field("A__c", "Colour"), "'Colour' is not a valid value for the enum 'FieldType'"),
        (
            lookup("A__c", "Nobody__c"),
            "referenceTo value of 'Nobody__c' does not resolve to a valid sObject type",
        ),
        (
            custom_field("A__c", more="<length>x</length>"),
            "'x' is not a valid value for the type xsd:int",
        ),
        (
            custom_field("A__c", "Checkbox", "<required>true</required>"),
            "Can not specify 'required' for a CustomField of type Checkbox",
        ),
        (
            custom_field(
                "A__c", "Lookup", "<referenceTo>User</referenceTo><required>true</required>"
            ),
            "must specify either cascade delete or restrict delete for required lookup foreign key",
        ),
    ],
)
def test_fields_that_are_refused(client: OrgClient, field: str, problem: str) -> None:
    assert problems(client, field) == [problem]


def test_a_child_relationship_name_is_taken_once(client: OrgClient) -> None:
    found = problems(
        client,
        lookup("A__c", "Account", children="Kids"),
        lookup("B__c", "Account", children="Kids"),
    )
    assert found == ["There is already a Child Relationship named Kids on Account."]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (custom_object(label=""), "Must specify a non-empty label for the CustomObject"),
        (
            custom_object().replace("<type>Text</type>", "<type>Number</type>"),
            "Must specify a nameField of type Text or AutoNumber",
        ),
        (
            custom_object(sharing="Everybody"),
            "'Everybody' is not a valid value for the enum 'SharingModel'",
        ),
        (
            custom_object(sharing="ControlledByParent"),
            "Cannot set sharingModel to ControlledByParent on a CustomObject without a "
            "MasterDetail relationship field",
        ),
    ],
)
def test_objects_that_are_refused(client: OrgClient, text: str, problem: str) -> None:
    [(_, name, found)] = failures(deploy_object(client, text))
    assert (name, found) == ("Thing__c", problem)
    assert client.org.store.find_type("Thing__c") is None


def test_a_field_of_an_object_that_is_not_there(client: OrgClient) -> None:
    files = {"objects/Nobody__c.object": object_part(custom_field("A__c"))}
    result = client.deploy(package({"CustomField": "Nobody__c.A__c"}, files))
    expected = "Entity of type 'CustomObject' named 'Nobody__c' cannot be found"
    assert failures(result)[0][2] == expected


def test_a_field_of_a_sign_up_belongs_to_a_dev_hub(client: OrgClient) -> None:
    files = {"objects/ScratchOrgInfo.object": object_part(custom_field("Pool__c"))}
    zip_bytes = package({"CustomField": "ScratchOrgInfo.Pool__c"}, files)
    [(_, _, problem)] = failures(client.deploy(zip_bytes))
    assert problem == "Entity of type 'CustomObject' named 'ScratchOrgInfo' cannot be found"
    hub = client.world.hub
    client.http.headers["Authorization"] = (
        f"Bearer {client.world.sessions.open(hub, hub.admin_id, 'tests').token}"
    )
    assert client.deploy(zip_bytes)["status"] == "Succeeded"
    assert hub.store.types["ScratchOrgInfo"].find_field("Pool__c") is not None


@pytest.mark.parametrize("members", [{"CustomField": "Quote.Ext__c"}, {"CustomObject": "Quote"}])
def test_a_standard_object_that_is_not_emulated_is_named(
    client: OrgClient, members: dict[str, str]
) -> None:
    """Salesforce publishes it; whether a real org has it depends on the org."""
    files = {"objects/Quote.object": object_part(custom_field("Ext__c"))}
    problems = {problem for _, _, problem in failures(client.deploy(package(members, files)))}
    assert problems == {
        "The emulator does not emulate the standard object Quote; a real org may have it "
        "(rehearse --assume object:Quote)"
    }
    query = {"q": "SELECT Id FROM Quote"}
    reply = client.call("GET", "/services/data/v66.0/query", params=query)
    assert reply.status_code == 501
    assert "Quote" in reply.json()[0]["message"]


def test_a_standard_object_that_there_is_not_is_not_created(client: OrgClient) -> None:
    files = {"objects/Nonsense.object": object_part(custom_field("Ext__c"))}
    whole = client.deploy(package({"CustomObject": "Nonsense"}, files))
    assert {(name, problem) for _, name, problem in failures(whole)} == {
        ("Nonsense", "Invalid fullName, must end in a custom suffix ( for ex. __c )"),
        ("Nonsense.Ext__c", "Entity of type 'CustomObject' named 'Nonsense' cannot be found"),
    }
    field = client.deploy(package({"CustomField": "Nonsense.Ext__c"}, files))
    assert len(failures(field)) == 1
    assert client.org.store.find_type("Nonsense") is None


def test_activities_are_an_object_of_metadata_only(client: OrgClient) -> None:
    files = {"objects/Activity.object": object_part(custom_field("Ext__c"))}
    result = client.deploy(package({"CustomObject": "Activity"}, files))
    assert result["status"] == "Succeeded"
    assert client.org.store.types["Task"].find_field("Ext__c") is not None
