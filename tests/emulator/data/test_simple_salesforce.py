"""A client that nobody here wrote: simple-salesforce against the data resources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.world import World
from tests.emulator.data.conftest import VERSION, Client


@pytest.fixture
def world() -> World:
    """A world in which nothing takes time: the client sleeps between its polls by itself."""
    return World(latencies=Latencies(instant=True))


class _WithoutTls(HTTPAdapter):
    """Sends what the client wrote https for over http: the emulator of a test speaks no TLS."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **options)


@pytest.fixture
def salesforce(world: World, org: EmulatedOrg, client: Client) -> Any:
    """The client, with the session of the test's own client."""
    client.session.mount("https://", _WithoutTls())
    return Salesforce(
        instance=client.url.partition("://")[2],
        session_id=client.token,
        version=VERSION,
        session=client.session,
    )


def test_query_all_goes_through_the_pages(salesforce: Any, org: EmulatedOrg) -> None:
    for index in range(2005):
        org.store.add("Account", {"Name": f"{index:04}"}, user_id=org.admin_id)
    text = "SELECT Name FROM Account ORDER BY Name"
    names = [f"{index:04}" for index in range(2005)]
    assert [record["Name"] for record in salesforce.query_all(text)["records"]] == names
    assert [record["Name"] for record in salesforce.query_all_iter(text)] == names


def test_records_and_deleted_records(salesforce: Any) -> None:
    created = salesforce.Account.create({"Name": "a"})
    salesforce.Account.delete(created["id"])
    assert salesforce.query("SELECT Id FROM Account")["totalSize"] == 0
    deleted = salesforce.query("SELECT Id FROM Account", include_deleted=True)
    assert [one["Id"] for one in deleted["records"]] == [created["id"]]


def test_updated_and_deleted_records(salesforce: Any, org: EmulatedOrg) -> None:
    kept, gone = (salesforce.Account.create({"Name": name})["id"] for name in "ab")
    salesforce.Account.delete(gone)
    span = (org.created, org.now() + timedelta(minutes=5))
    assert salesforce.Account.updated(*span)["ids"] == [kept]
    [deleted] = salesforce.Account.deleted(*span)["deletedRecords"]
    assert deleted["id"] == gone


def test_describe(salesforce: Any) -> None:
    assert "Account" in [one["name"] for one in salesforce.describe()["sobjects"]]
    fields = [one["name"] for one in salesforce.Account.describe()["fields"]]
    assert {"Id", "Name", "Ext__c"} <= set(fields)
    assert salesforce.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"


def test_errors_have_the_clients_types(salesforce: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.query("SELECT Nope FROM Account")
    assert "'errorCode': 'INVALID_FIELD'" in str(caught.value)
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Nope__c.describe()


def test_composite_and_collections(salesforce: Any) -> None:
    body = {
        "allOrNone": True,
        "records": [{"attributes": {"type": "Account"}, "Name": name} for name in ("a", "b")],
    }
    results = salesforce.restful("composite/sobjects", method="POST", json=body)
    assert [one["success"] for one in results] == [True, True]


def test_bulk2_insert_upsert_and_query(salesforce: Any) -> None:
    account = salesforce.bulk2.Account
    records = [{"Name": "a", "Ext__c": "1"}, {"Name": "b", "Ext__c": "2"}]
    [done] = account.insert(records=records, wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 0)
    records = [{"Name": "c", "Ext__c": "1"}, {"Name": "", "Ext__c": "9"}]
    [done] = account.upsert(records=records, external_id_field="Ext__c", wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    failed = account.get_failed_records(done["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed
    pages = list(account.query("SELECT Name FROM Account ORDER BY Name", max_records=1, wait=0))
    assert pages == ['"Name"\n"b"\n', '"Name"\n"c"\n']
