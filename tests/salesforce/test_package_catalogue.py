"""What the Dev Hub says about packages: read once, and malformed answers are no facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.package_catalogue import Details, PackageCatalogue, is_about_key
from provisioner.salesforce.packages import installed_packages
from provisioner.salesforce.version_numbers import VersionNumber, declared, named
from tests.salesforce.world import Emulated

BASE, KEYED = "04t000000000001AAA", "04t000000000002AAA"
KEY = "it's \\ secret"
PACKAGES: dict[str, dict[str, Any]] = {
    BASE: {"name": "Base", "version": "1.2.0.3", "package_id": "033000000000001AAA"},
    KEYED: {"name": "Keyed", "installation_key": KEY, "depends_on": [BASE]},
}
GOOD = {
    "SubscriberPackageVersionId": BASE, "MajorVersion": 1, "MinorVersion": 2, "PatchVersion": 0,
    "BuildNumber": 3, "IsReleased": True,
}  # fmt: skip


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated(packages=PACKAGES) as running:
        yield running


@pytest.fixture
def catalogue(emulated: Emulated) -> PackageCatalogue:
    hub = emulated.hub().client
    return PackageCatalogue(lambda: hub)


def answered(emulated: Emulated, record: Any) -> None:
    """Every query from now on finds this record."""
    body = {"done": True, "totalSize": 1, "records": [record]}
    emulated.fault(
        {"route": "tooling.query"}, {"do": "answer", "status": 200, "body": body}, times=0
    )


def test_each_answer_is_requested_once(emulated: Emulated, catalogue: PackageCatalogue) -> None:
    selector = named("LATEST")
    assert selector is not None
    for _ in range(3):
        [package] = catalogue.packages("Base")
        found = catalogue.version(package, selector)
        assert found is not None
        assert found.number == VersionNumber(1, 2, 0, 3)
        assert catalogue.owned(BASE) is not None
        assert catalogue.details(BASE) is not None
        assert catalogue.packages("Unknown") == []
    assert emulated.requests("tooling.query") == 5


def test_details_have_the_dependencies(catalogue: PackageCatalogue) -> None:
    found = catalogue.details(KEYED, KEY)
    assert isinstance(found, Details)
    assert found.dependencies == (BASE,)
    assert catalogue.details("04t000000000009AAA") is None


@pytest.mark.parametrize("key", ["", "wrong's"])
def test_a_missing_or_wrong_key_is_an_error_about_the_key(
    catalogue: PackageCatalogue, key: str
) -> None:
    with pytest.raises(SalesforceError) as caught:
        catalogue.details(KEYED, key)
    assert is_about_key(caught.value)
    assert "wrong" not in str(caught.value)


def test_an_error_that_quotes_the_query_is_shown_without_the_key(
    emulated: Emulated, catalogue: PackageCatalogue
) -> None:
    for quoted in (KEY, KEY.replace("\\", "\\\\").replace("'", "\\'")):
        emulated.fault(
            {"route": "tooling.composite"},
            {"do": "answer", "status": 400, "error": "MALFORMED_QUERY", "message": quoted},
        )
        with pytest.raises(SalesforceError, match="MALFORMED_QUERY") as caught:
            catalogue.details(KEYED, KEY)
        assert "secret" not in f"{caught.value} {caught.value.message}"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {**GOOD, "SubscriberPackageVersionId": None},
        {**GOOD, "SubscriberPackageVersionId": "05i000000000001AAA"},
        {**GOOD, "MajorVersion": "1"},
        {**GOOD, "BuildNumber": -1},
        {**GOOD, "IsReleased": None},
        {**GOOD, "Package2Id": "0Ho000000000001AAA", "Package2": None},
    ],
)
def test_a_malformed_version_is_no_version(
    emulated: Emulated, catalogue: PackageCatalogue, record: dict[str, Any]
) -> None:
    answered(emulated, record)
    with pytest.raises(SalesforceError, match="the answer is malformed") as caught:
        catalogue.owned(BASE)
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    "dependencies",
    ["04t000000000001AAA", [], {"ids": None}, {"ids": [3]}, {"ids": [{}]},
     {"ids": [{"subscriberPackageVersionId": "033000000000001AAA"}]}],
)  # fmt: skip
def test_malformed_dependencies_are_not_none(
    emulated: Emulated, catalogue: PackageCatalogue, dependencies: Any
) -> None:
    answered(
        emulated,
        {**GOOD, "SubscriberPackageId": "033000000000001AAA", "Dependencies": dependencies},
    )
    with pytest.raises(SalesforceError, match="the answer is malformed"):
        catalogue.details(BASE)


def test_an_installed_package_has_its_number(emulated: Emulated) -> None:
    emulated.scratch_org()
    client = emulated.client()
    body = {"SubscriberPackageVersionKey": BASE}
    client.call("POST", "tooling/sobjects/PackageInstallRequest", json=body)
    emulated.world.latencies.instant = True
    found = installed_packages(client)
    while not found.versions:
        found = installed_packages(client)
    package = "033000000000001"
    assert found.has(BASE, "", None)
    assert found.has("04t000000000009", package, VersionNumber(1, 1, 9, 9))
    assert found.has("04t000000000009", package, VersionNumber(1, 2, 0, 3))
    assert not found.has("04t000000000009", package, VersionNumber(1, 2, 0, 4))
    assert not found.has("04t000000000009", package, None)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("1.2.0.LATEST", ["MajorVersion = 1 AND MinorVersion = 2 AND PatchVersion = 0 AND "
                          "IsDeprecated = false AND Branch = null"]),
        ("1.2.0.RELEASED", ["MajorVersion = 1 AND MinorVersion = 2 AND PatchVersion = 0 AND "
                            "IsDeprecated = false AND IsReleased = true"]),
    ],
)  # fmt: skip
def test_the_conditions_are_those_of_the_official_tool(text: str, conditions: list[str]) -> None:
    selector = declared(text)
    assert selector is not None
    assert list(selector.conditions()) == conditions


def test_the_branch_of_a_dependency_is_quoted() -> None:
    selector = declared("1.2.0.LATEST", "it's")
    assert selector is not None
    assert next(selector.conditions()).endswith("Branch = 'it\\'s'")
