"""TYPEOF: the fields of a parent that can be of several types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.data.conftest import Client, shared_client

__all__ = ["shared_client"]


@pytest.fixture
def client(shared_client: Client) -> Client:
    """The client of the module."""
    return shared_client


@pytest.fixture(scope="module")
def tasks(shared_client: Client) -> dict[str, str]:
    """Ids by name: tasks about an account, a case and nothing."""
    ids: dict[str, str] = {}
    for name, kind, values in (
        ("account", "Account", {"Name": "Acme", "Phone": "1"}),
        ("case", "Case", {"Subject": "Broken"}),
        ("contact", "Contact", {"LastName": "Ho", "FirstName": "Al"}),
    ):
        reply = shared_client.call("POST", f"sobjects/{kind}", json=values)
        ids[name] = reply.json()["id"]
    for subject, values in (
        ("about an account", {"WhatId": ids["account"], "WhoId": ids["contact"]}),
        ("about a case", {"WhatId": ids["case"]}),
        ("about nothing", {}),
    ):
        reply = shared_client.call("POST", "sobjects/Task", json={"Subject": subject, **values})
        ids[subject] = reply.json()["id"]
    return ids


def whats(client: Client, select: str) -> list[Any]:
    query = f"SELECT Subject, {select} FROM Task ORDER BY Subject DESC"
    return [one["What"] for one in client.query(query)]


def test_each_type_has_its_fields(client: Client, tasks: dict[str, str]) -> None:
    case, account = tasks["case"], tasks["account"]
    nothing, about_account, about_case = whats(
        client,
        "TYPEOF What WHEN Account THEN Phone, Owner.Username, Name WHEN Case THEN subject END",
    )
    assert nothing is None
    assert about_account["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v68.0/sobjects/Account/{account}",
    }
    assert list(about_account) == ["attributes", "Phone", "Owner", "Name"]
    assert about_account["Phone"] == "1"
    assert about_case == {
        "attributes": {
            "type": "Case",
            "url": f"/services/data/v68.0/sobjects/Case/{case}",
        },
        "Subject": "Broken",
    }


def test_else_has_the_fields_of_a_name(client: Client, tasks: dict[str, str]) -> None:
    _, about_account, about_case = whats(
        client, "TYPEOF What WHEN Case THEN Id ELSE Name, Type END"
    )
    assert about_account == {
        "attributes": {
            "type": "Name",
            "url": f"/services/data/v68.0/sobjects/Account/{tasks['account']}",
        },
        "Name": "Acme",
        "Type": "Account",
    }
    assert about_case["Id"] == tasks["case"]


def test_without_else_other_types_are_null(client: Client, tasks: dict[str, str]) -> None:
    assert whats(client, "TYPEOF What WHEN Opportunity THEN Amount END") == [None, None, None]


def test_several_expressions_and_subqueries(client: Client, tasks: dict[str, str]) -> None:
    [account] = client.query(
        "SELECT Id, (SELECT TYPEOF Who WHEN Contact THEN FirstName END, "
        "TYPEOF What WHEN Account THEN Name END FROM Tasks) FROM Account"
    )
    [task] = account["Tasks"]["records"]
    assert (task["Who"]["FirstName"], task["What"]["Name"]) == ("Al", "Acme")


def test_columns_have_the_fields_of_all_types(client: Client) -> None:
    query = "SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task"
    answer = client.get("query", q=query, columns="true")
    [column] = answer["columnMetadata"]
    assert column["columnName"] == "What"
    assert [one["columnName"] for one in column["joinColumns"]] == ["Phone", "Name"]


def test_a_field_may_have_the_name_of_the_word(client: Client) -> None:
    reply = client.call("GET", "query", params={"q": "SELECT TypeOf FROM Task"})
    assert reply.json()[0]["errorCode"] == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("select", "code", "message"),
    [
        ("What.Name, TYPEOF What WHEN Account THEN Id END", "MALFORMED_QUERY",
         "TYPEOF operand 'What' and top-level SELECT list element 'What.Name' may not reference "
         "the same relationship field."),
        ("TYPEOF What WHEN Account THEN Id END, TYPEOF What WHEN Case THEN Id END",
         "INVALID_FIELD", "duplicate field selected: What"),
        ("TYPEOF CreatedBy WHEN User THEN Id END", "MALFORMED_QUERY", "polymorphic"),
        ("TYPEOF Nope WHEN User THEN Id END", "INVALID_FIELD", "relationship 'Nope'"),
        ("TYPEOF What WHEN Nope THEN Id END", "INVALID_TYPE", "sObject type 'Nope'"),
        ("TYPEOF Who WHEN Account THEN Id END", "MALFORMED_QUERY", "object type 'Account'"),
        ("TYPEOF What WHEN Account THEN Nope END", "INVALID_FIELD",
         "No such column 'Nope' on entity 'Account'"),
        ("TYPEOF What WHEN Case THEN Id ELSE Phone2 END", "INVALID_FIELD",
         "No such column 'Phone2' on entity 'Name'"),
        ("TYPEOF What WHEN Account THEN Id, Id END", "INVALID_FIELD", "selected: Id"),
        ("TYPEOF What WHEN Case THEN Id WHEN Case THEN Id END", "MALFORMED_QUERY", "'Case'"),
        ("TYPEOF What END", "MALFORMED_QUERY", "unexpected token: 'END'"),
        ("TYPEOF What WHEN Case THEN END", "MALFORMED_QUERY", "unexpected token: 'END'"),
        ("TYPEOF What WHEN Case THEN Id", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("TYPEOF What WHEN Case THEN TYPEOF Parent WHEN Case THEN Id END END",
         "MALFORMED_QUERY", "unexpected token: 'TYPEOF'"),
        ("TYPEOF What WHEN Case THEN Id END, COUNT(Id)", "MALFORMED_QUERY", "Grouped query"),
    ],
)  # fmt: skip
def test_refusals(client: Client, select: str, code: str, message: str) -> None:
    reply = client.call("GET", "query", params={"q": f"SELECT {select} FROM Task"})
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert message in error["message"]


def test_a_semi_join_and_a_bulk_query_cannot_have_it(client: Client) -> None:
    inner = "SELECT TYPEOF What WHEN Account THEN Id END FROM Task"
    query = f"SELECT Id FROM Contact WHERE Id IN ({inner})"
    assert client.call("GET", "query", params={"q": query}).status_code == 400
    job = client.call("POST", "jobs/query", json={"operation": "query", "query": inner})
    assert job.json()[0]["message"] == "TYPEOF not supported in Bulk Query"


def test_old_versions_do_not_have_it(client: Client) -> None:
    query = {"q": "SELECT TYPEOF What WHEN Account THEN Id END FROM Task"}
    refused = client.call("GET", "/services/data/v45.0/query", params=query)
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"
    assert refused.json()[0]["message"].endswith("are not supported in this organization")
    assert client.call("GET", "/services/data/v46.0/query", params=query).status_code == 200
