"""What every kind of step must do: nothing is done twice when it is run again or an answer is lost.

A new kind is tested without further code: it needs an example in `EXAMPLES`, and one of its states
in `STATES` (tests/steps/states.py).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.steps import STEPS, snowfakery_data, step_class
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from provisioner.steps.base import Done, Step, StepFailed
from provisioner.steps.create_users import CreateUsers
from provisioner.steps.deploy_metadata import DeployMetadata
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.install_dependencies import InstallDependencies
from provisioner.steps.install_package import InstallPackage
from provisioner.steps.load_data import LoadData
from provisioner.steps.resolved_packages import ResolvedVersion
from provisioner.steps.run_apex import RunApex
from provisioner.steps.run_command import RunCommand
from provisioner.steps.settings import Settings
from provisioner.steps.snapshot import Snapshot
from provisioner.steps.verification import Verification
from tests.salesforce.world import Emulated
from tests.steps.project import (
    accounts,
    contacts,
    data_plan,
    metadata_folder,
    write,
    zipped_folder,
)
from tests.steps.step_runner import StepRunner

DEFINITION = {"settings": {"lightningExperienceSettings": {"enableS1DesktopEnabled": True}}}

DEPENDENCIES = tuple(ResolvedVersion(f"04t00000000000{digit}AAA") for digit in "234")

# The kind, and its form where it has several.
EXAMPLES: dict[str, Callable[[], Step]] = {
    "settings": Settings,
    "install_package": lambda: InstallPackage(version="04t000000000001AAA"),
    "install_dependencies": lambda: InstallDependencies(resolved=DEPENDENCIES),
    "deploy_source": lambda: DeploySource(path=Path("mdapi")),
    "deploy_metadata": lambda: DeployMetadata(zip=Path("package.zip")),
    "create_users": lambda: CreateUsers(definitions=(Path("agent-user.json"),)),
    "assign_permission_sets": lambda: AssignPermissionSets(sets=("Sales_Rep", "Other")),
    "load_data": lambda: LoadData(plan=Path("plan.json")),
    "load_data csv": lambda: LoadData(csv=(Path("accounts.csv"),), object="Account"),
    "load_data files": lambda: LoadData(files=(Path("a.pdf"), Path("sub/b.txt"))),
    "load_data sfdmu": lambda: LoadData(sfdmu=Path("sfdmu/export.json")),
    "load_data snowfakery": lambda: LoadData(snowfakery=Path("recipe.yml"), seed=7),
    "run_apex": lambda: RunApex(file=Path("setup.apex")),
    "snapshot": Snapshot,
    "run_command": lambda: RunCommand(command=(sys.executable, "seed.py")),
    "verification": Verification,
}
REPLACES_UNCONFIRMED = frozenset({"load_data", "load_data snowfakery", "run_apex", "run_command"})
NEEDS_ITS_STATE = REPLACES_UNCONFIRMED | {"load_data csv", "load_data sfdmu"}
"""An org is replaced when the ledger holds a state that they cannot read."""

NOT_REPEATABLE = NEEDS_ITS_STATE  # only the ledger knows what they have done

FAULTS: dict[str, dict[str, Any]] = {
    "unavailable": {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
    "reset before": {"do": "reset", "at": "before"},
    "reset after": {"do": "reset", "at": "after"},
    "closed after": {"do": "close", "at": "after"},
    "session ended": {"do": "expire_session"},
}


def made(emulated: Emulated, directory: Path) -> StepRunner:
    """An org and a folder with all that the examples name."""
    metadata_folder(directory / "mdapi", sets=["Sales_Rep", "Other"])
    data_plan(directory, {"Account.json": accounts(2), "Contact.json": contacts(2)})
    zipped_folder(directory / "mdapi", directory / "package.zip")
    write(directory / "accounts.csv", "Name,Phone\nRow 1,1\nRow 2,2\n")
    write(directory / "a.pdf", b"%PDF \xff")
    write(directory / "sub/b.txt", "text")
    query = {"query": "SELECT Name FROM Account", "operation": "Upsert"}
    write(directory / "sfdmu/export.json", json.dumps({"objects": [query]}))
    write(directory / "sfdmu/Account.csv", "Name\nFrom SFDMU\n")
    recipe = "- object: Account\n  fields: {Name: A}\n"
    recipe += "- object: Contact\n  fields: {LastName: B, AccountId: {reference: Account}}\n"
    write(directory / "recipe.yml", recipe)
    write(directory / "setup.apex", "insert new Case(Subject = 'x');\n")
    write(directory / "seed.py", "print('ready')")
    write(directory / "agent-user.json", '{"LastName": "Agent", "permsets": ["Sales_Rep"]}')
    runner = StepRunner(emulated, directory, DEFINITION)
    runner.finish(DeploySource(path=Path("mdapi")))
    return runner


def kind_of(name: str) -> str:
    """The kind of an example."""
    return name.partition(" ")[0]


@pytest.fixture
def runner(emulated: Emulated, tmp_path: Path) -> StepRunner:
    return made(emulated, tmp_path)


def state(runner: StepRunner) -> dict[str, int]:
    """What must never double."""
    kinds = [
        "Account",
        "Contact",
        "Case",
        "ContentVersion",
        "PermissionSetAssignment",
        "PermissionSet",
        "User",
    ]
    return {kind: runner.count(kind) for kind in [*kinds, "InstalledSubscriberPackage"]}


def requests(runner: StepRunner) -> int:
    return len(runner.emulated.world.log.entries())


def test_every_registered_kind_has_an_example() -> None:
    assert set(STEPS) | {"settings", "verification"} == {kind_of(name) for name in EXAMPLES}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_kind_is_declared_as_the_registry_names_it(kind: str) -> None:
    step = EXAMPLES[kind]()
    cls = type(step)
    assert step.kind == kind_of(kind)
    assert step.kind not in STEPS or step_class(step.kind) is cls
    assert hasattr(cls, "__dataclass_fields__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        vars(cls)["__setattr__"](step, "kind", "other")
    assert "afe to run twice" in (cls.__doc__ or ""), "its docstring says what makes it so"
    assert step == EXAMPLES[kind]()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_fingerprint_is_stable(kind: str, runner: StepRunner) -> None:
    step = EXAMPLES[kind]()
    first = list(step.inputs(runner.directory))
    assert list(step.inputs(runner.directory)) == first
    assert list(EXAMPLES[kind]().inputs(runner.directory)) == first


@pytest.mark.parametrize("kind", sorted(EXAMPLES.keys() - NOT_REPEATABLE))
def test_a_step_that_is_run_again_changes_nothing(kind: str, runner: StepRunner) -> None:
    runner.finish(EXAMPLES[kind]())
    once = state(runner)
    assert isinstance(runner.finish(EXAMPLES[kind]()), Done)
    assert state(runner) == once


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (kind, fault)
        for kind in EXAMPLES
        for fault in FAULTS
        if kind != "load_data snowfakery" or fault == "closed after"
    ],
)
def test_after_a_fault_at_any_request_the_step_completes_or_the_org_is_replaced(
    kind: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each request of an undisturbed run: the same run with a fault at that request."""
    generated = lru_cache(snowfakery_data.generated)  # each run of the library takes a second
    monkeypatch.setattr("provisioner.steps.snowfakery_form.generated", generated)
    with Emulated() as emulated:
        undisturbed = made(emulated, tmp_path)
        before = requests(undisturbed)
        undisturbed.finish(EXAMPLES[kind]())
        count, wanted = requests(undisturbed) - before, state(undisturbed)
    for nth in range(1, count + 1):
        with Emulated() as emulated:
            disturbed = made(emulated, tmp_path)
            emulated.fault({"org": disturbed.emulated_org.id, "nth": nth}, FAULTS[fault])
            failure = outcome(disturbed, EXAMPLES[kind]())
            found = state(disturbed)
        if failure is None:
            assert found == wanted, f"request {nth}"
        else:
            assert kind in REPLACES_UNCONFIRMED, failure.message
            assert failure.kind is ErrorKind.REPLACE, failure.message
            assert all(number <= wanted[name] for name, number in found.items())


def outcome(runner: StepRunner, step: Step) -> StepFailed | None:
    """How a step ends: done, or failed for good."""
    try:
        runner.finish(step)
    except StepFailed as failure:
        return failure
    return None


@pytest.mark.parametrize("kind", [kind for kind in EXAMPLES if kind != "snapshot"])
def test_an_org_that_is_gone_fails_every_step(kind: str, runner: StepRunner) -> None:
    runner.emulated.fault(
        {"org": "scratch"}, {"do": "answer", "status": 420, "body": "<html>"}, times=0
    )
    with pytest.raises(SalesforceError, match="is deleted, expired or under maint") as caught:
        runner.finish(EXAMPLES[kind]())
    assert caught.value.kind is ErrorKind.GONE
