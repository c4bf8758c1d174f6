"""install_dependencies: the order, what is skipped, keys, failures, and a killed build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.declare.secret import Secret
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.steps import package_dependencies
from provisioner.steps.base import UNAVAILABLE, Done, Pending
from provisioner.steps.install_dependencies import InstallDependencies, Installing
from provisioner.steps.install_package import InstallPackage
from provisioner.steps.resolved_packages import ResolvedVersion, UnresolvedError
from tests.salesforce.world import Emulated
from tests.steps.packages import (
    BILLING_1,
    BILLING_2,
    CORE_1,
    CORE_2,
    CORE_BETA,
    KEY,
    KEYED,
    LATE,
    ON_BRANCH,
    PACKAGES,
    VENDOR,
    catalogue,
    package_id,
    project,
)
from tests.steps.step_runner import KilledError, StepRunner

CORE = {"package": "Core", "versionNumber": "1.10.0.RELEASED"}
BILLING = {"package": "Billing", "versionNumber": "2.0.0.LATEST"}


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated(packages=PACKAGES) as running:
        yield running


def step(emulated: Emulated, directory: Path, **options: Any) -> InstallDependencies:
    """The step for the project in a folder, with its versions."""
    return InstallDependencies(**options).resolve(catalogue(emulated), directory)


def ids(resolved: InstallDependencies) -> list[str]:
    return [version.id for version in resolved.versions]


def requested(runner: StepRunner) -> list[str]:
    """The versions of all requests, in order; each of them must have succeeded."""
    rows = list(runner.emulated_org.store.rows("PackageInstallRequest"))
    assert all(row["Status"] == "SUCCESS" for row in rows)
    return [str(row["SubscriberPackageVersionKey"]) for row in rows]


def test_dependencies_come_first_and_each_once(runner: StepRunner, emulated: Emulated) -> None:
    """Billing needs Core 1.0, and the project Core 1.10, which needs a package of a vendor."""
    project(runner.directory, BILLING, CORE)
    found = step(emulated, runner.directory)
    assert ids(found) == [VENDOR, CORE_2, BILLING_1]
    assert runner.finish(found) == Done("all 3 packages installed")
    assert requested(runner) == [VENDOR, CORE_2, BILLING_1]
    titles = [version.title for version in found.versions]
    assert titles == [VENDOR, f"Core 1.10.0.1 ({CORE_2})", f"Billing 2.0.0.1 ({BILLING_1})"]


@pytest.mark.parametrize(
    ("dependency", "found"),
    [
        ({"package": CORE_1}, [CORE_1]),
        ({"subscriberPackageVersionId": CORE_1}, [CORE_1]),
        ({"package": "Pinned"}, [CORE_1]),
        ({"package": "Core", "versionNumber": "1.10.0.LATEST"}, [CORE_BETA]),
        ({"package": "Core", "versionNumber": "1.10.0.RELEASED"}, [VENDOR, CORE_2]),
        ({"package": "Core", "versionNumber": "1.10.0.1"}, [VENDOR, CORE_2]),
        (
            {"package": "Forked", "versionNumber": "1.0.0.LATEST", "branch": "feature"},
            [ON_BRANCH],
        ),
    ],
)
def test_every_form_of_a_dependency(
    emulated: Emulated, tmp_path: Path, dependency: dict[str, str], found: list[str]
) -> None:
    project(tmp_path, dependency, aliases={"Pinned": CORE_1})
    assert list(InstallDependencies().check(tmp_path)) == []
    assert ids(step(emulated, tmp_path)) == found


def test_a_package_is_named_by_its_id(emulated: Emulated, tmp_path: Path) -> None:
    project(tmp_path, {"packageId": package_id(emulated, "Core"), "versionNumber": "1.0.0.2"})
    assert ids(step(emulated, tmp_path)) == [CORE_1]


@pytest.mark.parametrize("version", [CORE_2, CORE_BETA])
def test_a_package_that_is_installed_at_that_version_or_higher_is_skipped(
    runner: StepRunner, emulated: Emulated, version: str
) -> None:
    project(runner.directory, BILLING, CORE)
    runner.finish(InstallPackage(version=VENDOR))
    runner.finish(InstallPackage(version=version))
    assert runner.finish(step(emulated, runner.directory)).note == "all 3 packages installed"
    assert requested(runner) == [VENDOR, version, BILLING_1]


def test_a_lower_version_is_upgraded(runner: StepRunner, emulated: Emulated) -> None:
    project(runner.directory, CORE)
    runner.finish(InstallPackage(version=CORE_1))
    runner.finish(step(emulated, runner.directory))
    assert requested(runner) == [CORE_1, VENDOR, CORE_2]
    assert runner.count("InstalledSubscriberPackage") == 2


def test_the_installed_packages_are_read_once(runner: StepRunner, emulated: Emulated) -> None:
    project(runner.directory, BILLING, CORE)
    found = step(emulated, runner.directory)
    before = emulated.requests("tooling.query")
    runner.finish(found)
    assert emulated.requests("tooling.query") == before + 1


@pytest.mark.parametrize("name", ["Keyed", "0Ho", KEYED, "By alias"])
def test_a_key_is_found_by_any_name_of_its_package(
    runner: StepRunner, emulated: Emulated, name: str
) -> None:
    project(runner.directory, {"package": "By alias"}, aliases={"By alias": KEYED})
    name = package_id(emulated, "Keyed") if name == "0Ho" else name
    found = step(emulated, runner.directory, installation_keys={name: Secret(KEY)})
    assert ids(found) == [VENDOR, CORE_2, KEYED]
    assert KEY not in repr(found)
    assert KEY.encode() not in b"".join(found.inputs(runner.directory))
    runner.finish(found)
    assert requested(runner) == [VENDOR, CORE_2, KEYED]
    assert not any(KEY[:4] in text for text in runner.remembered)


@pytest.mark.parametrize(
    ("keys", "field", "message"),
    [
        ({}, "installation_keys", "the package Keyed needs an installation key; write Keyed: "
         "${NAME}"),
        ({"Keyde": "x"}, "installation_keys", "the package Keyed needs an installation key; write "
         "Keyed: ${NAME}; did you mean Keyed by Keyde?"),
        ({"Keyed": "wr0ng"}, "installation_keys.Keyed", "the installation key Keyed does not fit "
         "the package Keyed"),
    ],
)  # fmt: skip
def test_a_key_that_is_missing_or_wrong(
    emulated: Emulated, tmp_path: Path, keys: dict[str, str], field: str, message: str
) -> None:
    project(tmp_path, {"package": KEYED})
    secrets = {name: Secret(key) for name, key in keys.items()}
    with pytest.raises(UnresolvedError) as caught:
        step(emulated, tmp_path, installation_keys=secrets)
    assert (caught.value.field, caught.value.message) == (field, message)


def test_no_address_of_a_request_has_the_key(emulated: Emulated, tmp_path: Path) -> None:
    project(tmp_path, {"package": KEYED})
    step(emulated, tmp_path, installation_keys={"Keyed": Secret(KEY)})
    assert emulated.requests("tooling.composite") == 1


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        ({"package": "Core"}, "the dependency on Core has no versionNumber; write 1.2.0.LATEST, "
         "1.2.0.RELEASED or 1.2.0.3"),
        ({"package": "Core", "versionNumber": "1.0.0.NEXT"}, "'1.0.0.NEXT' is not the version of a "
         "dependency; NEXT is for the version of the package itself; write 1.2.0.LATEST, "
         "1.2.0.RELEASED or 1.2.0.3"),
        ({"package": "Core", "versionNumber": "1.0"}, "'1.0' is not the version of a dependency; "
         "write 1.2.0.LATEST, 1.2.0.RELEASED or 1.2.0.3"),
        ({"package": "Odd"}, "the alias Odd is '05i1', which is neither 04t… nor 0Ho…"),
        ({}, "the dependency names no package; write package"),
        ({"package": "A", "packageId": "B"}, "the dependency has package and packageId; keep one "
         "of them"),
        ({"package": 3}, "package of a dependency must be a text"),
    ],
)  # fmt: skip
def test_a_wrong_dependency_is_found_offline_at_its_line(
    tmp_path: Path, dependency: dict[str, Any], message: str
) -> None:
    project(tmp_path, {"package": CORE_1}, dependency, aliases={"Odd": "05i1"})
    [finding] = InstallDependencies().check(tmp_path)
    assert finding.field == "project"
    assert finding.message == f"sfdx-project.json:10:9: {message}"


def test_a_project_without_a_file_or_without_dependencies(tmp_path: Path) -> None:
    [missing] = InstallDependencies().check(tmp_path)
    assert missing.message.endswith("sfdx-project.json cannot be read: No such file or directory")
    project(tmp_path)
    [empty] = InstallDependencies().check(tmp_path)
    assert empty.is_warning
    assert empty.message == (
        "sfdx-project.json declares no dependencies; the step installs nothing"
    )


def test_a_package_of_the_project_without_a_version_names_both_fixes(
    emulated: Emulated, tmp_path: Path
) -> None:
    own = {"package": "Core", "versionNumber": "9.0.0.LATEST"}
    project(tmp_path, own, package="Core")
    with pytest.raises(UnresolvedError) as caught:
        step(emulated, tmp_path)
    assert caught.value.message == (
        "sfdx-project.json:7:9: the package Core has no version 9.0.0.LATEST, where builds of "
        "other branches do not count; the newest are 1.10.0.2 (beta), 1.10.0.1, 1.0.0.2"
    )
    assert caught.value.hint == (
        "Core is a package directory of this project. Build the version with `sf package version "
        "create --package Core`, or deploy its source: list Core under skip, and add a "
        "deploy_source step with package_dirs: [Core]"
    )
    assert ids(step(emulated, tmp_path, skip=("Core",))) == []


def test_a_skipped_package_is_not_installed_for_another_one(
    emulated: Emulated, tmp_path: Path
) -> None:
    project(tmp_path, {"package": BILLING_1})
    assert ids(step(emulated, tmp_path, skip=("Core",))) == [BILLING_1]


def test_a_version_that_is_not_available_yet_is_waited_for(
    runner: StepRunner, emulated: Emulated
) -> None:
    project(runner.directory, {"package": "Late", "versionNumber": "1.0.0.LATEST"})
    found = step(emulated, runner.directory)
    failure = runner.failure(found)
    assert (failure.kind, failure.code) == (ErrorKind.TRANSIENT, UNAVAILABLE)
    assert runner.step_state == "again"
    assert emulated.world.packages is not None
    emulated.world.packages[LATE] = {"name": "Late"}
    runner.finish(found)
    assert requested(runner) == [LATE]


def test_a_failed_install_names_the_package(runner: StepRunner, emulated: Emulated) -> None:
    assert emulated.world.packages is not None
    emulated.world.packages[BILLING_1] = {**PACKAGES[BILLING_1], "error": "Invalid type: Bar"}
    project(runner.directory, BILLING)
    failure = runner.failure(step(emulated, runner.directory))
    assert failure.message == f"Billing 2.0.0.1 ({BILLING_1}) was not installed: Invalid type: Bar"
    assert failure.kind is ErrorKind.CONTENT


@pytest.mark.parametrize("at", range(1, 7))
def test_a_build_that_is_killed_at_any_state_installs_nothing_twice(
    runner: StepRunner, emulated: Emulated, at: int
) -> None:
    project(runner.directory, BILLING, CORE)
    found = step(emulated, runner.directory)
    states = 0

    def killed(_state: Any) -> None:
        nonlocal states
        states += 1
        if states == at:
            raise KilledError

    context = replace(runner.context(), remember=killed)
    outcome: Any = None
    try:
        outcome = found.start(context)
        while isinstance(outcome, Pending):
            runner.step_state = outcome.state.text()
            killed(outcome.state)
            outcome = found.poll(context, found.read_state(runner.step_state))
    except KilledError:
        runner.restart()
    runner.finish(found)
    assert requested(runner) == [VENDOR, CORE_2, BILLING_1]


def test_a_request_whose_answer_is_lost_is_found_again(
    runner: StepRunner, emulated: Emulated
) -> None:
    project(runner.directory, BILLING, CORE)
    found = step(emulated, runner.directory)
    emulated.fault(
        {"path": "PackageInstallRequest", "method": "POST"}, {"do": "reset", "at": "after"}
    )
    with pytest.raises(SalesforceError, match="the answer was lost"):
        runner.advance(found)
    assert found.read_state(runner.step_state) == Installing(VENDOR)
    runner.restart()
    runner.finish(found)
    assert requested(runner) == [VENDOR, CORE_2, BILLING_1]


def test_the_fingerprint_depends_on_versions_and_order(tmp_path: Path) -> None:
    def inputs(*versions: str, **options: Any) -> list[bytes]:
        resolved = tuple(map(ResolvedVersion, versions))
        return list(InstallDependencies(resolved=resolved, **options).inputs(tmp_path))

    assert inputs(CORE_1) != inputs(CORE_2)
    assert inputs(CORE_1, BILLING_2) != inputs(BILLING_2, CORE_1)
    assert inputs(CORE_1) != inputs(CORE_1, security_type="full")


def test_a_project_with_too_many_packages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_dependencies, "MOST", 20)
    chain = [f"04t{number:012d}AAA" for number in range(1, 23)]
    packages = {
        one: {"name": f"P{n}", "depends_on": chain[n + 1 : n + 2]} for n, one in enumerate(chain)
    }
    with Emulated(packages=packages) as emulated:
        project(tmp_path, {"package": chain[0]})
        with pytest.raises(UnresolvedError, match="the project depends on more than 20 packages"):
            step(emulated, tmp_path)


def test_options_that_name_no_dependency_are_remarked(emulated: Emulated, tmp_path: Path) -> None:
    project(tmp_path, BILLING, {"package": VENDOR})
    keys = {"Biling": Secret("x"), "Billing": Secret("y")}
    found = step(emulated, tmp_path, installation_keys=keys, skip=("Cor", "Core"))
    assert found.remarks == (
        "installation_keys.Biling names no dependency of the project",
        "skip.Cor names no dependency of the project",
    )
