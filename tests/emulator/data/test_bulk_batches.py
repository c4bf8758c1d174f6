"""Bulk API 1.0: jobs with batches, in XML as jsforce sends them and in JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml.ElementTree import fromstring

from provisioner.emulator.world import World
from tests.emulator.data.conftest import VERSION, Client

BASE = f"/services/async/{VERSION}/job"
NS = "{http://www.force.com/2009/06/asyncapi/dataload}"
XML = {"Content-Type": "application/xml; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


class Job:
    """A job as a client of XML drives it."""

    def __init__(self, client: Client, world: World, **settings: str) -> None:
        self.client, self.world = client, world
        values = {"operation": "insert", "object": "Account", "contentType": "CSV", **settings}
        elements = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        reply = client.call("POST", BASE, data=f"<jobInfo>{elements}</jobInfo>", headers=XML)
        assert reply.status_code == 201, reply.text
        self.path = f"{BASE}/{read(reply)['id']}"

    def add(self, text: str, content_type: str = "text/csv") -> str:
        """Add a batch; its path."""
        headers = {"Content-Type": content_type}
        reply = self.client.call("POST", f"{self.path}/batch", data=text.encode(), headers=headers)
        assert reply.status_code == 201, reply.text
        assert read(reply)["state"] in ("Queued", "Failed")
        return f"{self.path}/batch/{read(reply)['id']}"

    def info(self) -> dict[str, str]:
        """The job."""
        return read(self.client.call("GET", self.path))

    def finish(self, batch: str) -> dict[str, str]:
        """Poll a batch until it is over."""
        for state in ("Queued", "InProgress"):
            assert read(self.client.call("GET", batch))["state"] == state
            self.world.clock.advance(11)
        return read(self.client.call("GET", batch))

    def results(self, batch: str) -> list[dict[str, str]]:
        """The results of a batch of CSV."""
        reply = self.client.call("GET", f"{batch}/result")
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/csv")
        return list(csv.DictReader(io.StringIO(reply.text)))


def tree(reply: requests.Response) -> Element:
    """The XML of an answer."""
    assert reply.headers["Content-Type"] == "application/xml"
    return fromstring(reply.text)


def read(reply: requests.Response) -> dict[str, str]:
    """The texts of an XML answer, by name."""
    return {child.tag.removeprefix(NS): child.text or "" for child in tree(reply)}


def refused(reply: requests.Response) -> tuple[int, str, str]:
    """Status, exceptionCode and exceptionMessage of an XML answer."""
    found = read(reply)
    return reply.status_code, found["exceptionCode"], found["exceptionMessage"]


def test_batches_are_processed_by_themselves(client: Client, world: World) -> None:
    job = Job(client, world)
    first, second = job.add("Name\nOne\nTwo\n"), job.add("Name\nThree\n")
    assert (job.info()["state"], job.info()["numberBatchesQueued"]) == ("Open", "2")
    closed = "<jobInfo><state>Closed</state></jobInfo>"
    assert read(client.call("POST", job.path, data=closed, headers=XML))["state"] == "Closed"
    assert job.finish(first)["state"] == "Completed"
    info = job.info()
    assert (info["numberBatchesCompleted"], info["numberBatchesTotal"]) == ("1", "2")
    assert (info["numberBatchesInProgress"], info["apiVersion"]) == ("1", VERSION)
    world.clock.advance(22)
    assert (job.info()["numberRecordsProcessed"], job.info()["numberBatchesCompleted"]) == (
        "3",
        "2",
    )
    ids = [one["Id"] for one in job.results(first)]
    rows = client.query("SELECT Id FROM Account WHERE Name IN ('One', 'Two') ORDER BY Name")
    assert [row["Id"] for row in rows] == ids
    assert client.call("GET", f"{second}/request").text == "Name\nThree\n"
    late = client.call("POST", f"{job.path}/batch", data="Name\nx\n", headers=XML)
    assert refused(late)[:2] == (400, "InvalidJobState")
    assert len(tree(client.call("GET", f"{job.path}/batch"))) == 2


def test_results_are_in_the_order_of_the_rows(client: Client, world: World) -> None:
    job = Job(client, world, operation="upsert", externalIdFieldName="Ext__c")
    batch = job.add("Ext__c,Name\r\na,One\r\nb,\r\na,Again\r\n")
    assert job.finish(batch)["numberRecordsFailed"] == "3"
    assert [one["Error"].split(":")[0] for one in job.results(batch)] == [
        "DUPLICATE_VALUE", "REQUIRED_FIELD_MISSING", "DUPLICATE_VALUE",
    ]  # fmt: skip
    again = job.add("Ext__c,Name\na,One\n")
    job.finish(again)
    [created] = job.results(again)
    assert (created["Success"], created["Created"], created["Error"]) == ("true", "true", "")
    third = job.add("Ext__c,Name\na,Two\n")
    job.finish(third)
    assert job.results(third)[0] == {**created, "Created": "false"}


def test_a_query_has_its_records_as_csv_and_json(client: Client, world: World) -> None:
    for name in ("A", "B"):
        client.call("POST", "sobjects/Account", json={"Name": name})
    for kind in ("CSV", "JSON", "XML"):
        job = Job(client, world, operation="query", contentType=kind)
        batch = job.add("SELECT Name FROM Account ORDER BY Name")
        assert job.finish(batch)["numberRecordsProcessed"] == "2"
        [result] = tree(client.call("GET", f"{batch}/result"))
        assert client.call("GET", f"{batch}/result", headers=JSON).json() == [result.text]
        rows = client.call("GET", f"{batch}/result/{result.text}")
        if kind == "CSV":
            assert rows.text.splitlines() == ['"Name"', '"A"', '"B"']
        elif kind == "JSON":
            assert [one["Name"] for one in rows.json()] == ["A", "B"]
        else:
            found = [(one.findtext(f"{NS}type"), one.findtext(f"{NS}Name")) for one in tree(rows)]
            assert found == [("Account", "A"), ("Account", "B")]


@pytest.mark.parametrize(
    ("settings", "text", "message"),
    [
        ({}, "Nonsense\nx\n", "InvalidBatch : Field name not found : Nonsense"),
        ({"operation": "delete"}, "Name\nx\n", "InvalidBatch : Delete batch must contain only ids"),
        (
            {"operation": "query"},
            "SELECT Nonsense FROM Account",
            "InvalidBatch : Failed to process query: INVALID_FIELD",
        ),
        ({"contentType": "JSON"}, '{"Name": "x"}', "InvalidBatch : The batch must be a list"),
        ({"contentType": "XML"}, "<sObjects><sObject>", "InvalidBatch : "),
        ({}, "Name\n" + "x\n" * 10_001, "InvalidBatch : Number of records is more than 10000"),
    ],
)
def test_a_batch_that_is_refused_as_a_whole_fails(
    client: Client, world: World, settings: dict[str, str], text: str, message: str
) -> None:
    job = Job(client, world, **settings)
    batch = job.add(text)
    world.clock.advance(11)
    client.call("GET", batch)
    world.clock.advance(11)
    found = read(client.call("GET", batch))
    assert found["state"] == "Failed"
    assert found["stateMessage"].startswith(message)
    assert job.info()["numberBatchesFailed"] == "1"
    assert refused(client.call("GET", f"{batch}/result"))[:2] == (400, "InvalidBatch")


def test_records_can_be_json_and_xml(client: Client, world: World) -> None:
    body = {"operation": "insert", "object": "account", "contentType": "JSON"}
    made = client.call("POST", BASE, json=body).json()
    assert (made["object"], made["externalIdFieldName"]) == ("Account", None)
    path = f"{BASE}/{made['id']}/batch"
    sent: list[dict[str, Any]] = [{"Name": "One", "NumberOfEmployees": 5}, {"Nonsense": 1}]
    batch = client.call("POST", path, json=sent).json()
    assert (batch["state"], batch["createdDate"][-5:]) == ("Queued", "+0000")
    for _ in range(2):
        world.clock.advance(11)
        client.call("GET", f"{path}/{batch['id']}", headers=JSON)
    good, bad = client.call("GET", f"{path}/{batch['id']}/result", headers=JSON).json()
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert (bad["success"], bad["errors"][0]["statusCode"]) == (False, "INVALID_FIELD")
    job = Job(client, world, contentType="XML")
    records = "<sObject><Name>Two &amp; more</Name></sObject><sObject><Phone>1</Phone></sObject>"
    other = job.add(f"<sObjects>{records}</sObjects>", "application/xml")
    job.finish(other)
    first, second = tree(client.call("GET", f"{other}/result"))
    assert first.findtext(f"{NS}success") == "true"
    assert second.findtext(f"{NS}errors/{NS}statusCode") == "REQUIRED_FIELD_MISSING"
    assert client.count("Account WHERE Name = 'Two & more'") == 1


def test_records_in_xml_name_their_parents_and_nulls(client: Client, world: World) -> None:
    client.call("POST", "sobjects/Account", json={"Name": "Parent", "Ext__c": "p1"})
    job = Job(client, world, contentType="XML", operation="upsert", externalIdFieldName="Ext__c")
    batch = job.add(
        '<sObjects xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sObject><Ext__c>c1</Ext__c>'
        "<Name>Child</Name><Parent><sObject><type>Account</type><Ext__c>p1</Ext__c></sObject></Parent>"
        '<Phone xsi:nil="true"/></sObject></sObjects>',
        "application/xml",
    )
    job.finish(batch)
    assert client.count("Account WHERE Parent.Ext__c = 'p1' AND Phone = null") == 1
    query = Job(client, world, operation="query", contentType="XML")
    batch = query.add("SELECT Name, Phone, Parent.Name FROM Account WHERE Ext__c = 'c1'")
    query.finish(batch)
    [result] = tree(client.call("GET", f"{batch}/result"))
    [record] = tree(client.call("GET", f"{batch}/result/{result.text}"))
    assert record.findtext(f"{NS}Parent/{NS}Name") == "Parent"
    assert record.find(f"{NS}Phone") is not None
    assert not record.findtext(f"{NS}Phone")


def test_pk_chunking_gives_each_range_of_records_a_batch(client: Client, world: World) -> None:
    """The batch with the query is not processed; the batches that follow it have the records."""
    for name in "ABC":
        client.call("POST", "sobjects/Account", json={"Name": name})
    headers = {"Sforce-Enable-PKChunking": "chunkSize=2; parent=Account"}
    body = {"operation": "query", "object": "Account", "contentType": "JSON"}
    made = client.call("POST", BASE, json=body, headers=headers).json()
    path, names = f"{BASE}/{made['id']}/batch", []
    query = "SELECT Name FROM Account WHERE Name IN ('A', 'B', 'C')"
    client.call("POST", path, data=query, headers=JSON)
    for _ in range(2):
        world.clock.advance(11)
        infos = client.call("GET", path, headers=JSON).json()["batchInfo"]
    assert [one["state"] for one in infos] == ["NotProcessed", "Completed", "Completed"]
    assert [one["numberRecordsProcessed"] for one in infos] == [0, 2, 1]
    for info in infos[1:]:
        [result] = client.call("GET", f"{path}/{info['id']}/result", headers=JSON).json()
        rows = client.call("GET", f"{path}/{info['id']}/result/{result}", headers=JSON).json()
        names += [one["Name"] for one in rows]
    assert sorted(names) == ["A", "B", "C"]


@pytest.mark.parametrize("header", ["chunkSize=0", "chunkSize=250001", "chunkSize=many"])
def test_a_wrong_size_of_chunks_is_refused(client: Client, header: str) -> None:
    body = {"operation": "query", "object": "Account", "contentType": "CSV"}
    reply = client.call("POST", BASE, json=body, headers={"Sforce-Enable-PKChunking": header})
    assert reply.status_code == 400
    assert reply.json()["exceptionCode"] == "ClientInputError"


def test_a_query_that_is_refused_when_it_runs_fails_its_batch(client: Client, world: World) -> None:
    job = Job(client, world, operation="query")
    batch = job.finish(job.add("SELECT Id FROM Account WHERE Nope = 'x'"))
    assert batch["state"] == "Failed"
    assert "Failed to process query: INVALID_FIELD" in batch["stateMessage"]


def test_xml_leaves_out_what_xml_cannot_hold(client: Client, world: World) -> None:
    client.call("POST", "sobjects/Account", data=b'{"Name": "a\\u0001\\ud83d<b"}')
    job = Job(client, world, operation="query", contentType="XML")
    path = job.add("SELECT Name FROM Account")
    job.finish(path)
    result = tree(client.call("GET", f"{path}/result"))[0].text
    assert "<Name>a&lt;b</Name>" in client.call("GET", f"{path}/result/{result}").text


def test_a_query_without_records_says_so(client: Client, world: World) -> None:
    job = Job(client, world, operation="query")
    batch = job.add("SELECT Name FROM Account")
    job.finish(batch)
    [result] = tree(client.call("GET", f"{batch}/result"))
    rows = client.call("GET", f"{batch}/result/{result.text}")
    assert rows.text == "Records not found for this query"


def test_requests_count_against_the_limit(client: Client, world: World) -> None:
    job = Job(client, world)
    world.limits = replace(world.limits, api=client.org.api_requests)
    assert refused(client.call("GET", job.path))[:2] == (400, "ExceededQuota")


def test_an_aborted_job_does_not_process_what_is_queued(client: Client, world: World) -> None:
    job = Job(client, world)
    batch = job.add("Name\nx\n")
    client.call("POST", job.path, data="<jobInfo><state>Aborted</state></jobInfo>", headers=XML)
    world.clock.advance(60)
    assert read(client.call("GET", batch))["state"] == "NotProcessed"
    assert (job.info()["state"], client.count("Account")) == ("Aborted", 0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<jobInfo><operation>insert</operation><object>Nope</object></jobInfo>",
         (400, "InvalidJob", "Unable to find object: Nope")),
        ("<jobInfo><operation>upsert</operation><object>Account</object></jobInfo>",
         (400, "InvalidJob", "External ID was blank for Account. An External ID must be specified "
          "for upsert.")),
        ("<jobInfo><operation>hardDelete</operation><object>Account</object></jobInfo>",
         (501, "NOT_EMULATED", "not emulated: Bulk API 1.0 operation hardDelete")),
        ("<jobInfo", (400, "InvalidXML", "")),
    ],
)  # fmt: skip
def test_a_job_that_is_refused(client: Client, body: str, expected: tuple[int, str, str]) -> None:
    status, code, message = refused(client.call("POST", BASE, data=body, headers=XML))
    assert (status, code) == expected[:2]
    assert message.startswith(expected[2])


def test_the_session_is_in_a_header_of_its_own(client: Client, world: World) -> None:
    job = Job(client, world)
    own = {"X-SFDC-Session": client.token}
    with requests.Session() as http:
        assert http.get(client.url + job.path, headers=own, timeout=10).status_code == 200
        wrong = http.get(client.url + job.path, headers={"X-SFDC-Session": "00D!x"}, timeout=10)
        assert refused(wrong) == (400, "InvalidSessionId", "Invalid session id")
    assert refused(client.call("GET", f"{BASE}/750000000000001AAA"))[:2] == (400, "InvalidJob")
    assert refused(client.call("GET", f"{job.path}/batch/x"))[:2] == (400, "InvalidBatch")
    world.usernames["test-data@example.com"][0].end()
    assert client.call("GET", job.path).status_code == 420
