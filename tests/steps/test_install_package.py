"""install_package: installed versions, versions that are not available yet, failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.declare.secret import Secret
from provisioner.emulator.objects.records import Record
from provisioner.errors import ErrorKind
from provisioner.salesforce.packages import InstallRequest
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.install_package import InstallPackage
from tests.salesforce.world import Emulated
from tests.steps.step_runner import StepRunner

BILLING = "04t000000000001AAA"
BROKEN = "04t000000000002AAA"
LATE = "04t000000000003AAA"
LOCKED = "04t000000000004AAA"
KEY = "s3cret'key"

PACKAGES: dict[str, dict[str, Any]] = {
    BILLING: {"name": "Billing"},
    BROKEN: {"name": "Broken", "error": "(Foo) Invalid type: Bar"},
    LATE: {"name": "Late", "available_after": 1e9},
    LOCKED: {"name": "Locked", "installation_key": KEY},
}


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated(packages=PACKAGES) as running:
        yield running


def ends_with(runner: StepRunner, text: str, *, status: str = "ERROR") -> None:
    """Let the next poll of the install return this."""
    errors = {"errors": [{"message": text}]} if text else None
    runner.emulated.fault(
        {"path": "PackageInstallRequest/0Hf", "method": "GET"},
        {"do": "answer", "status": 200, "body": {"Status": status, "Errors": errors}},
    )


def requests(runner: StepRunner) -> list[Record]:
    return list(runner.emulated_org.store.rows("PackageInstallRequest"))


def test_a_package_is_requested_polled_and_installed(runner: StepRunner) -> None:
    step = InstallPackage(version=BILLING)
    first = runner.advance(step)
    assert isinstance(first, Pending)
    assert first.state.text().startswith("0Hf")
    assert runner.finish(step) == Done(f"installed {BILLING}")
    (sent,) = requests(runner)
    assert (sent["SecurityType"].title(), sent["NameConflictResolution"]) == ("None", "Block")


def test_a_version_that_is_installed_is_not_requested(runner: StepRunner) -> None:
    step = InstallPackage(version=BILLING)
    runner.finish(step)
    assert runner.finish(InstallPackage(version=BILLING[:15])) == Done(
        f"{BILLING[:15]} is already installed"
    )
    assert len(requests(runner)) == 1


def test_an_install_leaves_what_is_installed_for_the_next_which_reads_it_only_to_try_again(
    runner: StepRunner,
) -> None:
    runner.memory = dict(runner.finish(InstallPackage(version=BILLING)).leaves)
    reads = runner.emulated.requests("tooling.query")
    assert runner.finish(InstallPackage(version=BILLING)).note.endswith("is already installed")
    runner.memory = dict(runner.finish(InstallPackage(version=BILLING)).leaves)
    assert runner.emulated.requests("tooling.query") == reads + 1, "once, without what was left"
    runner.emulated.fault({"route": "tooling.sobjects.create"}, {"do": "reset", "at": "after"})
    runner.finish(InstallPackage(version=LOCKED, installation_key=Secret(KEY)))
    assert len(requests(runner)) == 2, "the lost answer was found, and not sent again"


def test_options_are_sent(runner: StepRunner) -> None:
    runner.advance(InstallPackage(version=BILLING, security_type="full", name_conflict="rename"))
    (sent,) = requests(runner)
    assert sent["SecurityType"].title() == "Full"
    assert sent["NameConflictResolution"] == "RenameMetadata"


def test_an_install_that_fails_shows_the_errors(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match="Invalid type: Bar") as caught:
        runner.finish(InstallPackage(version=BROKEN))
    assert caught.value.message.startswith(f"{BROKEN} was not installed: ")
    assert caught.value.kind is ErrorKind.CONTENT
    assert runner.retries == 0


def test_a_version_that_is_not_available_yet_is_requested_again(runner: StepRunner) -> None:
    step = InstallPackage(version=LATE)
    failure = runner.failure(step)
    assert failure.kind is ErrorKind.TRANSIENT
    assert "This package is not yet available" in failure.message
    assert runner.emulated.world.packages is not None
    runner.emulated.world.packages[LATE] = {"name": "Late"}
    assert runner.finish(step) == Done(f"installed {LATE}")


@pytest.mark.parametrize(
    "text",
    [
        "unable to obtain exclusive access to this record",
        "ALREADY_IN_PROCESS: the setup has already been locked by another change",
        "This package is not yet available",
    ],
)
def test_a_request_that_failed_with_a_transient_error_is_not_polled_again(
    runner: StepRunner, text: str
) -> None:
    ends_with(runner, text)
    step = InstallPackage(version=BILLING)
    failure = runner.failure(step)
    assert failure.message == f"{BILLING} was not installed: {text}"
    assert (failure.kind, runner.step_state) == (ErrorKind.TRANSIENT, "again")
    assert runner.finish(step).note.endswith(("installed 04t000000000001AAA", "already installed"))


def test_an_install_with_an_unknown_status_is_pending(runner: StepRunner) -> None:
    """A status that is neither SUCCESS nor ERROR."""
    step = InstallPackage(version=BILLING)
    runner.advance(step)
    ends_with(runner, "", status="UNKNOWN")
    assert isinstance(runner.advance(step), Pending)


def test_a_wrong_installation_key_is_an_error_of_the_configuration(runner: StepRunner) -> None:
    step = InstallPackage(version=LOCKED, installation_key=Secret("wr0ng"))
    failure = runner.failure(step)
    assert failure.kind is ErrorKind.CONFIGURATION
    assert failure.hint == "check installation_key"
    assert "wr0ng" not in failure.message


def test_a_protected_version_is_installed_with_its_key(runner: StepRunner) -> None:
    step = InstallPackage(version=LOCKED, installation_key=Secret(KEY))
    assert runner.finish(step) == Done(f"installed {LOCKED}")


@pytest.mark.parametrize("sent", [KEY, r"s3cret\'key"], ids=["plain", "as it was sent"])
def test_a_refusal_that_quotes_the_key_is_shown_without_it(runner: StepRunner, sent: str) -> None:
    runner.emulated.fault(
        {"path": "PackageInstallRequest", "method": "POST"},
        {"do": "answer", "status": 400, "error": "INVALID_FIELD", "message": f"no such key {sent}"},
    )
    failure = runner.failure(InstallPackage(version=LOCKED, installation_key=Secret(KEY)))
    assert "no such key" in str(failure)
    assert "s3cret" not in f"{failure} {failure.args} {failure.message}"


def test_the_key_is_sent_as_the_cli_sends_it_and_never_shown() -> None:
    request = InstallRequest(version=LOCKED, installation_key=KEY)
    assert request.fields()["Password"] == r"s3cret\'key"
    step = InstallPackage(version=LOCKED, installation_key=Secret(KEY))
    assert KEY not in repr(request) + repr(step)
    assert KEY.encode() not in b"".join(step.inputs(Path()))


def test_the_answer_to_a_post_that_was_lost_costs_no_second_install(runner: StepRunner) -> None:
    runner.emulated.fault(
        {"path": "PackageInstallRequest", "method": "POST"}, {"do": "reset", "at": "after"}
    )
    assert runner.finish(InstallPackage(version=BILLING)).note.endswith(
        (f"installed {BILLING}", "is already installed")
    )
    assert runner.retries >= 1
    installed = list(runner.emulated_org.store.rows("InstalledSubscriberPackage"))
    assert len(installed) == 1


def test_the_fingerprint_depends_on_version_and_options() -> None:
    def inputs(step: InstallPackage) -> list[bytes]:
        return list(step.inputs(Path()))

    plain = inputs(InstallPackage(version=BILLING))
    assert plain == inputs(InstallPackage(version=BILLING[:15]))
    assert plain != inputs(InstallPackage(version=BROKEN))
    assert plain != inputs(InstallPackage(version=BILLING, security_type="full"))
