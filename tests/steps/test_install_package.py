"""install_package: what is there stays, what comes too early waits, what fails says why."""

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
from tests.steps.carrier import Carrier

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


def ends_with(carrier: Carrier, text: str, *, status: str = "ERROR") -> None:
    """Let the next look at the install find this."""
    errors = {"errors": [{"message": text}]} if text else None
    carrier.emulated.fault(
        {"path": "PackageInstallRequest/0Hf", "method": "GET"},
        {"do": "answer", "status": 200, "body": {"Status": status, "Errors": errors}},
    )


def requests(carrier: Carrier) -> list[Record]:
    return list(carrier.emulated_org.store.rows("PackageInstallRequest"))


def test_a_package_is_asked_for_polled_and_installed(carrier: Carrier) -> None:
    step = InstallPackage(version=BILLING)
    first = carrier.look(step)
    assert isinstance(first, Pending)
    assert first.state.text().startswith("0Hf")
    assert carrier.finish(step) == Done(f"installed {BILLING}")
    (sent,) = requests(carrier)
    assert (sent["SecurityType"].title(), sent["NameConflictResolution"]) == ("None", "Block")


def test_a_version_that_is_there_is_left_alone(carrier: Carrier) -> None:
    step = InstallPackage(version=BILLING)
    carrier.finish(step)
    assert carrier.finish(InstallPackage(version=BILLING[:15])) == Done(
        f"{BILLING[:15]} is installed already"
    )
    assert len(requests(carrier)) == 1


def test_options_are_sent(carrier: Carrier) -> None:
    carrier.look(InstallPackage(version=BILLING, security_type="full", name_conflict="rename"))
    (sent,) = requests(carrier)
    assert sent["SecurityType"].title() == "Full"
    assert sent["NameConflictResolution"] == "RenameMetadata"


def test_an_install_that_fails_shows_the_errors(carrier: Carrier) -> None:
    with pytest.raises(StepFailed, match="Invalid type: Bar") as caught:
        carrier.finish(InstallPackage(version=BROKEN))
    assert caught.value.message.startswith(f"{BROKEN} was not installed: ")
    assert caught.value.kind is ErrorKind.CONTENT
    assert carrier.retries == 0


def test_a_version_that_is_not_there_yet_is_asked_for_again(carrier: Carrier) -> None:
    step = InstallPackage(version=LATE)
    failure = carrier.failure(step)
    assert failure.kind is ErrorKind.TRANSIENT
    assert "This package is not yet available" in failure.message
    assert carrier.emulated.world.packages is not None
    carrier.emulated.world.packages[LATE] = {"name": "Late"}
    assert carrier.finish(step) == Done(f"installed {LATE}")


@pytest.mark.parametrize(
    "text",
    [
        "unable to obtain exclusive access to this record",
        "ALREADY_IN_PROCESS: the setup has already been locked by another change",
        "This package is not yet available",
    ],
)
def test_a_failed_request_that_may_pass_is_not_looked_at_again(carrier: Carrier, text: str) -> None:
    ends_with(carrier, text)
    step = InstallPackage(version=BILLING)
    failure = carrier.failure(step)
    assert failure.message == f"{BILLING} was not installed: {text}"
    assert (failure.kind, carrier.step_state) == (ErrorKind.TRANSIENT, "again")
    assert carrier.finish(step).note.endswith(("installed 04t000000000001AAA", "installed already"))


def test_a_lost_install_leaves_nothing_to_wait_for(carrier: Carrier) -> None:
    """A state that nobody knows counts as under way."""
    step = InstallPackage(version=BILLING)
    carrier.look(step)
    ends_with(carrier, "", status="UNKNOWN")
    assert isinstance(carrier.look(step), Pending)


def test_a_wrong_installation_key_is_a_matter_of_configuration(carrier: Carrier) -> None:
    step = InstallPackage(version=LOCKED, installation_key=Secret("wr0ng"))
    failure = carrier.failure(step)
    assert failure.kind is ErrorKind.CONFIGURATION
    assert failure.hint == "check installation_key"
    assert "wr0ng" not in failure.message


def test_the_key_is_sent_as_the_cli_sends_it_and_never_shown() -> None:
    request = InstallRequest(version=LOCKED, installation_key=KEY)
    assert request.fields()["Password"] == r"s3cret\'key"
    step = InstallPackage(version=LOCKED, installation_key=Secret(KEY))
    assert KEY not in repr(request) + repr(step)
    assert KEY.encode() not in b"".join(step.inputs(Path()))


def test_the_answer_to_a_post_that_was_lost_costs_no_second_install(carrier: Carrier) -> None:
    carrier.emulated.fault(
        {"path": "PackageInstallRequest", "method": "POST"}, {"do": "reset", "at": "after"}
    )
    assert carrier.finish(InstallPackage(version=BILLING)).note.endswith(
        (f"installed {BILLING}", "is installed already")
    )
    assert carrier.retries >= 1
    installed = list(carrier.emulated_org.store.rows("InstalledSubscriberPackage"))
    assert len(installed) == 1


def test_the_fingerprint_depends_on_version_and_options() -> None:
    def inputs(step: InstallPackage) -> list[bytes]:
        return list(step.inputs(Path()))

    plain = inputs(InstallPackage(version=BILLING))
    assert plain == inputs(InstallPackage(version=BILLING[:15]))
    assert plain != inputs(InstallPackage(version=BROKEN))
    assert plain != inputs(InstallPackage(version=BILLING, security_type="full"))
