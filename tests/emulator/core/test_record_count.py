"""`/limits/recordCount` counts the records of the objects that are asked about."""

from __future__ import annotations

from tests.emulator.core.conftest import Client


def counts(client: Client, query: str) -> dict[str, int]:
    reply = client.call("GET", f"limits/recordCount{query}")
    assert reply.status_code == 200
    return {one["name"]: one["count"] for one in reply.json()["sObjects"]}


def test_the_objects_that_are_named_are_counted(scratch: Client) -> None:
    scratch.call("POST", "sobjects/Account", json={"Name": "A"})
    assert counts(scratch, "?sObjects=Account,contact,Nonsense__c") == {"Account": 2, "Contact": 0}


def test_without_names_all_objects_with_records_are_counted(scratch: Client) -> None:
    found = counts(scratch, "")
    assert found["Profile"] > 0
    assert 0 not in found.values()
