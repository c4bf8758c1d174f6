"""Bulk API 2.0 ingest jobs: states over time, rows that fail alone, jobs that fail whole."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import requests

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.world import World
from tests.emulator.data.conftest import Client


class Job:
    """A job as a client drives it."""

    def __init__(self, client: Client, world: World, **settings: str) -> None:
        self.client, self.world = client, world
        body = {"object": "Account", "operation": "insert", "lineEnding": "LF"} | settings
        response = client.call("POST", "jobs/ingest", json=body)
        assert response.status_code == 200, response.text
        self.info: dict[str, Any] = response.json()
        self.path = f"jobs/ingest/{self.info['id']}"

    def upload(self, text: str) -> requests.Response:
        headers = {"Content-Type": "text/csv"}
        return self.client.call("PUT", f"{self.path}/batches", data=text.encode(), headers=headers)

    def set_state(self, state: str) -> requests.Response:
        return self.client.call("PATCH", self.path, json={"state": state})

    def status(self) -> Any:
        return self.client.get(self.path)

    def run(self, text: str) -> Any:
        """Upload, close, wait until it is over."""
        assert self.upload(text).status_code == 201
        assert self.set_state("UploadComplete").json()["state"] == "UploadComplete"
        for state in ("UploadComplete", "InProgress"):
            assert self.status()["state"] == state
            self.world.clock.advance(11)
        return self.status()

    def results(self, kind: str) -> list[dict[str, str]]:
        response = self.client.call("GET", f"{self.path}/{kind}")
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(response.text)))


def test_a_job_goes_through_its_states(client: Client, world: World) -> None:
    job = Job(client, world)
    assert job.info["state"] == "Open"
    assert job.info["contentUrl"] == f"services/data/v68.0/{job.path}/batches"
    assert {key: job.info[key] for key in ("apiVersion", "contentType", "concurrencyMode")} == {
        "apiVersion": 68.0, "contentType": "CSV", "concurrencyMode": "Parallel",
    }  # fmt: skip
    assert job.info["id"].startswith("750")
    assert client.count("Account") == 0
    done = job.run("Name,NumberOfEmployees\nOne,5\nTwo,\n")
    assert done["state"] == "JobComplete"
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 0)
    assert done["jobType"] == "V2Ingest"
    rows = job.results("successfulResults")
    assert [(one["Name"], one["sf__Created"]) for one in rows] == [("One", "true"), ("Two", "true")]
    found = client.query("SELECT Id, NumberOfEmployees FROM Account ORDER BY Name")
    assert [one["Id"] for one in found] == [one["sf__Id"] for one in rows]
    assert [one["NumberOfEmployees"] for one in found] == [5, None]
    assert job.results("failedResults") == job.results("unprocessedrecords") == []
    assert job.results("unprocessedRecords") == []


def test_failed_results_have_the_columns_of_the_header(client: Client, world: World) -> None:
    """A row with more or fewer values than columns fails, and is returned in the columns."""
    job = Job(client, world)
    done = job.run("Name,Phone\nOne,1\nTwo,2,more\nThree\n")
    assert (done["state"], done["numberRecordsFailed"]) == ("JobComplete", 2)
    rows = job.results("failedResults")
    assert [list(one) for one in rows] == [["sf__Id", "sf__Error", "Name", "Phone"]] * 2
    assert [(one["Name"], one["Phone"]) for one in rows] == [("Two", "2"), ("Three", "")]


def test_rows_fail_alone_and_the_job_completes(client: Client, world: World) -> None:
    client.org.store.add_field("Account", Field("Vip__c", "boolean"))
    job = Job(client, world)
    done = job.run(
        "Name,Ext__c,Vip__c,NumberOfEmployees\n"
        "One,a,yes,\n,b,,\nThree,a,,\nFour,c,perhaps,\nFive,d,,many\nSix,e,0,7\n"
    )
    assert done["state"] == "JobComplete"
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (6, 4)
    failed = {one["Ext__c"] + one["Name"]: one["sf__Error"] for one in job.results("failedResults")}
    assert failed["b"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert failed["aThree"].startswith("DUPLICATE_VALUE:duplicate value found: Ext__c duplicates")
    assert failed["cFour"] == (
        "INVALID_FIELD:Failed to deserialize field at col 2. Due to, 'perhaps' is not a valid "
        "value for the type xsd:boolean:Vip__c --"
    )
    assert "'many' is not a valid value for the type xsd:int" in failed["dFive"]
    saved = client.query("SELECT Name, Vip__c FROM Account ORDER BY Name")
    assert [(one["Name"], one["Vip__c"]) for one in saved] == [("One", True), ("Six", False)]


def test_upsert_by_external_id(client: Client, world: World) -> None:
    client.org.store.insert("Account", {"Name": "old", "Ext__c": "a"}, user_id="")
    job = Job(client, world, operation="upsert", externalIdFieldName="Ext__c")
    assert job.info["externalIdFieldName"] == "Ext__c"
    done = job.run("Ext__c,Name\na,new\nb,other\nc,twin\nC,twin\n,keyless\n")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (5, 3)
    created = {one["Name"]: one["sf__Created"] for one in job.results("successfulResults")}
    assert created == {"new": "false", "other": "true"}
    errors = [one["sf__Error"].split(":")[0] for one in job.results("failedResults")]
    assert errors == ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]


def test_update_null_and_delete(client: Client, world: World) -> None:
    values = {"Name": "a", "Site": "s", "Phone": "1"}
    record_id = client.org.store.insert("Account", values, user_id="")
    done = Job(client, world, operation="update").run(f"Id,Site,Phone\n{record_id},#N/A,\n")
    assert done["numberRecordsFailed"] == 0
    [found] = client.query("SELECT Site, Phone FROM Account")
    assert (found["Site"], found["Phone"]) == (None, "1")
    job = Job(client, world, operation="delete")
    done = job.run(f"Id\n{record_id}\n001000000000001AAA\n")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    [failed] = job.results("failedResults")
    assert failed["sf__Id"] == "001000000000001AAA"
    assert client.count("Account") == 0


def test_parents_by_external_id(client: Client, world: World) -> None:
    parent = client.org.store.insert("Account", {"Name": "p", "Ext__c": "key"}, user_id="")
    job = Job(client, world, object="Contact")
    done = job.run("LastName,Account.Ext__c\nOne,key\nTwo,nobody\nThree,\nFour,#N/A\n")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (4, 1)
    [failed] = job.results("failedResults")
    assert failed["LastName"] == "Two"
    assert failed["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: nobody not found")
    found = client.query("SELECT AccountId FROM Contact ORDER BY LastName")
    assert [one["AccountId"] for one in found] == [None, parent, None]


def test_polymorphic_parents_name_their_type(client: Client, world: World) -> None:
    client.org.store.add_field("User", Field("Badge__c", is_external_id=True))
    client.org.store.set_fields("User", client.org.admin_id, {"Badge__c": "42"})
    done = Job(client, world).run("Name,Owner:User.Badge__c\nMine,42\n")
    assert done["numberRecordsFailed"] == 0
    assert client.query("SELECT OwnerId FROM Account")[0]["OwnerId"] == client.org.admin_id


@pytest.mark.parametrize(
    ("settings", "text", "message"),
    [
        ({}, "Name\r\nOne\r\n", "ClientInputError : LineEnding is invalid on user data. Current "
         "LineEnding setting is LF"),
        ({"lineEnding": "CRLF"}, "Name\nOne\n", "ClientInputError : LineEnding is invalid on user "
         "data. Current LineEnding setting is CRLF"),
        ({}, "Name,Nope__c\nOne,1\n", "InvalidBatch : Field name not found : Nope__c"),
        ({}, "Name,Parent.Site\nOne,1\n", None),
        ({}, "Name,No__r.Ext__c\nOne,1\n", "InvalidBatch : Field name not found : No__r.Ext__c"),
        ({"columnDelimiter": "SEMICOLON"}, "Name,Site\nOne,1\n",
         "InvalidBatch : Field name not found : Name,Site"),
        ({}, 'Name\nOne"\n', "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value "
         "with quote should be within a quote"),
        ({"operation": "delete"}, "Id,Name\n001,x\n",
         "InvalidBatch : Delete batch must contain only ids"),
    ],
)  # fmt: skip
def test_data_that_is_refused_as_a_whole_fails_the_job(
    client: Client, world: World, settings: dict[str, str], text: str, message: str | None
) -> None:
    job = Job(client, world, **settings)
    done = job.run(text)
    assert client.count("Account") == 0
    if message is None:  # a parent by a field that is no key: each row fails
        assert (done["state"], done["numberRecordsFailed"]) == ("JobComplete", 1)
        return
    assert (done["state"], done["errorMessage"]) == ("Failed", message)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (0, 0)
    response = client.call("GET", f"{job.path}/unprocessedrecords")
    assert "One" in response.text or "001" in response.text


def test_an_aborted_job_leaves_its_records_unprocessed(client: Client, world: World) -> None:
    job = Job(client, world)
    job.upload("Name\nOne\n")
    job.set_state("UploadComplete")
    assert job.set_state("Aborted").json()["state"] == "Aborted"
    world.clock.advance(60)
    assert job.status()["state"] == "Aborted"
    assert client.count("Account") == 0
    assert job.results("unprocessedrecords") == [{"Name": "One"}]
    assert job.set_state("Aborted").json()[0]["errorCode"] == "INVALIDJOBSTATE"


def test_data_comes_once_and_before_the_job_is_closed(client: Client, world: World) -> None:
    job = Job(client, world)
    assert job.upload("Name\nOne\n").status_code == 201
    second = job.upload("Name\nTwo\n")
    assert second.status_code == 400
    assert "make sure you only do 'PUT' once on a given Job" in second.json()[0]["message"]
    job.set_state("UploadComplete")
    for refused in (job.upload("Name\nThree\n"), job.set_state("UploadComplete")):
        assert refused.status_code == 400
        assert refused.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    early = client.call("GET", f"{job.path}/successfulResults")
    assert early.json()[0]["errorCode"] == "INVALIDJOBSTATE"


def test_a_multipart_job_is_uploaded_and_closed_at_once(client: Client, world: World) -> None:
    files = {
        "job": (None, '{"object":"Account","operation":"insert"}', "application/json"),
        "content": ("data.csv", "Name\nOne\n", "text/csv"),
    }
    info = client.call("POST", "jobs/ingest", files=files).json()
    assert info["state"] == "UploadComplete"
    for _ in range(2):
        world.clock.advance(11)
        client.get(f"jobs/ingest/{info['id']}")
    assert client.count("Account") == 1


def test_jobs_are_listed_and_deleted(client: Client, world: World) -> None:
    job = Job(client, world)
    answer = client.get("jobs/ingest")
    assert [one["id"] for one in answer["records"]] == [job.info["id"]]
    refused = client.call("DELETE", job.path)
    assert refused.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    job.set_state("Aborted")
    assert client.call("DELETE", job.path).status_code == 204
    gone = client.call("GET", job.path)
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"object": "Nope__c"}, "INVALIDJOB", "InvalidJob : Unable to find object: Nope__c"),
        ({"operation": "upsert"}, "INVALIDJOB", "InvalidJob : External ID was blank for Account. "
         "An External ID must be specified for upsert."),
        ({"operation": "upsert", "externalIdFieldName": "Site"}, "INVALIDJOB",
         "InvalidJob : Field name provided, Site does not match an External ID, Salesforce Id, or "
         "indexed field for Account"),
        ({"operation": "hardDelete"}, "FEATURENOTENABLED", None),
        ({"operation": "merge"}, "JSON_PARSER_ERROR", None),
        ({"lineEnding": "CR"}, "JSON_PARSER_ERROR", None),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_made(
    client: Client, settings: dict[str, str], code: str, message: str | None
) -> None:
    body = {"object": "Account", "operation": "insert"} | settings
    response = client.call("POST", "jobs/ingest", json=body)
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == code
    assert message in (None, response.json()[0]["message"])


def test_data_of_more_than_150_mb_in_base64_is_refused(client: Client, world: World) -> None:
    """Source: docs/reference/data.md#bulk-limits."""
    job = Job(client, world)
    headers = {"Content-Type": "text/csv"}
    data = b"Name\n" + b"x" * 112_500_000
    assert client.call("PUT", f"{job.path}/batches", data=data, headers=headers).status_code == 413
