"""Carries an org through its steps: reads its row, and does the next idempotent action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.events import OrgEvent
from provisioner.builder.first_logins import has_first_session, has_own_app
from provisioner.builder.lifecycle import RowLostError
from provisioner.builder.org_polls import OrgPolls
from provisioner.builder.org_progress import LONGEST_INTERVAL, OrgProgress, in_time
from provisioner.builder.step_list import ListedStep, StepLists
from provisioner.builder.step_notes import failure_note, note_of
from provisioner.builder.unreachable_orgs import UnreachableOrgs, may_be_gone
from provisioner.errors import STOPS, ErrorKind, LoginError, ProvisionerError, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.retry import STEP, repeated
from provisioner.steps import base
from provisioner.steps.base import (
    Done,
    Outcome,
    Pending,
    StartAgain,
    StepContext,
    StepState,
    state_text,
)
from provisioner.steps.snapshot import Snapshot

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.login_way import LoginWay
    from provisioner.builder.outcomes import Outcomes
    from provisioner.builder.snapshots import Snapshots
    from provisioner.salesforce.org import OrgClient

ATTEMPTS = len(STEP.waits)  # transient failures of one step before its org fails
RETRIED = frozenset({ErrorKind.TRANSIENT, ErrorKind.LIMIT, ErrorKind.GONE})
"""Kinds of errors after which a step is retried; of GONE, the Dev Hub is asked meanwhile."""


class OrgSteps:
    """Starts, polls, retries and finishes the steps of every active org."""

    def __init__(
        self, context: BuildContext, outcomes: Outcomes, way: LoginWay, snapshots: Snapshots
    ) -> None:
        self._context = context
        self._snapshots = snapshots
        self._way = way
        self._outcomes = outcomes
        self._lists = StepLists(context.config)
        self._polls = OrgPolls(context, self._lists)
        self._unreachable = UnreachableOrgs(context)

    def start(self, org: Org) -> None:
        """Run the steps of an org that is active: a new one, or one that a build left there."""
        window = self._context.lifecycle.login_window(org)
        progress = OrgProgress(org, window, is_continued=bool(org.step_state))
        self._context.progress.start(org.username)
        job = guarded(
            self._context.reporter,
            lambda: self._advance(progress),
            lambda error: self._broken(progress, error),
        )
        self._context.scheduler.add(f"org {org.username}", job)

    def _advance(self, progress: OrgProgress) -> float | None:
        """Do what can be done now; returns the seconds until the next poll, None at the end."""
        wait = self._do_steps(progress)
        if wait is None:
            self._context.poll_times.leave(progress.org.username)
        return wait

    def _do_steps(self, progress: OrgProgress) -> float | None:
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
                    return self._context.varied(wait)
            self._finish(progress)
        except RowLostError:
            progress.end_step()
            self._context.connections.forget(progress.org)
            self._outcomes.lost(progress.org)
        return None

    def _current(self, org: Org, steps: Sequence[ListedStep]) -> ListedStep:
        """The step that is next; the login app, while the org has no consumer key of its own."""
        return self._lists.login_app() if has_first_session(org) else steps[org.step]

    def _do(self, progress: OrgProgress, step: ListedStep, count: int) -> float | None:
        """Start or poll one step; returns None when it is done, else the wait until a poll."""
        org = progress.org
        if progress.deadline is None:
            progress.deadline = self._context.lifecycle.step_deadline(
                org, step.timeout, is_real_time=step.takes_real_time
            )
        if not org.step_state:
            self._report(org, step, 0 if has_first_session(org) else count)
        with repeated(progress.failed):
            outcome = self._run(progress, step)
        if isinstance(outcome, Pending):
            self._remember(progress, outcome.state)
            if outcome.is_progress and outcome.note != progress.note:
                progress.note = outcome.note
                self._report(progress.org, step, count, note=outcome.note)
            in_time(progress.deadline, outcome)
            return self._polls.wait(progress, step, outcome)
        self._polls.ended(progress, step)
        self._finish_step(progress, step, outcome)
        return None

    def _run(self, progress: OrgProgress, step: ListedStep) -> Outcome:
        """Start the step, or poll it when the row holds a state of it."""
        org, build = progress.org, self._context
        context = StepContext(
            org=self._client(org),
            username=org.username,
            directory=build.config.directory,
            definition=build.config.pools[org.pool].definition(org.definition),
            org_id=org.org_id,
            sign_in=lambda: build.connections.sign_in(org),
            sign_in_as=lambda username: build.connections.sign_in(org, username),
            has_own_app=has_own_app(org, build.config),
            snapshot_source=self._snapshots.source(org),
            compare_with_source=self._snapshots.comparison(org),
            users=org.users,
            first_login=build.connections.first_login(
                org, lambda: build.lifecycle.app_window(org).has_passed
            ),
            remember=lambda state: self._remember(progress, state),
            output=build.output(org),
            now=build.now,
            memory=progress.memory,
        )
        state = step.step.read_state(org.step_state) if org.step_state else None
        if state is None or isinstance(state, StartAgain):
            progress.awaited = None
        return step.step.start(context) if state is None else step.step.poll(context, state)

    def _client(self, org: Org) -> OrgClient:
        client = self._context.connections.org(org)
        self._way.confirm(org)
        return client

    def _remember(self, progress: OrgProgress, state: StepState) -> None:
        """Commit the state of the current step, before anything else is done about it."""
        progress.org = self._context.lifecycle.remember(progress.org, state_text(state))

    def _finish_step(self, progress: OrgProgress, step: ListedStep, outcome: Done) -> None:
        lifecycle, org = self._context.lifecycle, progress.org
        if has_first_session(org):
            progress.org = lifecycle.finish_app(org, outcome.changes["consumer_key"])
            self._context.connections.forget(org)  # every further session is a JWT login
        else:
            note = note_of(step.name, outcome, self._context.reporter.redacted)
            progress.org = lifecycle.finish_step(org, outcome.changes, note)
            lines = [self._context.reporter.redacted(line) for line in outcome.warnings]
            self._context.progress.warn(org, step.name, lines)
        progress.end_step(outcome.leaves)

    def _failed(
        self, progress: OrgProgress, step: ListedStep, error: ProvisionerError
    ) -> float | None:
        """Retry the step where that may help; else the org fails."""
        org = progress.org
        is_gone = may_be_gone(error) and self._unreachable.is_gone(org)
        if error.code == base.UNAVAILABLE:
            return self._wait_for(progress, step, error)
        if error.kind in RETRIED and not is_gone and self._may_retry(progress, error):
            return self._retry(progress, step, error)
        if error.kind is ErrorKind.CONTENT and progress.has_retry(step):
            return self._retry(progress, step, error)
        if step.continues_on_error and not (isinstance(error, LoginError) or may_be_gone(error)):
            return self._skip(progress, step, error)
        is_interrupted = progress.is_continued and isinstance(error, base.OutcomeUnknown)
        progress.end_step()
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
        self._outcomes.failed(org, step.name, error, is_interrupted=is_interrupted)
        return None

    def _wait_for(
        self, progress: OrgProgress, step: ListedStep, error: ProvisionerError
    ) -> float | None:
        """Run the step again, which is no attempt of it, until its timeout."""
        deadline, org = progress.deadline, progress.org
        if deadline is None or deadline.has_passed:
            progress.end_step()
            self._context.connections.forget(org)
            self._outcomes.failed(org, step.name, error)
            return None
        self._report(org, step, 0, note=error.message, is_retry=True)
        return self._context.wait(max(STEP.waits[1], min(deadline.age / 4, STEP.waits[-1])))

    def _retry(self, progress: OrgProgress, step: ListedStep, error: ProvisionerError) -> float:
        """Count the attempt; returns the wait until the step runs again."""
        org = progress.org
        if may_be_gone(error):
            self._unreachable.add(org)
        lifecycle = self._context.lifecycle
        is_transient = error.kind in RETRIED
        progress.org = (lifecycle.retry_step if is_transient else lifecycle.restart_step)(org)
        self._report(org, step, 0, note=error.message, is_retry=True)
        longest = LONGEST_INTERVAL if isinstance(error, LoginError) else STEP.waits[-1]
        return self._context.wait(min(STEP.wait(org.attempts + 1), longest))

    def _skip(self, progress: OrgProgress, step: ListedStep, error: ProvisionerError) -> float:
        """The failure of a step becomes a warning; returns the wait until the next step."""
        org, context = progress.org, self._context
        lines = [error.message, *getattr(error, "details", ())]
        text = context.reporter.redacted("\n".join(lines))
        note = failure_note(step.name, text)
        progress.end_step()
        if isinstance(step.step, Snapshot) and (source := self._snapshots.source(org)):
            source.failed(error.message)
        progress.org = context.lifecycle.finish_step(org, {}, note)
        context.progress.warn(org, step.name, [text], is_failure=True)
        self._report(org, step, 0, note=f"failed, and the org continues: {error.message}")
        return context.wait(0.0)

    def _may_retry(self, progress: OrgProgress, error: ProvisionerError) -> bool:
        """Each step may be retried equally often; a new org may refuse logins more often."""
        if progress.org.attempts < ATTEMPTS:
            return True
        return isinstance(error, LoginError) and not progress.login_window.has_passed

    def _broken(self, progress: OrgProgress, error: ProvisionerError) -> None:
        """An unexpected exception: the org fails, unless it is available already.

        Its row in the ledger decides, since the exception may have come after a write.
        """
        progress.end_step()
        self._context.connections.forget(progress.org)
        org = self._context.lifecycle.current(progress.org)
        if org is None:
            self._outcomes.lost(progress.org)
        elif org.state is State.BUILDING:
            self._outcomes.failed(org, progress.current, error)
        elif org.state is State.AVAILABLE:
            self._outcomes.available(org)

    def _finish(self, progress: OrgProgress) -> None:
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
