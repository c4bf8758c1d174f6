"""Answers that others recorded from real orgs, compared with the emulator's.

The recordings are in amp-labs/connectors (providers/salesforce/test), NangoHQ/integration-templates
(integrations/salesforce/tests) and SFDO-Tooling/CumulusCI (cassettes).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from provisioner.emulator.ids import to_15
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.world import World
from tests.emulator.data.conftest import Client
from tests.emulator.data.test_bulk_ingest import Job

ROOT = "/services/data/v68.0"
MISSING = "001xx000003DHP0AAO"


def test_a_duplicate_assignment_has_two_spaces_and_names_both_fields(client: Client) -> None:
    user, store = client.org.admin_id, client.org.store
    set_id = store.add("PermissionSet", {"Name": "Reader", "Label": "Reader"})
    values = {"AssigneeId": user, "PermissionSetId": set_id}
    assert client.call("POST", "sobjects/PermissionSetAssignment", json=values).status_code == 201
    again = client.call("POST", "sobjects/PermissionSetAssignment", json=values)
    text = "Duplicate PermissionSetAssignment.  Assignee: {}; Permission Set: {}"
    assert again.status_code == 400
    assert again.json() == [
        {
            "message": text.format(to_15(user), to_15(set_id)),
            "errorCode": "DUPLICATE_VALUE",
            "fields": ["AssigneeId", "PermissionSetId"],
        }
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "composite/sobjects"),
        ("PATCH", "composite/sobjects"),
        ("PATCH", "composite/sobjects/Account/Id"),
    ],
)
def test_an_empty_collection_is_refused(client: Client, method: str, path: str) -> None:
    reply = client.call(method, path, json={"records": []})
    assert reply.status_code == 400
    assert reply.json() == [
        {"message": "At least 1 record is required", "errorCode": "REQUIRED_FIELD_MISSING"}
    ]


def test_an_upserted_record_needs_attributes(client: Client) -> None:
    account = {"attributes": {"type": "Account"}}
    records = [{"Id": MISSING, "Name": "x"}, {"Id": None, "Name": "y", **account}]
    reply = client.call("PATCH", "composite/sobjects/Account/Id", json={"records": records})
    refused, created = reply.json()
    error = {
        "statusCode": "JSON_PARSER_ERROR",
        "message": "Nested object for polymorphic foreign key must have an attributes field "
        "before any other fields.",
        "fields": [],
    }
    assert refused == {"success": False, "errors": [error], "created": False}
    assert created["created"] is True


@pytest.mark.parametrize(("method", "id_"), [("POST", {}), ("PATCH", {"Id": MISSING})])
def test_a_record_of_a_collection_needs_attributes(
    client: Client, method: str, id_: dict[str, str]
) -> None:
    records = [{**id_, "Name": "x"}, {**id_, "attributes": {"type": "Account"}, "Name": "y"}]
    first, _ = client.call(method, "composite/sobjects", json={"records": records}).json()
    assert first["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"


def test_a_wrong_value_in_a_collection_has_no_location(client: Client) -> None:
    record = {"attributes": {"type": "Account"}, "Name": "x", "NumberOfEmployees": True}
    (refused,) = client.call("POST", "composite/sobjects", json={"records": [record]}).json()
    assert refused["errors"][0]["message"] == (
        "Cannot deserialize instance of int from VALUE_TRUE value true or request may be missing a "
        "required field at [Source: N/A; line: -1, column: -1][line:-1, column:-1]"
    )


@pytest.mark.parametrize(
    ("path", "values", "name"),
    [
        ("sobjects/Account/{id}", {"id": MISSING, "Name": "x"}, "Id"),
        ("sobjects/Account/Id/{id}", {"Id": MISSING, "Name": "x"}, "Id"),
        ("sobjects/Account/Ext__c/new", {"ext__c": "new", "Name": "x"}, "Ext__c"),
    ],
)
def test_a_body_must_not_have_the_key_of_the_path(
    client: Client, path: str, values: dict[str, str], name: str
) -> None:
    account = created(client, "A")
    reply = client.call("PATCH", path.format(id=account), json=values)
    text = f"The {name} field should not be specified in the sobject data."
    assert (reply.status_code, reply.json()) == (
        400,
        [{"message": text, "errorCode": "INVALID_FIELD"}],
    )


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("sobjects/Account/001000000000000AAA", "POST", "HEAD,GET,PATCH,DELETE"),
        ("sobjects/Account", "PATCH", "HEAD,GET,POST"),
        ("composite", "GET", "POST"),
    ],
)
def test_a_method_that_is_not_allowed(client: Client, path: str, method: str, allowed: str) -> None:
    text = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    body = [{"message": text, "errorCode": "METHOD_NOT_ALLOWED"}]
    reply = client.call(method, path, json={})
    assert (reply.status_code, reply.json()) == (405, body)
    assert "Vary" not in reply.headers
    request = {"method": method, "url": f"{ROOT}/{path}", "referenceId": "a"}
    if path != "composite":
        inner = client.call("POST", "composite", json={"compositeRequest": [request]}).json()
        assert inner["compositeResponse"][0]["body"] == body


def test_other_media_types_are_refused(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    reply = client.call("POST", "sobjects/Account", data="Name=x", headers=form)
    text = "MediaType of 'application/x-www-form-urlencoded' is not supported by this resource"
    assert (reply.status_code, reply.json()) == (
        415,
        [{"message": text, "errorCode": "UNSUPPORTED_MEDIA_TYPE"}],
    )
    xml = {"Content-Type": "application/xml"}
    assert client.call("POST", "sobjects/Account", data="<a/>", headers=xml).status_code == 501
    xml = {"Accept": "application/xml;q=0.9, */*"}
    assert client.call("GET", "limits", headers=xml).status_code == 501
    browser = {"Accept": "text/html,application/xml"}
    assert client.call("GET", "limits", headers=browser).status_code == 200


@pytest.mark.parametrize("name", ["listviews", "quickActions", "approvalLayouts"])
def test_other_resources_of_an_object_are_no_records(client: Client, name: str) -> None:
    assert client.call("GET", f"sobjects/Account/{name}").status_code == 501
    assert client.call("GET", f"sobjects/Nope/{name}").status_code == 404


@pytest.mark.parametrize(
    ("version", "status", "code"), [("30.0", 410, "GONE"), ("99.0", 404, "NOT_FOUND")]
)
def test_versions_that_are_retired_or_to_come(
    client: Client, version: str, status: int, code: str
) -> None:
    reply = client.call("GET", f"/services/data/v{version}/sobjects")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (status, code)


def test_the_versions_have_the_names_of_their_releases(client: Client) -> None:
    labels = {one["version"]: one["label"] for one in client.call("GET", "/services/data").json()}
    assert (labels["42.0"], labels["66.0"]) == ("Spring \u201918", "Spring '26")


def test_an_update_of_a_missing_record(client: Client) -> None:
    record = {"attributes": {"type": "Account"}, "id": MISSING, "Name": "x"}
    reply = client.call("PATCH", "composite/sobjects", json={"records": [record]})
    error = {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id"}
    assert reply.json() == [{"success": False, "errors": [{**error, "fields": []}]}]


@pytest.mark.parametrize(("value", "status"), [("new", 201), ("known", 200)])
def test_an_upsert_names_the_location(client: Client, value: str, status: int) -> None:
    client.org.store.insert("Account", {"Name": "A", "Ext__c": "known"}, user_id="")
    reply = client.call("PATCH", f"sobjects/Account/Ext__c/{value}", json={"Name": "B"})
    assert reply.status_code == status
    path = f"{ROOT}/sobjects/Account/{reply.json()['id']}"
    assert reply.headers["Location"] == path


def test_tooling_queries_have_three_more_keys(client: Client) -> None:
    client.org.store.add("ApexClass", {"Name": "A"})
    soql = "SELECT Id FROM ApexClass"
    found = client.call("GET", "tooling/query", params={"q": soql}).json()
    assert list(found) == ["size", "totalSize", "done", "queryLocator", "entityTypeName", "records"]
    assert (found["size"], found["queryLocator"], found["entityTypeName"]) == (1, None, "ApexClass")
    params = {"q": f"{soql} WHERE Name = 'B'"}
    empty = client.call("GET", "tooling/query", params=params).json()
    assert (empty["size"], empty["entityTypeName"]) == (0, None)
    assert list(client.call("GET", "query", params={"q": soql}).json()) == [
        "totalSize", "done", "records",
    ]  # fmt: skip


def test_a_bulk_job_has_fewer_keys_after_its_upload(client: Client, world: World) -> None:
    job = Job(client, world, operation="upsert", externalIdFieldName="Ext__c")
    keys = ["id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
            "externalIdFieldName", "concurrencyMode", "contentType", "apiVersion"]  # fmt: skip
    assert list(job.info) == [*keys, "contentUrl", "lineEnding", "columnDelimiter"]
    assert job.info["createdDate"].endswith(".000+0000")
    path = f"jobs/ingest/{job.info['id']}"
    client.call("PUT", f"{path}/batches", data=b"Ext__c\na\n", headers={"Content-Type": "text/csv"})
    closed = client.call("PATCH", path, json={"state": "UploadComplete"}).json()
    assert list(closed) == keys
    assert list(client.call("GET", path).json()) == [
        *keys, "jobType", "lineEnding", "columnDelimiter", "numberRecordsProcessed",
        "numberRecordsFailed", "retries", "totalProcessingTime", "apiActiveProcessingTime",
        "apexProcessingTime",
    ]  # fmt: skip


def test_results_of_a_bulk_job_have_the_header_as_it_was_sent(client: Client, world: World) -> None:
    client.org.store.add_field("Account", Field("Due__c", "date"))
    job = Job(client, world)
    job.run('Name,"Ext__c",Due__c\nOne,a,2003-04-9876\n')
    head, row = client.call("GET", f"{job.path}/failedResults").text.splitlines()
    assert head == '"sf__Id","sf__Error",Name,"Ext__c",Due__c'
    error = (
        "INVALID_FIELD:Failed to deserialize field at col 2. Due to, '2003-04-9876' is not a valid "
    )
    error += "value for the type xsd:date:Due__c --"
    assert row == f'"","{error}","One","a","2003-04-9876"'
    assert client.call("GET", f"{job.path}/unprocessedrecords").text == 'Name,"Ext__c",Due__c\n'


@pytest.mark.parametrize(
    "path", ["sobjects", "sobjects/Account/describe", "query?q=SELECT Id FROM User"]
)
def test_answers_are_not_stored_by_proxies(client: Client, path: str) -> None:
    headers = client.call("GET", path).headers
    assert headers["Cache-Control"] == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert headers["Vary"] == "Accept-Encoding"


def test_what_the_framework_refuses_has_its_code_first(client: Client) -> None:
    """As CumulusCI recorded both."""
    missing = client.call("GET", "sobjects/Foo").json()
    assert list(missing[0]) == ["errorCode", "message"]
    unknown = client.call("GET", "query", params={"q": "SELECT Id FROM Foo"}).json()
    assert list(unknown[0]) == ["message", "errorCode"]


@pytest.mark.parametrize("path", ["sobjects", "sobjects/Account/describe"])
def test_a_describe_that_has_not_changed_is_not_sent_again(client: Client, path: str) -> None:
    first = client.call("GET", path)
    assert re.fullmatch(r'"[0-9a-f]{8}--gzip"', first.headers["ETag"])
    for name, value in (("If-None-Match", first.headers["ETag"]),
                        ("If-Modified-Since", first.headers["Last-Modified"])):  # fmt: skip
        again = client.call("GET", path, headers={name: value})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"].strip('"') == first.headers["ETag"][1:9]
    client.org.store.add_field("Account", Field("New__c"))
    if path != "sobjects":
        tag = {"If-None-Match": first.headers["ETag"]}
        assert client.call("GET", path, headers=tag).status_code == 200


def test_an_account_has_a_tag_and_other_records_a_date(client: Client, world: World) -> None:
    account = client.call("POST", "sobjects/Account", json={"Name": "A"}).json()["id"]
    read = client.call("GET", f"sobjects/Account/{account}")
    assert re.fullmatch(r'"[\w+/]{43}=(--gzip)?"', read.headers["ETag"])
    same = {"If-None-Match": read.headers["ETag"]}
    assert client.call("GET", f"sobjects/Account/{account}", headers=same).status_code == 304
    world.clock.advance(60)
    client.call("PATCH", f"sobjects/Account/{account}", json={"Name": "B"})
    assert client.call("GET", f"sobjects/Account/{account}", headers=same).json()["Name"] == "B"
    headers = client.call("GET", f"sobjects/User/{client.org.admin_id}").headers
    assert "ETag" not in headers
    assert headers["Last-Modified"].endswith(" GMT")


@pytest.mark.parametrize("since", ["yesterday", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_date_that_is_too_old_or_none_changes_nothing(client: Client, since: str) -> None:
    assert client.call("GET", "sobjects", headers={"If-Modified-Since": since}).status_code == 200


def test_conditions_count_inside_a_composite_request(client: Client) -> None:
    changed = client.call("GET", "sobjects").headers["Last-Modified"]
    request = {"method": "GET", "url": f"{ROOT}/sobjects", "referenceId": "a",
               "httpHeaders": {"If-Modified-Since": changed}}  # fmt: skip
    reply = client.call("POST", "composite", json={"compositeRequest": [request]})
    (answer,) = reply.json()["compositeResponse"]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)
    assert set(answer["httpHeaders"]) == {"ETag", "Last-Modified"}


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Bearer nonsense", "INVALID_AUTH_HEADER"),
        ("Bearer ", "INVALID_AUTH_HEADER"),
        ("Basic dTpw", "INVALID_AUTH_HEADER"),
        ("Bearer 00D000000000001!AQ.ended", "INVALID_SESSION_ID"),
        (None, "INVALID_SESSION_ID"),
    ],
)
def test_a_header_that_names_no_session(
    client: Client, authorization: str | None, code: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = requests.get(f"{client.base}/limits", headers=headers, timeout=10)
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Token")
    assert reply.json()[0]["errorCode"] == code


def test_the_urls_of_a_describe(client: Client) -> None:
    keys = {"compactLayouts", "rowTemplate", "approvalLayouts", "listviews", "describe",
            "quickActions", "layouts", "sobject"}  # fmt: skip
    assert set(client.get("sobjects/Account")["objectDescribe"]["urls"]) == keys
    found = client.get("sobjects/Account/describe")["urls"]
    assert set(found) == keys | {"uiDetailTemplate", "uiEditTemplate", "uiNewRecord"}
    assert found["uiNewRecord"] == f"{client.url}/001/e"
    assert {"namedLayouts", "passwordUtilities"} <= set(
        client.get("sobjects/User/describe")["urls"]
    )


def test_the_fields_of_a_describe(client: Client) -> None:
    described = client.get("sobjects/Account/describe")
    fields = {one["name"]: one for one in described["fields"]}
    assert (fields["Id"]["label"], fields["IsDeleted"]["label"]) == ("Account ID", "Deleted")
    assert fields["IsDeleted"]["aggregatable"] is False
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert fields["Name"]["extraTypeInfo"] == "switchablepersonname"
    assert fields["BillingGeocodeAccuracy"]["restrictedPicklist"] is True
    assert fields["OwnerId"]["polymorphicForeignKey"] is False
    children = {(one["childSObject"], one["field"]): one["relationshipName"]
                for one in described["childRelationships"]}  # fmt: skip
    assert children["WorkOrder", "AccountId"] == "WorkOrders"
    lead = {one["name"]: one for one in client.get("sobjects/Lead/describe")["fields"]}
    assert set(lead["OwnerId"]["referenceTo"]) == {"User", "Group"}
    assert lead["FirstName"]["compoundFieldName"] == "Name"


def test_the_identity_has_all_keys(client: Client) -> None:
    info = client.call("GET", "/services/oauth2/userinfo").json()
    assert list(info) == [
        "sub", "user_id", "organization_id", "preferred_username", "nickname", "name", "email",
        "email_verified", "given_name", "family_name", "zoneinfo", "photos", "profile", "picture",
        "address", "is_salesforce_integration_user", "urls", "active", "user_type", "language",
        "locale", "utcOffset", "updated_at",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", info["updated_at"])
    assert info["urls"]["metadata"].endswith(f"/services/Soap/m/{{version}}/{client.org.id[:15]}")
    assert {"feeds", "users", "feed_elements"} <= set(info["urls"])


def test_limits_of_an_ordinary_org(client: Client, world: World) -> None:
    limits: dict[str, Any] = client.get("limits")
    assert "ActiveScratchOrgs" not in limits
    assert limits["DailyApiRequests"]["Max"] == world.limits.api


def test_recent_records_are_those_that_the_user_has_made(client: Client, world: World) -> None:
    assert client.get("recent") == []
    made = [created(client, name) for name in ("A", "B")]
    world.clock.advance(60)
    client.call("PATCH", f"sobjects/Account/{made[0]}", json={"Name": "C"})
    assert client.get("recent") == [
        {
            "attributes": {"type": "Account", "url": f"{ROOT}/sobjects/Account/{record_id}"},
            "Id": record_id,
            "Name": name,
        }
        for record_id, name in ((made[0], "C"), (made[1], "B"))
    ]
    assert len(client.get("recent", limit="1")) == 1
    assert client.get("sobjects/Account")["recentItems"] == client.get("recent")
    assert client.get("sobjects/Contact")["recentItems"] == []
    assert client.call("GET", "recent?limit=all").status_code == 400


def test_global_quick_actions(client: Client) -> None:
    reply = client.call("GET", "quickActions")
    assert {"ETag", "Last-Modified"} <= set(reply.headers)
    first, *_, last = reply.json()
    assert set(first) == {"actionEnumOrId", "label", "name", "type", "urls"}
    assert (first["label"], first["urls"]["quickAction"]) == (
        "Log a Call",
        f"{ROOT}/quickActions/LogACall",
    )
    assert last == {"actionEnumOrId": "FeedItem.QuestionPost", "label": "Question",
                    "name": "FeedItem.QuestionPost", "type": "Post", "urls": {}}  # fmt: skip


def created(client: Client, name: str) -> str:
    """The id of a new account."""
    return str(client.call("POST", "sobjects/Account", json={"Name": name}).json()["id"])


def test_the_asset_of_a_case_can_be_set(client: Client) -> None:
    account = client.org.store.add("Account", {"Name": "a"})
    values = {"Name": "pump", "AccountId": account}
    asset = client.call("POST", "sobjects/Asset", json=values).json()["id"]
    made = client.call("POST", "sobjects/Case", json={"AssetId": asset})
    assert made.status_code == 201, made.text
    path = f"sobjects/Case/{made.json()['id']}"
    assert client.call("PATCH", path, json={"AssetId": None}).status_code == 204
    assert client.call("PATCH", path, json={"AssetId": asset}).status_code == 204
    assert client.query("SELECT Asset.Name FROM Case")[0]["Asset"]["Name"] == "pump"
    [found] = client.query("SELECT (SELECT Id FROM Cases) FROM Asset")
    assert found["Cases"]["totalSize"] == 1
    fields = {one["name"]: one for one in client.get("sobjects/Case/describe")["fields"]}
    assert (fields["AssetId"]["createable"], fields["AssetId"]["updateable"]) == (True, True)
