"""Names of package versions in a build: resolved once, in the plan and in the fingerprint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.builder.result import BuildResult
from provisioner.errors import ConfigError, ErrorKind, SalesforceError, UsageError
from provisioner.ledger.base import State
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow

BASE_1, BASE_2, BILLING_1, BILLING_2, BILLING_3, VENDOR = (
    f"04t00000000000{digit}AAA" for digit in "123456"
)
KEY = "planted-key-of-the-base"
PACKAGES: dict[str, dict[str, Any]] = {
    BASE_1: {"name": "Base", "version": "1.0.0.1"},
    BASE_2: {"name": "Base", "version": "1.1.0.4", "depends_on": [VENDOR]},
    BILLING_1: {"name": "Billing", "version": "1.2.0.3", "depends_on": [BASE_1]},
    BILLING_2: {"name": "Billing", "version": "1.2.0.4", "beta": True, "depends_on": [BASE_2]},
    VENDOR: {"name": "Vendor", "version": "3.0.0.1", "other_hub": True},
}
PROJECT: dict[str, Any] = {
    "packageDirectories": [
        {
            "path": "force-app",
            "default": True,
            "dependencies": [
                {"package": "Billing", "versionNumber": "1.2.0.LATEST"},
                {"package": "Base", "versionNumber": "1.0.0.RELEASED"},
            ],
        }
    ],
    "packageAliases": {"Billing": "0Ho000000000000"},
}


@pytest.fixture
def packages(night: Night) -> Night:
    """A night whose Dev Hub has two packages, and a project that depends on them."""
    night.world.packages = dict(PACKAGES)
    write_project(night)
    return night


def write_project(night: Night, **changes: Any) -> None:
    project = {**PROJECT, "packageAliases": {}, **changes}
    night.write_json("sfdx-project.json", project)


def install(night: Night, version: str, more: str = "") -> BuildResult:
    night.write_pool(steps=f'- install_package: {{ version: "{version}" }}\n{more}')
    return night.build()


def installed(night: Night) -> list[list[str]]:
    """The versions in each available org, in the order of their requests."""
    return [
        [row["SubscriberPackageVersionKey"] for row in night.rows_in(org, "PackageInstallRequest")]
        for org in night.orgs(State.AVAILABLE)
    ]


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("Base@1.0.0", BASE_1),
        ("Base@1.1.0-4", BASE_2),
        ("Base@1.1.0.4", BASE_2),
        ("Base@LATEST", BASE_2),
    ],
)
def test_a_name_is_resolved_once_for_all_orgs(packages: Night, version: str, found: str) -> None:
    assert packages.world.packages is not None
    packages.world.packages[BASE_2] = {"name": "Base", "version": "1.1.0.4"}
    assert not install(packages, version).failed
    assert installed(packages) == [[found], [found]]
    soql = [e.path for e in packages.world.log.entries() if e.route == "tooling.query"]
    assert len(soql) == 2 + 2, "two for the name, and one in each org"


def test_pools_share_what_the_dev_hub_says(packages: Night) -> None:
    packages.write_pool(size=1, steps='- install_package: { version: "Base@1.0.0" }\n')
    path = packages.folder / "pool.yaml"
    head, pool = path.read_text("utf-8").split("  sample:\n")
    path.write_text(f"{head}  sample:\n{pool}  other:\n{pool}", encoding="utf-8")
    assert len(packages.build(pools=("sample", "other")).built) == 2
    log = packages.world.log.entries()
    on_hub = [one for one in log if (one.route, one.org) == ("tooling.query", "hub")]
    assert len(on_hub) == 2, "the package and its version"


def test_dependencies_are_installed_in_order_each_once(packages: Night) -> None:
    packages.write_pool(steps="- install_dependencies: {}\n")
    assert not packages.build().failed
    assert installed(packages) == [[VENDOR, BASE_2, BILLING_2]] * 2


def test_a_new_release_replaces_the_orgs_that_wait(packages: Night) -> None:
    assert packages.world.packages is not None
    packages.world.packages[BASE_2] = {"name": "Base", "version": "1.1.0.4", "beta": True}
    first = install(packages, "Base@LATEST_RELEASED")
    assert installed(packages) == [[BASE_1], [BASE_1]]
    packages.world.packages[BASE_2] = {"name": "Base", "version": "1.1.0.4"}
    second = packages.build()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert installed(packages) == [[BASE_2], [BASE_2]]
    assert packages.build().wanted == 0, "the same release is the same content"


def test_the_plan_has_the_resolved_versions(packages: Night) -> None:
    packages.write_pool(
        steps='- install_package: { version: "Base@LATEST" }\n- install_dependencies: {}\n'
    )
    code, out, err = Command(packages, "plan").end()
    assert code == 0, err
    assert f"  package Base@LATEST 1.1.0.4 ({BASE_2})" in out
    _, out, _ = Command(packages, "plan", "--json").end()
    found = json.loads(out)["pools"][0]["packages"]
    assert found[0] == {
        "step": "install_package", "name": "Base@LATEST", "number": "1.1.0.4", "id": BASE_2,
    }  # fmt: skip
    assert [each["id"] for each in found[1:]] == [VENDOR, BASE_2, BILLING_2]


def test_a_name_that_does_not_exist_stops_the_build_at_its_line(packages: Night) -> None:
    with pytest.raises(ConfigError) as caught:
        install(packages, "Bas@LATEST", '- install_package: { version: "Base@9.9.9" }\n')
    file = packages.folder / "pool.yaml"
    key = "pools.sample.steps"
    assert caught.value.message.splitlines() == [
        f"{file}:15:9: {key}.0.install_package.version: the Dev Hub has no package Bas; did you "
        "mean Base?",
        f"{file}:16:9: {key}.1.install_package.version: the package Base has no version 9.9.9; "
        "the newest are 1.1.0.4, 1.0.0.1",
    ]
    assert caught.value.exit_code == 2
    assert packages.requests("sobjects.create") == 0, "nothing was signed up"


def test_a_version_is_waited_for_longer_than_steps_are_retried(packages: Night) -> None:
    """An hour; after 20 retries in 16 minutes any other transient error is final."""
    packages.world.packages = {BASE_1: {"name": "Base", "available_after": 3600}}
    packages.write_pool(size=1, steps='- install_package: { version: "Base@LATEST" }\n')
    result = packages.build()
    assert not result.failed
    notes = [event.note for event in packages.watcher.events if event.is_retry]
    assert notes
    assert all("This package is not yet available" in note for note in notes)


def test_the_wait_for_a_version_ends_with_the_timeout_of_the_step(packages: Night) -> None:
    packages.world.packages = {BASE_1: {"name": "Base", "available_after": 1e9}}
    packages.write_pool(
        size=1,
        pool="replacements: 0",
        steps='- install_package: { version: "Base@LATEST", timeout: 5m }\n',
    )
    result = packages.build()
    assert result.exit_code == 6
    assert "This package is not yet available" in result.failed[0].error


def test_options_that_name_no_dependency_are_warned_of(packages: Night) -> None:
    packages.environ["KEY_OF_X"] = "x"
    packages.write_pool(
        size=1, steps='- install_dependencies: { installation_keys: { X: "${KEY_OF_X}" } }\n'
    )
    assert packages.build().exit_code == 0
    warning = "install_dependencies.installation_keys.X names no dependency of the project"
    assert any(text.endswith(f"pool.yaml:15: {warning}") for text in packages.watcher.messages)


@pytest.mark.parametrize(
    "step",
    [
        'install_package: { version: "Unknown@2.1.0-4" }',
        'install_package: { version: "Unknown@LATEST_RELEASED" }',
        'install_package: { version: "Aliased@2.1.0" }',
        "install_dependencies: {}",
    ],
)
def test_an_emulator_without_a_packages_file_has_each_package_that_is_named(
    night: Night, step: str
) -> None:
    """As in a rehearsal: only the real Dev Hub knows the packages of pool.yaml."""
    write_project(night, packageAliases={"Aliased": "0Ho000000000001AAA"})
    night.write_pool(size=1, steps=f"- {step}\n")
    assert night.build().exit_code == 0
    assert any("it assumes a version" in note for note in night.world.notes)


def test_a_dev_hub_that_does_not_answer_is_named_with_the_line(packages: Night) -> None:
    packages.fault(
        {"route": "tooling.query"},
        {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
        times=0,
    )
    with pytest.raises(SalesforceError) as caught:
        install(packages, "Base@LATEST")
    assert "pool.yaml:15: install_package: hub@acme.example: GET" in caught.value.message
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert not packages.active()


def test_a_user_who_sees_no_packages_reads_which_right_it_needs(packages: Night) -> None:
    packages.fault(
        {"route": "tooling.query", "org": "hub"},
        {"do": "answer", "status": 400, "error": "INVALID_TYPE", "message": "no such type"},
        times=0,
    )
    with pytest.raises(UsageError) as caught:
        install(packages, "Base@LATEST")
    assert caught.value.exit_code == 2
    assert "pool.yaml:15: install_package: the Dev Hub does not show its" in caught.value.message
    assert "Second-Generation Packages" in caught.value.hint
