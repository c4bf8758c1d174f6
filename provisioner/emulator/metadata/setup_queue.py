"""The setup queue of an org: one deploy at a time, under the org's setup lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from provisioner.emulator.ids import same_id
from provisioner.emulator.metadata.deployment import ALREADY_IN_PROCESS, Deployment
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.source_members import note_members

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


VALID_FOR = timedelta(days=10)
"""How long a validation may be deployed ("deployRecentValidation()", Metadata API)."""


def enqueue_validated(org: EmulatedOrg, validation_id: str, user_id: str) -> Deployment | None:
    """Queue the components of a validation, without its tests; None if it does not qualify.

    A validation qualifies for ten days, and until anything else is deployed.
    Source: "Quick Deployments" in Salesforce Help; "deployRecentValidation()".
    """
    with org.store.lock:
        settle(org)
        validation = _qualifying(org, validation_id)
        if validation is None:
            return None
        options = replace(
            validation.options, check_only=False, test_level="NoTestRun", run_tests=()
        )
        return enqueue(org, validation.validated_zip, options, user_id, validation.id)


def _qualifying(org: EmulatedOrg, validation_id: str) -> Deployment | None:
    deployments: list[Deployment] = list(org.deployments.values())
    same = (number for number, one in enumerate(deployments) if same_id(one.id, validation_id))
    position = next(same, None)
    if position is None:
        return None
    validation = deployments[position]
    later = (one for one in deployments[position + 1 :] if not one.options.check_only)
    is_outdated = any(one.is_deployed for one in later)
    is_recent = validation.completed and org.world.now() - validation.completed <= VALID_FOR
    return validation if validation.validated_zip and is_recent and not is_outdated else None


def enqueue(
    org: EmulatedOrg,
    zip_bytes: bytes,
    options: DeployOptions,
    user_id: str,
    validation_id: str = "",
) -> Deployment:
    """Queue a deploy; it starts at once if no other is running."""
    with org.store.lock:
        settle(org)
        deployment = Deployment(
            id=org.world.ids.new("0Af"),
            org=org,
            user_id=user_id,
            options=options,
            zip_bytes=zip_bytes,
            created=org.world.now(),
            validation_id=validation_id,
        )
        org.deployments[deployment.id] = deployment
        settle(org)
    return deployment


def settle(org: EmulatedOrg) -> None:
    """Advance installs and deploys to the current time: finish the running one, start the next."""
    with org.store.lock:
        for install in list(org.installs.values()):
            install.settle()
        for deployment in list(org.deployments.values()):
            if deployment.is_settled:
                continue
            if deployment.progression is None and not _start(org, deployment):
                continue
            if not _finish(org, deployment):
                return


def _start(org: EmulatedOrg, deployment: Deployment) -> bool:
    """Start a deploy; False if it fails at once: an install holds the setup lock, or a fault."""
    wanted = org.world.faults.operation("deploy", org=org.label, subject=deployment.id)
    if wanted is not None:
        code = str(wanted.get("error", "UNKNOWN_EXCEPTION"))
        deployment.refuse(code, str(wanted.get("message", "an unexpected error occurred")))
        return False
    if not org.setup_lock.try_acquire(deployment.id):
        deployment.refuse("ALREADY_IN_PROCESS", ALREADY_IN_PROCESS)
        return False
    deployment.start()
    return True


def _finish(org: EmulatedOrg, deployment: Deployment) -> bool:
    """Finish a running deploy if its duration is over; whether it was."""
    if deployment.ends is None or org.world.now() < deployment.ends:
        return False
    deployment.finish()
    org.setup_lock.release(deployment.id)
    if deployment.result is not None and not deployment.result.is_rolled_back:
        note_members(org, deployment.result.components, deployment.user_id)
    return True
