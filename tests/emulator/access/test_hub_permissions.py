"""On the Dev Hub nobody sees or changes more than permissions, field security and sharing allow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.emulator.access.conftest import Hub, field_grant, object_grant
from tests.emulator.core.conftest import DEFINITION, Client

THING = "Thing__c"
GONE = (404, "NOT_FOUND", "The requested resource does not exist")


def test_a_deploy_gives_nobody_the_new_fields_not_even_the_administrator(hub: Hub) -> None:
    reply = hub.admin.call("GET", "query", params={"q": "SELECT Open__c FROM Thing__c"})
    assert reply.status_code == 400
    assert "No such column 'Open__c' on entity 'Thing__c'" in reply.json()[0]["message"]

    reply = hub.admin.call("POST", f"sobjects/{THING}", json={"Name": "a", "Open__c": "x"})
    message = "No such column 'Open__c' on sobject of type Thing__c"
    assert hub.admin.refusal(reply) == (400, "INVALID_FIELD", message)
    assert hub.admin.create(THING, Name="a")


def test_a_permission_set_shows_fields_for_reading_or_for_both(hub: Hub) -> None:
    grants = (field_grant("Thing__c.Open__c", editable=True), field_grant("Thing__c.Shut__c"))
    set_id = hub.deploy_set("Fields", *grants)
    hub.assign("hub@acme.example", set_id)
    made = hub.admin.create(THING, Name="a", Open__c="x")
    assert hub.admin.read(THING, made)["Open__c"] == "x"
    assert "Key__c" not in hub.admin.read(THING, made)

    reply = hub.admin.call("PATCH", f"sobjects/{THING}/{made}", json={"Shut__c": "y"})
    status, code, message = hub.admin.refusal(reply)
    assert (status, code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert message.startswith("Unable to create/update fields: Shut__c.")


def test_custom_fields_of_standard_hub_objects_are_secured_as_well(hub: Hub) -> None:
    reply = hub.admin.call("POST", "sobjects/ScratchOrgInfo", json={**DEFINITION, "Mine__c": "x"})
    assert reply.json()[0]["errorCode"] == "INVALID_FIELD"
    editable = field_grant("ScratchOrgInfo.Mine__c", editable=True)
    hub.assign("hub@acme.example", hub.deploy_set("Mine", editable))
    assert hub.admin.create("ScratchOrgInfo", **{**DEFINITION, "Mine__c": "x"})


def test_an_object_without_read_does_not_exist(hub: Hub) -> None:
    user = hub.user("nobody@acme.example")
    for path in (f"sobjects/{THING}", f"sobjects/{THING}/describe", "sobjects/ScratchOrgInfo"):
        assert user.refusal(user.call("GET", path)) == GONE
    assert user.refusal(user.call("POST", f"sobjects/{THING}", json={"Name": "a"})) == GONE
    reply = user.call("GET", "query", params={"q": "SELECT COUNT() FROM ScratchOrgInfo"})
    assert reply.json()[0]["errorCode"] == "INVALID_TYPE"
    names = [one["name"] for one in user.call("GET", "sobjects").json()["sobjects"]]
    assert THING not in names
    assert "Account" in names


@pytest.mark.parametrize("profile", ["Minimum Access - Salesforce", "Chatter Free User"])
def test_a_small_profile_sees_no_ordinary_object(hub: Hub, profile: str) -> None:
    user = hub.user("small@acme.example", profile=profile)
    reply = user.call("GET", "query", params={"q": "SELECT Id FROM Account"})
    assert reply.json()[0]["errorCode"] == "INVALID_TYPE"
    assert user.query("SELECT Id FROM User LIMIT 1")


def test_reading_allows_no_writing(hub: Hub) -> None:
    made = hub.admin.create(THING, Name="a")
    user = hub.user("reader@acme.example", object_grant(THING, "Read"))
    assert user.query("SELECT Name FROM Thing__c")[0]["Name"] == "a"
    described = user.call("GET", f"sobjects/{THING}/describe").json()
    assert [described[word] for word in ("createable", "updateable", "deletable")] == [False] * 3

    reply = user.call("POST", f"sobjects/{THING}", json={"Name": "b"})
    message = "entity type cannot be inserted: Thing"
    assert user.refusal(reply) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
    for method in ("PATCH", "DELETE"):
        reply = user.call(method, f"sobjects/{THING}/{made}", json={"Name": "c"})
        assert user.refusal(reply)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_what_others_own_follows_the_sharing_model(hub: Hub) -> None:
    """Public Read Only: seen by all, changed by the owner."""
    others = hub.admin.create(THING, Name="a")
    user = hub.user("writer@acme.example", object_grant(THING, "Read", "Create", "Edit", "Delete"))
    own = user.create(THING, Name="b")
    assert {row["Name"] for row in user.query("SELECT Name FROM Thing__c")} == {"a", "b"}
    reply = user.call("PATCH", f"sobjects/{THING}/{others}", json={"Name": "x"})
    message = "insufficient access rights on object id"
    assert user.refusal(reply) == (400, "INSUFFICIENT_ACCESS_OR_READONLY", message)
    assert user.call("DELETE", f"sobjects/{THING}/{others}").status_code == 400
    assert user.call("PATCH", f"sobjects/{THING}/{own}", json={"Name": "x"}).status_code == 204
    assert user.call("DELETE", f"sobjects/{THING}/{own}").status_code == 204


def test_modify_all_overrides_sharing(hub: Hub) -> None:
    others = hub.admin.create(THING, Name="a")
    flags = ("Read", "Edit", "Delete", "ViewAll", "ModifyAll")
    user = hub.user("steward@acme.example", object_grant(THING, *flags))
    assert user.call("DELETE", f"sobjects/{THING}/{others}").status_code == 204


def test_sign_ups_are_seen_by_their_owner_alone(hub: Hub) -> None:
    """Source: docs/reference/dev-hub.md#rights."""
    hub.admin.create("ScratchOrgInfo", **DEFINITION)
    grant = object_grant("ScratchOrgInfo", "Read", "Create", "Edit", "Delete")
    user = hub.user("signer@acme.example", grant)
    own = user.create("ScratchOrgInfo", **DEFINITION)
    assert [row["Id"] for row in user.query("SELECT Id FROM ScratchOrgInfo")] == [own]
    assert len(hub.admin.query("SELECT Id FROM ScratchOrgInfo")) == 2


