"""The query resource: pages, batch sizes, columns, errors."""

from __future__ import annotations

import pytest

from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.world import World
from tests.emulator.data.conftest import Client


def fill(org: EmulatedOrg, number: int) -> None:
    """Accounts named 0 to number - 1."""
    for index in range(number):
        org.store.add("Account", {"Name": f"{index:05}"}, user_id=org.admin_id)


@pytest.mark.parametrize("path", ["query", "query/", "queryAll", "queryAll/"])
def test_a_query_answers_size_done_and_records(client: Client, path: str) -> None:
    fill(client.org, 2)
    answer = client.get(path, q="SELECT Name FROM Account ORDER BY Name")
    assert (answer["totalSize"], answer["done"]) == (2, True)
    assert [record["Name"] for record in answer["records"]] == ["00000", "00001"]
    assert "nextRecordsUrl" not in answer


def test_more_than_2000_records_come_in_pages(client: Client) -> None:
    fill(client.org, 4100)
    names: list[str] = []
    sizes: list[int] = []
    answer = client.get("query", q="SELECT Name FROM Account ORDER BY Name")
    while True:
        assert answer["totalSize"] == 4100
        sizes.append(len(answer["records"]))
        names += [record["Name"] for record in answer["records"]]
        if answer["done"]:
            break
        assert answer["nextRecordsUrl"].startswith("/services/data/v68.0/query/0r8")
        answer = client.get(answer["nextRecordsUrl"])
    assert sizes == [2000, 2000, 100]
    assert names == [f"{index:05}" for index in range(4100)]
    assert "nextRecordsUrl" not in answer


@pytest.mark.parametrize(("asked", "given"), [(250, 250), (1, 200), (5000, 2000)])
def test_the_client_may_ask_for_200_to_2000_records_a_page(
    client: Client, asked: int, given: int
) -> None:
    fill(client.org, 2100)
    response = client.call(
        "GET",
        "query",
        params={"q": "SELECT Id FROM Account"},
        headers={"Sforce-Query-Options": f"batchSize={asked}"},
    )
    assert len(response.json()["records"]) == given


def test_a_page_is_gone_after_15_minutes_without_use(client: Client, world: World) -> None:
    fill(client.org, 2001)
    locator = client.get("query", q="SELECT Id FROM Account")["nextRecordsUrl"]
    world.clock.advance(14 * 60)
    assert client.call("GET", locator).status_code == 200
    world.clock.advance(15 * 60 + 1)
    for path in (locator, "query/0r8000000000000AAA-2000", "query/nonsense"):
        response = client.call("GET", path)
        assert response.status_code == 400
        assert response.json() == [
            {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}
        ]


def test_groups_do_not_come_in_pages(client: Client) -> None:
    fill(client.org, 2001)
    response = client.call("GET", "query", params={"q": "SELECT Name FROM Account GROUP BY Name"})
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_errors_come_in_the_envelope_of_rest(client: Client) -> None:
    response = client.call("GET", "query", params={"q": "SELECT Nope FROM Account"})
    assert response.status_code == 400
    [entry] = response.json()
    assert entry["errorCode"] == "INVALID_FIELD"
    assert entry["message"].startswith(
        "\nSELECT Nope FROM Account\n       ^\nERROR at Row:1:Column:8"
    )
    response = client.call("GET", "query")
    assert response.json()[0] == {
        "message": "A query string has to be specified",
        "errorCode": "MALFORMED_QUERY",
    }


def test_explain_is_not_emulated_and_says_so(client: Client) -> None:
    response = client.call("GET", "query", params={"explain": "SELECT Id FROM Account"})
    assert response.status_code == 501
    assert "query explain" in response.text


def test_the_tooling_api_serves_its_own_objects(client: Client) -> None:
    assert client.get("tooling/query", q="SELECT Id FROM User")["totalSize"] == 1
    response = client.call("GET", "tooling/query", params={"q": "SELECT Id FROM Account"})
    assert response.json()[0]["errorCode"] == "INVALID_TYPE"
    response = client.call("GET", "query", params={"q": "SELECT Id FROM PackageInstallRequest"})
    assert response.json()[0]["errorCode"] == "INVALID_TYPE"


def test_columns_tell_fields_parents_and_children(client: Client) -> None:
    fields = "Id, Owner.Name, NumberOfEmployees, Ext__c, (SELECT LastName FROM Contacts)"
    answer = client.get("query", q=f"SELECT {fields} FROM Account", columns="true")
    assert {key: answer[key] for key in answer if key != "columnMetadata"} == {
        "entityName": "Account", "groupBy": False, "idSelected": True, "keyPrefix": "001",
    }  # fmt: skip
    columns = {one["columnName"]: one for one in answer["columnMetadata"]}
    assert list(columns) == ["Id", "Owner", "NumberOfEmployees", "Ext__c", "Contacts"]
    assert columns["Id"] == {
        "aggregate": False, "apexType": "Id", "booleanType": False, "columnName": "Id",
        "custom": False, "displayName": "Id", "foreignKeyName": None, "insertable": False,
        "joinColumns": [], "numberType": False, "textType": False, "updatable": False,
    }  # fmt: skip
    assert [one["columnName"] for one in columns["Owner"]["joinColumns"]] == ["Name"]
    assert not columns["Owner"]["aggregate"]
    assert columns["NumberOfEmployees"]["numberType"]
    assert columns["Ext__c"]["custom"]
    assert columns["Contacts"]["aggregate"]
    assert [one["columnName"] for one in columns["Contacts"]["joinColumns"]] == ["LastName"]


def test_columns_of_aggregates(client: Client) -> None:
    text = "SELECT Name, COUNT(Id), MAX(CreatedDate) latest FROM Account GROUP BY Name"
    answer = client.get("query", q=text, columns="true")
    assert answer["groupBy"] is True
    found = [(c["columnName"], c["displayName"], c["aggregate"]) for c in answer["columnMetadata"]]
    assert found == [
        ("Name", "Name", False),
        ("expr0", "COUNT(Id)", True),
        ("latest", "MAX(CreatedDate)", True),
    ]


def test_a_count_has_no_columns(client: Client) -> None:
    answer = client.get("query", q="SELECT COUNT() FROM Account", columns="true")
    assert (answer["columnMetadata"], answer["entityName"]) == ([], "Account")


def test_a_deleted_record_is_seen_by_query_all_only(client: Client) -> None:
    fill(client.org, 1)
    [record] = client.query("SELECT Id FROM Account")
    client.org.store.delete("Account", record["Id"])
    assert client.query("SELECT Id FROM Account") == []
    [found] = client.get("queryAll", q="SELECT IsDeleted FROM Account")["records"]
    assert found["IsDeleted"] is True
