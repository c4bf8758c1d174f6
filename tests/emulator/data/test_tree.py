"""composite/tree: records with their children, all or none."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.data.conftest import Client


def account(reference: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account", "referenceId": reference}, "Name": reference} | values


def contact(reference: str, **values: Any) -> dict[str, Any]:
    attributes = {"type": "Contact", "referenceId": reference}
    return {"attributes": attributes, "LastName": reference} | values


def post(client: Client, *records: Any, type_name: str = "Account") -> requests.Response:
    return client.call("POST", f"composite/tree/{type_name}", json={"records": list(records)})


def errors(response: requests.Response) -> dict[str, tuple[str, str]]:
    """Code and message by reference id, of an answer that must be a refusal."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["hasErrors"] is True
    return {
        one["referenceId"]: (one["errors"][0]["statusCode"], one["errors"][0]["message"])
        for one in body["results"]
    }


def test_a_tree_is_created_with_an_id_for_each_reference(client: Client) -> None:
    tree = account("a1", Contacts={"records": [contact("c1"), contact("c2")]})
    response = post(client, tree, account("a2"))
    assert response.status_code == 201
    body = response.json()
    assert body["hasErrors"] is False
    ids = {one["referenceId"]: one["id"] for one in body["results"]}
    assert set(ids) == {"a1", "a2", "c1", "c2"}
    found = client.query("SELECT Id, AccountId FROM Contact ORDER BY LastName")
    assert [one["AccountId"] for one in found] == [ids["a1"], ids["a1"]]


def test_a_refused_record_undoes_all_and_only_it_is_named(client: Client) -> None:
    tree = account("a1", Contacts={"records": [contact("c1"), contact("c2", Email="no email")]})
    response = post(client, tree, account("a2", Name="x" * 256))
    assert errors(response) == {
        "c2": ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: no email"),
        "a2": (
            "STRING_TOO_LONG",
            f"Account Name: data value too large: {'x' * 80} (max length=255)",
        ),
    }
    fields = [one["errors"][0]["fields"] for one in response.json()["results"]]
    assert fields == [["Name"], ["Email"]]  # level by level
    assert client.count("Account") == client.count("Contact") == 0


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"Nope__c": 1}, {"errorCode": "INVALID_FIELD",
                          "message": "No such column 'Nope__c' on sobject of type Account"}),
        ({"Nopes": {"records": []}}, {"errorCode": "INVALID_FIELD",
                          "message": "No such column 'Nopes' on sobject of type Account"}),
        ({"NumberOfEmployees": "x"}, {"errorCode": "JSON_PARSER_ERROR",
            "message": "Cannot deserialize instance of int from VALUE_STRING value x or request "
                       "may be missing a required field at [line:1, column:432]"}),
    ],
)  # fmt: skip
def test_what_the_parser_refuses_is_refused_for_the_whole_request(
    client: Client, values: dict[str, Any], error: dict[str, str]
) -> None:
    """As plugin-data expects it: the common body, which names no record."""
    response = post(client, account("a1", Name="x" * 256), account("a2", **values))
    assert response.status_code == 400
    assert response.json() == [error]
    assert client.count("Account") == 0


def test_200_records_are_the_most(client: Client) -> None:
    assert post(client, *(account(f"a{n}") for n in range(200))).status_code == 201
    refused = errors(post(client, *(account(f"b{n}") for n in range(201))))
    assert refused["b0"][0] == "INVALID_INPUT"
    assert client.count("Account") == 200


@pytest.mark.parametrize(
    ("records", "reference", "message"),
    [
        ([account("a"), account("a")], "a", "Duplicate ReferenceId provided in the request."),
        ([account("")], "", "Include a reference ID for each record in the request."),
        ([contact("c")], "c", "Invalid entity type provided in the request: Contact"),
        (
            [{"Name": "x"}],
            "",
            "Include an attributes map with type and referenceId in each record.",
        ),
    ],
)
def test_a_tree_that_is_no_tree_is_refused(
    client: Client, records: list[Any], reference: str, message: str
) -> None:
    assert errors(post(client, *records)) == {reference: ("INVALID_INPUT", message)}
    assert client.count("Account") == 0


def test_setup_objects_have_no_trees(client: Client) -> None:
    record = {"attributes": {"type": "UserRole", "referenceId": "r"}, "Name": "Boss"}
    type_name = "UserRole" if "UserRole" in client.org.store.types else "PermissionSet"
    record["attributes"] = {"type": type_name, "referenceId": "r"}
    [(code, message)] = errors(post(client, record, type_name=type_name)).values()
    assert (code, message) == (
        "INVALID_INPUT",
        f"Invalid entity type provided in the request: {type_name}",
    )


def test_five_levels_are_the_deepest(client: Client) -> None:
    tree = account("a6")
    for level in (5, 4, 3, 2):
        tree = account(f"a{level}", ChildAccounts={"records": [tree]})
    assert post(client, tree).status_code == 201
    [(code, _)] = errors(post(client, account("a1", ChildAccounts={"records": [tree]}))).values()
    assert code == "INVALID_INPUT"


def test_an_unknown_object_is_not_found(client: Client) -> None:
    response = post(client, account("a"), type_name="Nope__c")
    assert response.status_code == 404
    assert response.json()[0]["errorCode"] == "NOT_FOUND"


def test_a_reference_of_the_cli_that_was_not_resolved_is_a_malformed_id(client: Client) -> None:
    response = post(client, contact("c", AccountId="@AccountRef1"), type_name="Contact")
    assert errors(response)["c"][0] == "MALFORMED_ID"