def test_changed_and_deleted_records_are_named_to_those_who_see_them(hub: Hub) -> None:
    user = hub.user("signer@acme.example", object_grant("ScratchOrgInfo", "Read", "Create"))
    kept, gone = (hub.admin.create("ScratchOrgInfo", **DEFINITION) for _ in range(2))
    assert hub.admin.call("DELETE", f"sobjects/ScratchOrgInfo/{gone}").status_code == 204
    now = hub.world.now()
    span = {"start": (now - timedelta(minutes=5)).isoformat()}
    span["end"] = (now + timedelta(minutes=5)).isoformat()

    def named(client: Client) -> tuple[list[str], list[str]]:
        path = "sobjects/ScratchOrgInfo"
        changed = client.call("GET", f"{path}/updated", params=span).json()["ids"]
        deleted = client.call("GET", f"{path}/deleted", params=span).json()["deletedRecords"]
        return changed, [one["id"] for one in deleted]

    assert named(hub.admin) == ([kept], [gone])
    assert named(user) == ([], [])


def test_a_permission_set_group_counts_as_its_members(hub: Hub) -> None:
    hub.deploy_set("Reader", object_grant(THING, "Read"))
    group = (
        '<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata"><label>G</label>'
        "<permissionSets>Reader</permissionSets></PermissionSetGroup>"
    )
    hub.deploy({"PermissionSetGroup": "G"}, {"permissionsetgroups/G.permissionsetgroup": group})
    user = hub.user("member@acme.example")
    _, user_id = hub.world.usernames["member@acme.example"]
    [row] = hub.admin.query("SELECT Id FROM PermissionSetGroup WHERE DeveloperName = 'G'")
    while hub.admin.read("PermissionSetGroup", row["Id"])["Status"] != "Updated":
        hub.world.clock.advance(60)
    hub.admin.create("PermissionSetAssignment", AssigneeId=user_id, PermissionSetGroupId=row["Id"])
    assert user.query("SELECT Id FROM Thing__c") == []


def test_collections_and_composite_requests_are_no_way_around(hub: Hub) -> None:
    user = hub.user("sneaky@acme.example", object_grant(THING, "Read"))
    record = {"attributes": {"type": THING}, "Name": "x"}
    [result] = user.call("POST", "composite/sobjects", json={"records": [record]}).json()
    assert result["errors"][0]["statusCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    part = {"method": "POST", "url": f"/services/data/v68.0/sobjects/{THING}", "referenceId": "a"}
    body = {"compositeRequest": [{**part, "body": {"Name": "x"}}]}
    [answer] = user.call("POST", "composite", json=body).json()["compositeResponse"]
    assert answer["body"][0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_metadata_is_deployed_by_administrators_alone(hub: Hub) -> None:
    user = hub.user("builder@acme.example")
    reply = user.call("POST", "metadata/deployRequest", data=b"")
    assert user.refusal(reply)[:2] == (403, "INSUFFICIENT_ACCESS")


def test_nobody_gives_themselves_permissions(hub: Hub) -> None:
    set_id = hub.deploy_set("All", object_grant(THING, "Read", "Edit", "ViewAll"))
    user = hub.user("ambitious@acme.example")
    _, user_id = hub.world.usernames["ambitious@acme.example"]
    values = {"AssigneeId": user_id, "PermissionSetId": set_id}
    reply = user.call("POST", "sobjects/PermissionSetAssignment", json=values)
    assert user.refusal(reply)[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_a_unique_field_takes_a_value_once_in_any_case_and_again_after_a_delete(hub: Hub) -> None:
    editable = field_grant("Thing__c.Key__c", editable=True)
    hub.assign("hub@acme.example", hub.deploy_set("Keys", editable))
    first = hub.admin.create(THING, Name="a", Key__c="One")
    reply = hub.admin.call("POST", f"sobjects/{THING}", json={"Name": "b", "Key__c": " oNE "})
    status, code, message = hub.admin.refusal(reply)
    assert (status, code) == (400, "DUPLICATE_VALUE")
    assert message == (
        f"duplicate value found: Key__c duplicates value on record with id: {first[:15]}"
    )
    other = hub.admin.create(THING, Name="b", Key__c="Two")
    reply = hub.admin.call("PATCH", f"sobjects/{THING}/{other}", json={"Key__c": "one"})
    assert reply.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert hub.admin.call("DELETE", f"sobjects/{THING}/{first}").status_code == 204
    assert hub.admin.create(THING, Name="c", Key__c="one")
