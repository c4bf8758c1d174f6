"""A metadata deploy as part of a step: sent, polled, its failures shown.

Safe to run twice: a second deploy of the same package changes nothing, and an org carries out one
deploy at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.error_kinds import DEPLOY_RETRIES, says_any
from provisioner.salesforce.metadata import DeployStatus, deploy_status, start_deploy
from provisioner.steps.base import (
    Done,
    Outcome,
    Pending,
    StartAgain,
    StepContext,
    StepFailed,
)
from provisioner.steps.remote_request import RemoteRequest, RequestState, read_request

if TYPE_CHECKING:
    from provisioner.salesforce.metadata import ComponentProblem, DeployBody

NEXT_POLL = 2.0  # seconds

Describe = Callable[["ComponentProblem"], str]
"""The line about a component that failed: with the file that people edit, if it is known."""


def start(context: StepContext, body: DeployBody, *, describe: Describe = str) -> Outcome:
    """Send the package."""
    status = start_deploy(context.org, body)
    if status.is_done and not status.is_success:
        status = deploy_status(context.org, status.id)  # the first answer has no details
    return _outcome(context, status, body.first_wait, describe)


def poll(context: StepContext, request: RemoteRequest, *, describe: Describe = str) -> Outcome:
    """The status of the deploy. Raises StepFailed with a line for each component that failed."""
    try:
        status = deploy_status(context.org, request.id)
    except SalesforceError as error:
        # Source: docs/reference/deploys.md#result
        if error.error_code == "INVALID_CROSS_REFERENCE_KEY":  # not visible yet
            error.kind = ErrorKind.TRANSIENT
        raise
    return _outcome(context, status, NEXT_POLL, describe)


def read_state(text: str) -> RequestState:
    """The id of the deploy. Any other text starts the step again, which is safe."""
    return read_request(text, "0Af")


def _outcome(
    context: StepContext, status: DeployStatus, wait: float, describe: Describe
) -> Outcome:
    if not status.is_done:
        return Pending(RemoteRequest(status.id), note=status.status, wait=wait)
    if status.is_success:
        return Done(f"deployed {quantity(status.deployed, 'component')}")
    lines = [status.error, *map(describe, status.components), *status.tests]
    lines = [line for line in lines if line]
    if status.status == "Canceled" or _is_transient(lines):
        context.remember(StartAgain())
        kind = ErrorKind.TRANSIENT
    else:
        kind = ErrorKind.CONTENT
    count = len(status.components) + len(status.tests)
    text = f"{count} components failed" if count > 1 else status.error or "a component failed"
    raise StepFailed(
        f"deploy {status.id} {status.status}: {text if lines else 'no reason given'}",
        details=lines,
        kind=kind,
    )


def _is_transient(lines: list[str]) -> bool:
    """Whether all failures may pass with another deploy."""
    return bool(lines) and all(says_any(line, DEPLOY_RETRIES) for line in lines)
