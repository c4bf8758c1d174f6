"""A metadata deploy as part of a step: sent, polled, its failures shown.

Safe to run twice: a second deploy of the same package changes nothing, and an org carries out one
deploy at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.error_kinds import DEPLOY_RETRIES, says_any
from provisioner.salesforce.metadata import (
    DeployStatus,
    deploy_details,
    deploy_status,
    start_deploy,
)
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
    from provisioner.salesforce.deploy_body import DeployBody
    from provisioner.salesforce.metadata import ComponentProblem

FIRST_POLL = 1.0  # seconds
MOST_LINES = 50  # failures or warnings that a report shows of one deploy
LONGEST_LINE = 1000  # characters

Describe = Callable[["ComponentProblem"], str]
"""The line about a component: with the file that people edit, if it is known."""


@dataclass(frozen=True)
class Answers:
    """How a step reports the result of its deploy."""

    describe: Describe = str
    keeps_warnings: bool = False  # requests the details of a deploy that succeeded, too


PLAIN = Answers()


def start(context: StepContext, body: DeployBody, answers: Answers = PLAIN) -> Outcome:
    """Send the package."""
    status = start_deploy(context.org, body)
    if status.is_done and not status.is_success:
        status = deploy_status(context.org, status.id)  # the first answer has no details
    return _outcome(context, status, body.first_wait, answers)


def poll(context: StepContext, request: RemoteRequest, answers: Answers = PLAIN) -> Outcome:
    """The status of the deploy. Raises StepFailed with a line for each component that failed."""
    try:
        status = deploy_status(context.org, request.id)
    except SalesforceError as error:
        # Source: docs/reference/deploys.md#result
        if error.error_code == "INVALID_CROSS_REFERENCE_KEY":  # not visible yet
            error.kind = ErrorKind.TRANSIENT
        raise
    return _outcome(context, status, FIRST_POLL, answers)


def read_state(text: str) -> RequestState:
    """The id of the deploy. Any other text starts the step again, which is safe."""
    return read_request(text, "0Af")


def _outcome(context: StepContext, status: DeployStatus, wait: float, answers: Answers) -> Outcome:
    if not status.is_done:
        state, text = RemoteRequest(status.id), status.status
        return Pending(state, note=text, wait=wait, phase=text)
    if status.is_success:
        warnings = _warnings(context, status.id, answers) if answers.keeps_warnings else ()
        return Done(f"deployed {quantity(status.deployed, 'component')}", warnings=warnings)
    found = [status.error, *map(answers.describe, status.components)]
    lines = [line for line in (*found, *status.tests, *status.coverage) if line]
    if status.status == "Canceled" or _is_transient(lines):
        context.remember(StartAgain())
        kind = ErrorKind.TRANSIENT
    else:
        kind = ErrorKind.CONTENT
    raise StepFailed(
        f"deploy {status.id} {status.status}: {_reason(status)}", details=bounded(lines), kind=kind
    )


def _reason(status: DeployStatus) -> str:
    components, tests = len(status.components), len(status.tests)
    parts = [quantity(components, "component")] if components else []
    parts += [quantity(tests, "test")] if tests else []
    if parts:
        return f"{' and '.join(parts)} failed"
    return status.error or ("the tests cover too little" if status.coverage else "no reason given")


def _warnings(context: StepContext, deploy_id: str, answers: Answers) -> tuple[str, ...]:
    """The warnings of a deploy that succeeded. It is not repeated if they cannot be read."""
    try:
        status = deploy_details(context.org, deploy_id)
    except SalesforceError as error:
        if error.kind is not ErrorKind.TRANSIENT:
            raise
        return (f"the warnings of the deploy {deploy_id} cannot be read: {error.message}",)
    lines = [*map(answers.describe, status.warnings), *status.coverage]
    return bounded([line.replace(": warning: ", ": ", 1) for line in lines])


def bounded(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines, none too long; the last one counts those that are missing."""
    shown = [
        line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
        for line in lines[:MOST_LINES]
    ]
    more = len(lines) - MOST_LINES
    return (*shown, f"… and {more:,} more") if more > 0 else tuple(shown)


def _is_transient(lines: list[str]) -> bool:
    """Whether all failures may pass with another deploy."""
    return bool(lines) and all(says_any(line, DEPLOY_RETRIES) for line in lines)
