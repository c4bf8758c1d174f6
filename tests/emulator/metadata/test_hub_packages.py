"""Package2 and Package2Version of a Dev Hub, by the packages file or by the names in queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.emulator.world import World
from tests.salesforce.world import Emulated

ONE, TWO, BETA, OTHER = (f"04t00000000000{digit}AAA" for digit in "1234")
PACKAGES: dict[str, dict[str, Any]] = {
    ONE: {"name": "Base", "namespace": "acme", "version": "1.2.0.3"},
    TWO: {"name": "Base", "namespace": "acme", "version": "1.10.0.1", "depends_on": [OTHER]},
    BETA: {"name": "Base", "namespace": "acme", "version": "2.0.0.1", "beta": True, "branch": "x"},
    OTHER: {"name": "Vendor", "other_hub": True},
}
VERSIONS = "SELECT SubscriberPackageVersionId, Package2.Name, IsReleased FROM Package2Version"


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated(packages=PACKAGES) as running:
        yield running


def rows(emulated: Emulated, soql: str) -> list[dict[str, Any]]:
    return emulated.hub().client.tooling_query_as(soql, dict)


def ids(emulated: Emulated, where: str) -> list[str]:
    soql = f"{VERSIONS} WHERE {where}"
    return [row["SubscriberPackageVersionId"] for row in rows(emulated, soql)]


def test_versions_with_one_name_are_of_one_package(emulated: Emulated) -> None:
    [package] = rows(emulated, "SELECT Id, Name, NamespacePrefix FROM Package2")
    assert (package["Name"], package["NamespacePrefix"], package["Id"][:3]) == (
        "Base", "acme", "0Ho",
    )  # fmt: skip
    assert len(ids(emulated, f"Package2Id = '{package['Id']}'")) == 3


def test_versions_are_filtered_and_sorted_by_their_numbers(emulated: Emulated) -> None:
    assert ids(emulated, "IsReleased = true ORDER BY MajorVersion DESC, MinorVersion DESC") == [
        TWO, ONE,
    ]  # fmt: skip
    assert ids(emulated, "Branch = null AND MinorVersion = 2") == [ONE]
    assert ids(emulated, "Branch = 'x'") == [BETA]


def test_a_package_of_another_dev_hub_is_not_listed(emulated: Emulated) -> None:
    assert ids(emulated, f"SubscriberPackageVersionId = '{OTHER}'") == []
    soql = f"SELECT Dependencies FROM SubscriberPackageVersion WHERE Id = '{TWO}'"
    [row] = rows(emulated, soql)
    assert row["Dependencies"] == {"ids": [{"subscriberPackageVersionId": OTHER}]}


def test_a_scratch_org_has_no_packages_of_its_own(emulated: Emulated) -> None:
    emulated.scratch_org()
    with pytest.raises(Exception, match="INVALID_TYPE"):
        emulated.client().tooling_query_as("SELECT Id FROM Package2", dict)


def test_a_packages_file_says_which_names_there_are(emulated: Emulated) -> None:
    assert rows(emulated, "SELECT Id FROM Package2 WHERE Name = 'Unknown'") == []


@pytest.mark.parametrize("packages", [None, {"*": {}}])
def test_otherwise_each_name_and_number_of_a_query_is_there(packages: Any) -> None:
    with Emulated(packages=packages) as emulated:
        [package] = rows(emulated, "SELECT Id FROM Package2 WHERE Name = 'Unknown'")
        same = f"Package2Id = '{package['Id']}'"
        assert len(ids(emulated, same)) == 1
        [found] = ids(emulated, f"{same} AND MajorVersion = 4 AND MinorVersion = 1")
        assert ids(emulated, f"{same} AND MajorVersion = 4") == [found]
        assert noted(emulated.world) == ["version 1.0.0.1.", "version 4.1.0.1."]


def noted(world: World) -> list[str]:
    return [note.partition("assumes a ")[2] for note in world.notes]


def test_queries_of_the_tooling_api_are_sent_in_a_body(emulated: Emulated) -> None:
    client = emulated.hub().client

    def sent(path: str, url: str) -> Any:
        request = {"method": "GET", "url": f"/services/data/v68.0/{url}", "referenceId": "a"}
        body = {"allOrNone": False, "compositeRequest": [request]}
        [part] = client.call("POST", path, json=body)["compositeResponse"]
        return part["httpStatusCode"], part["body"]

    soql = "tooling/query/?q=SELECT+Name+FROM+Package2"
    status, body = sent("tooling/composite", soql)
    assert (status, body["records"][0]["Name"]) == (200, "Base")
    assert sent("composite", soql)[0] == 400
    assert sent("tooling/composite", "query/?q=SELECT+Id+FROM+Account")[0] == 400
    status, body = sent("tooling/composite", "tooling/query/?q=SELECT+Nope+FROM+Package2")
    assert (status, body[0]["errorCode"]) == (400, "INVALID_FIELD")
