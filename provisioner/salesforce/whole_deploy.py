"""A metadata deploy from its request to its end, for commands. Steps poll theirs instead."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from provisioner.salesforce.metadata import deploy_status, start_deploy

if TYPE_CHECKING:
    from provisioner.salesforce.deploy_body import DeployBody
    from provisioner.salesforce.metadata import DeployStatus
    from provisioner.salesforce.org import OrgClient

LONGEST_DEPLOY = 600.0  # seconds


def deploy(org: OrgClient, body: DeployBody, *, time_scale: float = 1.0) -> DeployStatus:
    """Send a package and wait until the deploy is done, or `LONGEST_DEPLOY` is over.

    `time_scale` is the factor on the second between two polls. Raises SalesforceError.
    """
    status = start_deploy(org, body)
    if status.is_done and not status.is_success:
        return deploy_status(org, status.id)  # the first answer has no details
    give_up = time.monotonic() + LONGEST_DEPLOY
    while not status.is_done and time.monotonic() < give_up:
        time.sleep(time_scale)
        status = deploy_status(org, status.id)
    return status


def problems(status: DeployStatus) -> str:
    """Every problem of a deploy that failed, a line each."""
    lines = [status.error, *status.failures]
    return "\n".join(f"  {line}" for line in lines if line) or "  no reason given"
