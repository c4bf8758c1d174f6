"""The setup queue of an org: one deploy at a time, under the org's setup lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.metadata.deployment import ALREADY_IN_PROCESS, Deployment
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.source_members import note_members

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def enqueue(org: EmulatedOrg, zip_bytes: bytes, options: DeployOptions, user_id: str) -> Deployment:
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
