"""Names of package versions: their form, and what the Dev Hub makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.package_catalogue import PackageCatalogue
from provisioner.salesforce.version_numbers import declared, named
from provisioner.steps.install_package import InstallPackage
from provisioner.steps.resolved_packages import UnresolvedError
from tests.salesforce.world import Emulated
from tests.steps.packages import (
    BILLING_1,
    BILLING_2,
    CORE_1,
    CORE_2,
    CORE_BETA,
    ON_BRANCH,
    PACKAGES,
    catalogue,
    package_id,
    project,
)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with Emulated(packages=PACKAGES) as running:
        yield running


def resolved(emulated: Emulated, directory: Path, version: str) -> str:
    step = InstallPackage(version=version).resolve(catalogue(emulated), directory)
    assert step.resolved is not None
    return step.resolved.id


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (CORE_1, CORE_1),
        (CORE_1[:15], CORE_1[:15]),
        ("Core@1.0.0", CORE_1),
        ("Core@1.10.0", CORE_2),  # the released build, not the newer beta
        ("Billing@2.1.0", BILLING_2),  # no build of it is released
        ("Core@1.10.0-2", CORE_BETA),
        ("Core@1.10.0.2", CORE_BETA),
        ("Core@LATEST", CORE_BETA),  # 10 is more than 9, and a beta counts
        ("Core@LATEST_RELEASED", CORE_2),
        ("core@LATEST_RELEASED", CORE_2),  # SOQL ignores case
        ("Forked@1.0.0-3", ON_BRANCH),
        ("Pinned", BILLING_1),
        ("Core@1.0.0-1", BILLING_2),  # an alias with such a name is an alias
        ("Short@LATEST_RELEASED", BILLING_1),
    ],
)
def test_a_name_is_resolved_to_a_version(
    emulated: Emulated, tmp_path: Path, version: str, found: str
) -> None:
    aliases = {
        "Pinned": BILLING_1,
        "Core@1.0.0-1": BILLING_2,
        "Short": package_id(emulated, "Billing"),
    }
    project(tmp_path, aliases=aliases)
    step = InstallPackage(version=version)
    assert list(step.check(tmp_path)) == []
    assert resolved(emulated, tmp_path, version) == found


def test_a_package_is_also_named_by_its_id(emulated: Emulated, tmp_path: Path) -> None:
    version = f"{package_id(emulated, 'Core')}@LATEST_RELEASED"
    assert resolved(emulated, tmp_path, version) == CORE_2


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (
            "Billing",
            "'Billing' is neither a package version id (04t with 15 or 18 characters) nor an alias "
            "of sfdx-project.json; for a name write NAME@VERSION, for example "
            "Billing@LATEST_RELEASED",
        ),
        ("Pined", "no alias Pined in sfdx-project.json; did you mean Pinned?"),
        (
            "Short",
            "Short is an alias of a package, not of a version; write Short@LATEST_RELEASED, or "
            "another version after the @",
        ),
        (
            "Odd",
            "the alias Odd in sfdx-project.json is '05i000000000001AAA', which is not an id of a "
            "package version (04t…) or of a package (0Ho…)",
        ),
        *(
            (
                f"Core@{wrong}",
                f"{wrong!r} is not a version; write 1.2.0, 1.2.0-3, 1.2.0.3, LATEST or "
                "LATEST_RELEASED after the @",
            )
            for wrong in ("1.0", "v1.0.0", "latest", "1.0.0.LATEST", "1.0.0-", "")
        ),
        (
            "@1.0.0",
            "'1.0.0' is not a version; write 1.2.0, 1.2.0-3, 1.2.0.3, LATEST or LATEST_RELEASED "
            "after the @",
        ),
    ],
)
def test_a_wrong_form_is_found_offline(tmp_path: Path, version: str, message: str) -> None:
    aliases = {"Pinned": CORE_1, "Short": "0Ho000000000001AAA", "Odd": "05i000000000001AAA"}
    project(tmp_path, aliases=aliases)
    [finding] = InstallPackage(version=version).check(tmp_path)
    assert (finding.field, finding.message) == ("version", message)


def test_a_broken_project_file_is_named_where_an_alias_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "sfdx-project.json"
    path.write_text('{"packageAliases": 3\n}', encoding="utf-8")
    [finding] = InstallPackage(version="Core@LATEST").check(tmp_path)
    expected = "sfdx-project.json: packageAliases must be an object of names and ids"
    assert finding.message == expected
    assert list(InstallPackage(version=CORE_1).check(tmp_path)) == []


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("Cor@LATEST", "the Dev Hub has no package Cor; did you mean Core?"),
        (
            "Zzz@LATEST",
            "the Dev Hub has no package Zzz; it has Billing, Core, Forked, Keyed, Late",
        ),
        (
            "Gone@LATEST",
            "the Dev Hub has no package 0Ho0000000000zzAAA, which sfdx-project.json calls Gone; it "
            "has Billing, Core, Forked, Keyed, Late",
        ),
        (
            "Core@3.0.0",
            "the package Core has no version 3.0.0; the newest are 1.10.0.2 (beta), 1.10.0.1, "
            "1.0.0.2",
        ),
        (
            "Billing@2.1.0-9",
            "the package Billing has no version 2.1.0-9; the newest are 2.1.0.5 (beta), 2.0.0.1",
        ),
        (
            "Forked@LATEST",
            "the package Forked has no version LATEST, where builds of other branches do not "
            "count; the newest are 1.0.0.3 (beta)",
        ),
        (
            "Forked@LATEST_RELEASED",
            "the package Forked has no version LATEST_RELEASED; the newest are 1.0.0.3 (beta)",
        ),
    ],
)
def test_a_name_that_the_dev_hub_does_not_have(
    emulated: Emulated, tmp_path: Path, version: str, message: str
) -> None:
    project(tmp_path, aliases={"Gone": "0Ho0000000000zzAAA"})
    with pytest.raises(UnresolvedError) as caught:
        resolved(emulated, tmp_path, version)
    assert (caught.value.field, caught.value.message) == ("version", message)


def test_a_name_of_two_packages_is_refused_with_their_ids(tmp_path: Path) -> None:
    packages = {
        CORE_1: {"name": "Core", "package_id": "033000000000001AAA"},
        CORE_2: {"name": "Core", "package_id": "033000000000002AAA"},
    }
    with Emulated(packages=packages) as emulated:
        with pytest.raises(UnresolvedError, match="the Dev Hub has 2 packages with the name Core"):
            resolved(emulated, tmp_path, "Core@LATEST")
        assert resolved(emulated, tmp_path, "0Ho000000000002@LATEST") == CORE_2


def test_a_deprecated_version_is_not_the_latest(tmp_path: Path) -> None:
    packages = {**PACKAGES, CORE_BETA: {**PACKAGES[CORE_BETA], "deprecated": True}}
    with Emulated(packages=packages) as emulated:
        assert resolved(emulated, tmp_path, "Core@LATEST") == CORE_2


def test_an_id_and_an_alias_of_an_id_need_no_request(emulated: Emulated, tmp_path: Path) -> None:
    project(tmp_path, aliases={"Pinned": BILLING_1})
    before = len(emulated.world.log.entries())
    for version in (CORE_1, "Pinned"):
        step = InstallPackage(version=version)
        step.resolve(PackageCatalogue(_never_called), tmp_path)
    assert len(emulated.world.log.entries()) == before


def _never_called() -> OrgClient:
    raise AssertionError


def test_the_fingerprint_has_the_version_and_not_the_name(
    emulated: Emulated, tmp_path: Path
) -> None:
    named_step = InstallPackage(version="Core@LATEST_RELEASED")
    found = named_step.resolve(catalogue(emulated), tmp_path)
    assert list(found.inputs(tmp_path)) == list(InstallPackage(version=CORE_2).inputs(tmp_path))
    other = replace(found, resolved=replace(found.versions[0], id=CORE_1))
    assert list(found.inputs(tmp_path)) != list(other.inputs(tmp_path))
    with pytest.raises(AssertionError, match="was not resolved"):
        list(named_step.inputs(tmp_path))


@pytest.mark.parametrize(
    "text", ["1.2.0.NEXT", "1.2.0", "1.2.0.HIGHEST", "1.2.0.latest", "1.2.3.4.5"]
)
def test_other_versions_of_a_dependency_are_refused(text: str) -> None:
    assert declared(text) is None


def test_selectors_compare_numbers_and_not_texts() -> None:
    newest = named("LATEST")
    assert newest is not None
    assert list(newest.conditions()) == ["IsDeprecated = false AND Branch = null"]
    build = named("1.2.0-03")
    assert build is not None
    assert build.number == (1, 2, 0, 3)
