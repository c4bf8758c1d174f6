"""Carries an org through its steps: reads its row, and does the next idempotent action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.builder.crashes import guarded
from provisioner.builder.events import OrgEvent
from provisioner.builder.first_logins import has_first_session
from provisioner.builder.lifecycle import RowLostError
from provisioner.builder.step_list import ListedStep, StepLists
from provisioner.builder.unreachable_orgs import UnreachableOrgs, may_be_gone
from provisioner.errors import STOPS, ErrorKind, LoginError, ProvisionerError, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.retry import STEP, repeated
from provisioner.steps import base
from provisioner.steps.base import Done, Outcome, Pending, StepContext, StepState, state_text

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.deadline import Deadline
    from provisioner.builder.login_way import LoginWay
    from provisioner.builder.outcomes import Outcomes
    from provisioner.salesforce.org import OrgClient

ATTEMPTS = len(STEP.waits)  # transient failures of one step before its org fails
LONGEST_INTERVAL = 15.0  # seconds between two polls of a step, and between two logins
RETRIED = frozenset({ErrorKind.TRANSIENT, ErrorKind.LIMIT, ErrorKind.GONE})
"""Kinds of errors after which a step is retried; of GONE, the Dev Hub is asked meanwhile."""


@dataclass
class _OrgProgress:
    """What this process knows of an org beyond its row; a kill loses it without harm."""

    org: Org
    login_window: Deadline
    deadline: Deadline | None = None  # of the current step; None until it runs in this process
    memory: dict[str, Any] = field(default_factory=dict)  # of the current step
    failed: set[str] = field(default_factory=set)  # calls whose retries are used up
    current: str = "steps"  # the current step, as reports call it


class OrgSteps:
    """Starts, polls, retries and finishes the steps of every active org."""

    def __init__(self, context: BuildContext, outcomes: Outcomes, way: LoginWay) -> None:
        self._context = context
        self._way = way
        self._outcomes = outcomes
        self._lists = StepLists(context.config)
        self._unreachable = UnreachableOrgs(context)

    def start(self, org: Org) -> None:
        """Run the steps of an org that is active: a new one, or one that a build left there."""
        progress = _OrgProgress(org, self._context.lifecycle.login_window(org))
        self._context.progress.start(org.username)
        job = guarded(
            self._context.reporter,
            lambda: self._advance(progress),
            lambda error: self._broken(progress, error),
        )
        self._context.scheduler.add(f"org {org.username}", job)

    def _advance(self, progress: _OrgProgress) -> float | None:
        """Do what can be done now; returns the seconds until the next poll, None at the end."""
        steps = self._lists.of(progress.org)
        try:
            while has_first_session(progress.org) or progress.org.step < len(steps):
                step = self._current(progress.org, steps)
                progress.current = step.name
                try:
                    wait = self._do(progress, step, len(steps))
                except STOPS:
                    raise  # not the org's fault: the build stops, and the next one resumes the org
                except ProvisionerError as error:
                    return self._failed(progress, step, error)
                if wait is not None:
                    return self._context.wait(wait)
            self._finish(progress)
        except RowLostError:
            self._context.connections.forget(progress.org)
            self._outcomes.lost(progress.org)
        return None

    def _current(self, org: Org, steps: Sequence[ListedStep]) -> ListedStep:
        """The step that is next; the login app, while the org has no consumer key of its own."""
        return self._lists.login_app() if has_first_session(org) else steps[org.step]

    def _do(self, progress: _OrgProgress, step: ListedStep, count: int) -> float | None:
        """Start or poll one step; returns None when it is done, else the wait until a poll."""
        org = progress.org
        if progress.deadline is None:
            progress.deadline = self._context.lifecycle.step_deadline(org, step.timeout)
        if not org.step_state:
            self._report(org, step, 0 if has_first_session(org) else count)
        with repeated(progress.failed):
            outcome = self._run(progress, step)
        if isinstance(outcome, Pending):
            self._remember(progress, outcome.state)
            return _until_next_poll(progress.deadline, outcome)
        self._finish_step(progress, outcome)
        return None

    def _run(self, progress: _OrgProgress, step: ListedStep) -> Outcome:
        """Start the step, or poll it when the row holds a state of it."""
        org, build = progress.org, self._context
        context = StepContext(
            org=self._client(org),
            username=org.username,
            directory=build.config.directory,
            definition=build.config.pools[org.pool].definition(org.definition),
            org_id=org.org_id,
            sign_in=lambda: build.connections.sign_in(org),
            first_login=build.connections.first_login(
                org, lambda: build.lifecycle.app_window(org).has_passed
            ),
            remember=lambda state: self._remember(progress, state),
            now=build.now,
            memory=progress.memory,
        )
        if org.step_state:
            return step.step.poll(context, step.step.read_state(org.step_state))
        return step.step.start(context)

    def _client(self, org: Org) -> OrgClient:
        client = self._context.connections.org(org)
        self._way.confirm(org)
        return client

    def _remember(self, progress: _OrgProgress, state: StepState) -> None:
        """Commit the state of the current step, before anything else is done about it."""
        progress.org = self._context.lifecycle.remember(progress.org, state_text(state))

    def _finish_step(self, progress: _OrgProgress, outcome: Done) -> None:
        lifecycle, org = self._context.lifecycle, progress.org
        if has_first_session(org):
            progress.org = lifecycle.finish_app(org, outcome.changes["consumer_key"])
            self._context.connections.forget(org)  # every further session is a JWT login
        else:
            progress.org = lifecycle.finish_step(org, outcome.changes)
        progress.deadline = None
        progress.memory = {}

    def _failed(
        self, progress: _OrgProgress, step: ListedStep, error: ProvisionerError
    ) -> float | None:
        """Retry the step where that may help; else the org fails."""
        org = progress.org
        is_gone = may_be_gone(error) and self._unreachable.is_gone(org)
        if error.code == base.UNAVAILABLE:
            return self._wait_for(progress, step, error)
        if error.kind in RETRIED and not is_gone and self._may_retry(progress, error):
            return self._retry(progress, step, error)
        self._context.connections.forget(org)
        if is_gone:
            first_line = error.message.partition("\n")[0]
            text = f"the Dev Hub reports the org as deleted: {first_line}"
            error = SalesforceError(text, kind=ErrorKind.GONE)
        elif may_be_gone(error) and not org.error:
            self._outcomes.postponed(org, step.name, error)
            return None
        elif self._way.is_refused_by_org(org, error):
            self._outcomes.not_copied(org, step.name, error)
            return None
        self._outcomes.failed(org, step.name, error)
        return None

    def _wait_for(
        self, progress: _OrgProgress, step: ListedStep, error: ProvisionerError
    ) -> float | None:
        """Run the step again, which is no attempt of it, until its timeout."""
        deadline, org = progress.deadline, progress.org
        if deadline is None or deadline.has_passed:
            self._context.connections.forget(org)
            self._outcomes.failed(org, step.name, error)
            return None
        self._report(org, step, 0, note=error.message, is_retry=True)
        return self._context.wait(max(STEP.waits[1], min(deadline.age / 4, STEP.waits[-1])))

    def _retry(self, progress: _OrgProgress, step: ListedStep, error: ProvisionerError) -> float:
        """Count the attempt; returns the wait until the step runs again."""
        org = progress.org
        if may_be_gone(error):
            self._unreachable.add(org)
        progress.org = self._context.lifecycle.retry_step(org)
        self._report(org, step, 0, note=error.message, is_retry=True)
        longest = LONGEST_INTERVAL if isinstance(error, LoginError) else STEP.waits[-1]
        return self._context.wait(min(STEP.wait(org.attempts + 1), longest))

    def _may_retry(self, progress: _OrgProgress, error: ProvisionerError) -> bool:
        """Each step may be retried equally often; a new org may refuse logins more often."""
        if progress.org.attempts < ATTEMPTS:
            return True
        return isinstance(error, LoginError) and not progress.login_window.has_passed

    def _broken(self, progress: _OrgProgress, error: ProvisionerError) -> None:
        """An unexpected exception: the org fails, unless it is available already.

        Its row in the ledger decides, since the exception may have come after a write.
        """
        self._context.connections.forget(progress.org)
        org = self._context.lifecycle.current(progress.org)
        if org is None:
            self._outcomes.lost(progress.org)
        elif org.state is State.BUILDING:
            self._outcomes.failed(org, progress.current, error)
        elif org.state is State.AVAILABLE:
            self._outcomes.available(org)

    def _finish(self, progress: _OrgProgress) -> None:
        """All steps are done, the last of them the verification: the org may be claimed."""
        self._context.connections.forget(progress.org)
        self._outcomes.available(self._context.lifecycle.complete(progress.org))

    def _report(
        self, org: Org, step: ListedStep, count: int, *, note: str = "", is_retry: bool = False
    ) -> None:
        event = OrgEvent(
            org.username,
            org.pool,
            org.state,
            step=step.name,
            position=org.step + 1,
            steps=count,
            note=note,
            is_retry=is_retry,
        )
        self._context.reporter.org(event)


def _until_next_poll(deadline: Deadline, outcome: Pending) -> float:
    """The wait grows with the age of the step, so that a long step costs few requests.

    A wait of 0 is a step that has more to do, and only frees its thread for other orgs. Raises
    SalesforceError after the deadline.
    """
    if deadline.has_passed:
        minutes = int(deadline.limit // 60)
        raise SalesforceError(f"not finished after {minutes} minutes", kind=ErrorKind.REPLACE)
    return outcome.wait and max(outcome.wait, min(deadline.age / 4, LONGEST_INTERVAL))
