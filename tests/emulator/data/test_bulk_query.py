"""Bulk API 2.0 query jobs: records as CSV, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator.world import World
from tests.emulator.data.conftest import Client


def finished(client: Client, world: World, text: str, **settings: str) -> str:
    """The path of a job that has run to its end."""
    body = {"operation": "query", "query": text} | settings
    response = client.call("POST", "jobs/query", json=body)
    assert response.status_code == 200, response.text
    path = f"jobs/query/{response.json()['id']}"
    states = [response.json()["state"]]
    while states[-1] != "JobComplete":
        world.clock.advance(11)
        states.append(client.get(path)["state"])
    assert states == ["UploadComplete", "InProgress", "JobComplete"]
    return path


@pytest.fixture(autouse=True)
def accounts(client: Client) -> list[str]:
    """Five accounts, one of them with a contact."""
    store = client.org.store
    ids = [store.insert("Account", {"Name": f'N"{n}'}, user_id="") for n in range(5)]
    store.insert("Contact", {"LastName": "C", "AccountId": ids[0], "DoNotCall": True}, user_id="")
    return ids


def test_records_come_as_csv(client: Client, world: World, accounts: list[str]) -> None:
    text = "SELECT id, LastName, FirstName, Account.Name, DoNotCall, CreatedDate FROM Contact"
    path = finished(client, world, text)
    status = client.get(path)
    assert (status["object"], status["numberRecordsProcessed"]) == ("Contact", 1)
    assert status["jobType"] == "V2Query"
    response = client.call("GET", f"{path}/results")
    assert response.headers["Sforce-Locator"] == "null"
    assert response.headers["Sforce-NumberOfRecords"] == "1"
    assert response.headers["Content-Type"].startswith("text/csv")
    header, row, end = response.text.split("\n")
    assert header == '"Id","LastName","FirstName","Account.Name","DoNotCall","CreatedDate"'
    [contact] = client.query("SELECT Id, CreatedDate FROM Contact")
    moment = contact["CreatedDate"].replace("+0000", "Z")
    assert row == f'"{contact["Id"]}","C","","N""0","true","{moment}"'
    assert end == ""


def test_results_come_in_pages_by_locator(client: Client, world: World) -> None:
    path = finished(client, world, "SELECT Name FROM Account ORDER BY Name", lineEnding="CRLF")
    locator, lines, sizes = "", [], []
    while locator != "null":
        params = {"maxRecords": "2"} | ({"locator": locator} if locator else {})
        response = client.call("GET", f"{path}/results", params=params)
        header, *page = response.text.split("\r\n")
        assert header == '"Name"'
        lines += page[:-1]
        sizes.append(response.headers["Sforce-NumberOfRecords"])
        locator = response.headers["Sforce-Locator"]
    assert sizes == ["2", "2", "1"]
    assert lines == [f'"N""{n}"' for n in range(5)]


def test_no_records_are_a_header_alone(client: Client, world: World) -> None:
    path = finished(client, world, "SELECT Id, Name FROM Account WHERE Name = 'x'")
    response = client.call("GET", f"{path}/results")
    assert response.text == '"Id","Name"\n'
    assert response.headers["Sforce-NumberOfRecords"] == "0"


def test_query_all_reads_the_recycle_bin(client: Client, world: World, accounts: list[str]) -> None:
    client.org.store.delete("Account", accounts[4])
    text = "SELECT Id FROM Account WHERE IsDeleted = true"
    for operation, number in (("query", "0"), ("queryAll", "1")):
        path = finished(client, world, text, operation=operation)
        response = client.call("GET", f"{path}/results")
        assert response.headers["Sforce-NumberOfRecords"] == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Account", "API_ERROR"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "API_ERROR"),
        ("SELECT Id FROM Account OFFSET 1", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
    ],
)
def test_what_a_job_cannot_run_is_refused_at_once(client: Client, text: str, code: str) -> None:
    body = {"operation": "query", "query": text}
    response = client.call("POST", "jobs/query", json=body)
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == code


def test_results_wait_for_the_end_and_jobs_can_be_dropped(client: Client) -> None:
    body = {"operation": "query", "query": "SELECT Id FROM Account"}
    path = f"jobs/query/{client.call('POST', 'jobs/query', json=body).json()['id']}"

    def code(method: str, below: str = "", **options: Any) -> str:
        return str(client.call(method, path + below, **options).json()[0]["errorCode"])

    assert code("GET", "/results") == "INVALIDJOBSTATE"
    assert code("DELETE") == "INVALIDJOBSTATE"
    assert client.call("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert len(client.get("jobs/query")["records"]) == 1
    assert client.call("DELETE", path).status_code == 204
    assert code("GET") == "NOT_FOUND"
