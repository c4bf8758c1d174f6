"""Faults of the platform itself, rather than of the wire: installs and deploys that fail."""

from __future__ import annotations

from tests.emulator.metadata.builders import custom_object, package
from tests.emulator.metadata.conftest import OrgClient

VERSION = "04t000000000001AAA"


def test_an_install_ends_in_the_error_that_a_fault_wants(client: OrgClient) -> None:
    message = "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record"
    when = {"operation": "package_install", "subject": VERSION}
    client.world.faults.add({"when": when, "then": {"do": "error", "message": message}})
    first = client.install_status(client.install(VERSION).json()["id"])
    assert first["Status"] == "ERROR"
    assert first["Errors"]["errors"][0]["message"] == message
    second = client.install_status(client.install(VERSION).json()["id"])
    assert second["Status"] == "SUCCESS"


def test_a_deploy_ends_in_the_error_that_a_fault_wants_and_changes_nothing(
    client: OrgClient,
) -> None:
    client.world.faults.add(
        {"when": {"operation": "deploy"}, "then": {"do": "error", "error": "UNKNOWN_EXCEPTION"}}
    )
    zip_bytes = package({"CustomObject": "A__c"}, {"objects/A__c.object": custom_object()})
    failed = client.deploy(zip_bytes)
    assert failed["status"] == "Failed"
    assert failed["errorMessage"].startswith("UNKNOWN_EXCEPTION: ")
    assert not client.org.components
    assert client.org.setup_lock.owner is None
    assert client.deploy(zip_bytes)["status"] == "Succeeded"
