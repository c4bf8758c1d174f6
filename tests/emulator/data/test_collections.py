"""composite/sobjects: many records in one request, each with a result of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.data.conftest import Client

ROLLED_BACK = {
    "success": False,
    "errors": [
        {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request "
            "was using AllOrNone header",
            "fields": [],
        }
    ],
}


def record(type_name: str = "Account", **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": type_name}} | values


def write(
    client: Client, method: str, *records: Any, path: str = "", all_or_none: bool = False
) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "records": list(records)}
    response = client.call(method, f"composite/sobjects{path}", json=body)
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()
    return results


def code_of(result: dict[str, Any]) -> str:
    assert result["success"] is False
    return str(result["errors"][0]["statusCode"])


def test_each_record_succeeds_or_fails_by_itself(client: Client) -> None:
    results = write(client, "POST", record(Name="a"), record(), record("Contact", LastName="c"))
    assert [one["success"] for one in results] == [True, False, True]
    assert results[0]["errors"] == []
    assert results[1]["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Name]",
            "fields": ["Name"],
        }
    ]
    assert "id" not in results[1]
    assert (client.count("Account"), client.count("Contact")) == (1, 1)


def test_records_take_the_files_of_a_multipart_body(client: Client) -> None:
    """Each names its part. Source: "Insert or Update Blob Data" in the REST API Developer Guide."""
    attributes = {"type": "ContentVersion", "binaryPartName": "one"}
    attributes["binaryPartNameAlias"] = "VersionData"
    body = {"allOrNone": False, "records": [{"attributes": attributes, "PathOnClient": "a.txt"}]}
    parts: dict[str, Any] = {"collection": (None, json.dumps(body), "application/json")}
    missing = client.call("POST", "composite/sobjects", files=parts)
    assert (missing.status_code, client.count("ContentVersion")) == (501, 0)
    parts["one"] = ("a.txt", b"\x00text")
    (result,) = client.call("POST", "composite/sobjects", files=parts).json()
    content = client.call("GET", f"sobjects/ContentVersion/{result['id']}/VersionData")
    assert content.content == b"\x00text"


def test_all_or_none_rolls_back_the_good_ones(client: Client) -> None:
    results = write(client, "POST", record(Name="a"), record(), all_or_none=True)
    assert results[0] == ROLLED_BACK
    assert code_of(results[1]) == "REQUIRED_FIELD_MISSING"
    assert client.count("Account") == 0


def test_update_by_id(client: Client) -> None:
    [one] = write(client, "POST", record(Name="a"))
    results = write(
        client,
        "PATCH",
        record(id=one["id"][:15], Name="b"),
        record(Name="without"),
        record(Id="003000000000001AAA", Name="other type"),
        record(id="001000000000001AAA", Name="unknown"),
    )
    assert results[0] == {"id": one["id"], "success": True, "errors": []}
    assert [code_of(result) for result in results[1:]] == [
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert client.query("SELECT Name FROM Account")[0]["Name"] == "b"


def test_upsert_by_external_id(client: Client) -> None:
    path = "/Account/Ext__c"
    first = write(client, "PATCH", record(Ext__c="x", Name="one"), path=path)
    assert first[0]["created"] is True
    results = write(
        client,
        "PATCH",
        record(Ext__c="X", Name="two"),
        record(Name="no key"),
        record(Ext__c="twin", Name="t1"),
        record(ext__C="TWIN", Name="t2"),
        path=path,
    )
    assert results[0] == first[0] | {"created": False}
    assert [code_of(result) for result in results[1:]] == [
        "MISSING_ARGUMENT",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
    ]
    assert [one["Name"] for one in client.query("SELECT Name FROM Account")] == ["two"]


def test_upsert_by_a_field_that_is_no_key_is_refused(client: Client) -> None:
    response = client.call(
        "PATCH", "composite/sobjects/Account/Site", json={"records": [record(Site="x")]}
    )
    assert response.status_code == 400
    assert response.json()[0]["message"] == (
        "Field name provided, Site does not match an External ID, Salesforce Id, or indexed field "
        "for Account"
    )


def test_delete_by_ids(client: Client) -> None:
    ids = [one["id"] for one in write(client, "POST", *(record(Name=n) for n in "abc"))]
    url = f"composite/sobjects?ids={ids[0]},{ids[1]},nonsense,{ids[1]}"
    results = client.call("DELETE", url).json()
    assert [one["success"] for one in results] == [True, True, False, False]
    assert [code_of(one) for one in results[2:]] == ["MALFORMED_ID", "ENTITY_IS_DELETED"]
    results = client.call(
        "DELETE", f"composite/sobjects?ids={ids[2]},{ids[0]}&allOrNone=true"
    ).json()
    assert results[0] == ROLLED_BACK
    assert client.count("Account") == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_read_by_ids(client: Client, method: str) -> None:
    ids = [one["id"] for one in write(client, "POST", *(record(Name=n) for n in "ab"))]
    wanted = [ids[1], "001000000000001AAA", ids[0][:15], "nonsense"]
    if method == "GET":
        url = f"composite/sobjects/Account?ids={','.join(wanted)}&fields=Name,Owner.Name"
        answer = client.call("GET", url).json()
    else:
        body = {"ids": wanted, "fields": ["Name", "Owner.Name"]}
        answer = client.call("POST", "composite/sobjects/Account", json=body).json()
    assert [one and one["Name"] for one in answer] == ["b", None, "a", None]
    assert answer[0]["Owner"]["Name"] == "User User"


def test_read_of_an_unknown_field_is_refused(client: Client) -> None:
    for field in ("Nope", "Name FROM User--"):
        response = client.call(
            "GET", "composite/sobjects/Account", params={"ids": "001000000000001", "fields": field}
        )
        assert response.status_code == 400
        assert response.json()[0]["errorCode"] == "INVALID_FIELD"


def test_200_records_and_10_chunks_are_the_most(client: Client) -> None:
    body = {"records": [record(Name="x")] * 201}
    response = client.call("POST", "composite/sobjects", json=body)
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    mixed = [record(Name="a"), record("Contact", LastName="c")]
    assert client.call("POST", "composite/sobjects", json={"records": mixed * 5}).status_code == 200
    response = client.call("POST", "composite/sobjects", json={"records": mixed * 6})
    assert response.status_code == 400
    assert response.json()[0]["message"] == (
        "Cannot have more than 10 chunks in a single operation. Please rearrange the data to "
        "reduce chunking."
    )


def test_setup_objects_do_not_mix_with_others(client: Client) -> None:
    permission_set = record("PermissionSet", Name="P", Label="P")
    results = write(client, "POST", record(Name="a"), permission_set)
    assert results[0]["success"] is True
    assert results[1]["errors"][0] == {
        "statusCode": "MIXED_DML_OPERATION",
        "message": "DML operation on setup object is not permitted after you have updated a "
        "non-setup object (or vice versa): PermissionSet, original object: Account",
        "fields": [],
    }
    assert write(client, "POST", permission_set)[0]["success"] is True


@pytest.mark.parametrize("body", [None, [], {}, {"records": 5}, {"records": [1]}])
def test_a_body_without_records_is_refused(client: Client, body: Any) -> None:
    response = client.call("POST", "composite/sobjects", json=body)
    assert response.status_code == 400
