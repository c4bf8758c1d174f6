"""Carries one org through its steps: looks at its row, does the next idempotent thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provisioner.builder.context import BuildContext, RowLostError
from provisioner.builder.crashes import guarded, harmless
from provisioner.builder.events import OrgEvent
from provisioner.builder.failures import Failures
from provisioner.builder.step_list import ListedStep, StepLists
from provisioner.builder.stopwatch import Stopwatch
from provisioner.builder.suspects import Suspects, looks_gone
from provisioner.errors import STOPS, ErrorKind, LoginError, ProvisionerError, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.retry import STEP, repeated
from provisioner.steps.base import Done, Outcome, Pending, StepContext, StepState, state_text

# Source: docs/reference/login.md#first-minutes-of-an-org
PROPAGATION = 300.0  # seconds after activation in which a refused login may pass
ATTEMPTS = len(STEP.waits)  # transient failures of one step before its org is given up
LONGEST_POLL = 15.0
PASSING = frozenset({ErrorKind.TRANSIENT, ErrorKind.LIMIT, ErrorKind.GONE})
"""Kinds of errors after which a step is tried again; what looks gone is asked about meanwhile."""


@dataclass
class _Progress:
    """What this process knows of an org beyond its row; lost at a kill without harm."""

    org: Org
    active: Stopwatch
    step: Stopwatch = field(default_factory=Stopwatch)
    memory: dict[str, Any] = field(default_factory=dict)  # of the current step
    failed: set[str] = field(default_factory=set)  # calls whose retries are used up
    at: str = "steps"  # what it is at, as reports call it


class OrgSteps:
    """Starts, polls, retries and finishes the steps of every active org."""

    def __init__(
        self, context: BuildContext, failures: Failures, available: Callable[[Org], None]
    ) -> None:
        """`available` is told of each org that is proven."""
        self._context = context
        self._failures = failures
        self._available = available
        self._lists = StepLists(context.config)
        self._suspects = Suspects(context)

    def start(self, org: Org) -> None:
        """Take an org that is active: new, or left in `building` by a dead run."""
        now = self._context.now()
        progress = _Progress(org, Stopwatch.since(org.active_at, now))
        if org.step_state:  # else the step begins anew
            progress.step = Stopwatch.since(org.step_since, now)
        self._context.under_way.add(org.username)
        job = guarded(
            self._context, lambda: self._advance(progress), lambda e: self._broken(progress, e)
        )
        self._context.scheduler.add(f"org {org.username}", job)

    def _advance(self, progress: _Progress) -> float | None:
        """Do what can be done now; answers the seconds until there may be more."""
        steps = self._lists.of(progress.org)
        while progress.org.step < len(steps):
            step = steps[progress.org.step]
            progress.at = step.name
            try:
                wait = self._do(progress, step, len(steps))
            except RowLostError:
                return None
            except STOPS:
                raise  # nothing is wrong with the org: the build stops, the next one resumes it
            except ProvisionerError as error:
                return self._failed(progress, step, error)
            if wait is not None:
                return self._context.wait(wait)
        self._finish(progress)
        return None

    def _do(self, progress: _Progress, step: ListedStep, count: int) -> float | None:
        """One look at one step; None when it is done, else when to look again."""
        org = progress.org
        if not org.step_state:
            self._tell(org, step, count)
        with repeated(progress.failed):
            outcome = self._run(progress, step)
        if isinstance(outcome, Pending):
            self._remember(progress, outcome.state)
            return self._until_next_poll(progress, step, outcome)
        self._complete(progress, outcome)
        return None

    def _run(self, progress: _Progress, step: ListedStep) -> Outcome:
        """Start the step, or look at its request when the row holds one."""
        org, build = progress.org, self._context
        context = StepContext(
            org=build.connections.org(org),
            username=org.username,
            directory=build.config.directory,
            definition=build.config.pools[org.pool].definition(org.definition),
            org_id=org.org_id,
            sign_in=lambda: build.connections.sign_in(org),
            remember=lambda state: self._remember(progress, state),
            now=build.now,
            memory=progress.memory,
        )
        if org.step_state:
            return step.step.poll(context, step.step.read_state(org.step_state))
        return step.step.start(context)

    def _remember(self, progress: _Progress, state: StepState) -> None:
        """Commit the state of the current step, before anything else is done about it."""
        org, text = progress.org, state_text(state)
        if text != org.step_state:
            since = org.step_since if org.step_state else self._context.now()
            progress.org = self._context.change(org, step_state=text, step_since=since)

    def _complete(self, progress: _Progress, outcome: Done) -> None:
        progress.org = self._context.change(
            progress.org,
            step=progress.org.step + 1,
            step_state="",
            attempts=0,
            step_since=None,
            error="",
            **outcome.changes,
        )
        progress.step = Stopwatch()
        progress.memory = {}

    def _until_next_poll(self, progress: _Progress, step: ListedStep, outcome: Pending) -> float:
        """Looks grow apart as the step grows old, so that a long one stays cheap.

        A wait of 0 is a step that has more to do and only gave its thread back.
        """
        age = progress.step.seconds() / self._context.options.time_scale
        if age > step.timeout:
            minutes = int(step.timeout // 60)
            raise SalesforceError(f"not finished after {minutes} minutes", kind=ErrorKind.REPLACE)
        return outcome.wait and max(outcome.wait, min(age / 4, LONGEST_POLL))

    def _failed(
        self, progress: _Progress, step: ListedStep, error: ProvisionerError
    ) -> float | None:
        """Wait and try again where that may help; else give the org up."""
        org = progress.org
        is_gone = looks_gone(error) and self._suspects.is_gone(org)
        if error.kind in PASSING and not is_gone and self._may_retry(progress, error):
            if looks_gone(error):
                self._suspects.add(org)
            try:
                progress.org = self._context.change(org, attempts=org.attempts + 1)
            except RowLostError:
                return None
            self._tell(org, step, 0, note=error.message, is_retry=True)
            wait = min(STEP.wait(org.attempts + 1), self._longest(error))
            return self._context.wait(wait)
        self._context.connections.forget(org)
        if is_gone:
            first_line = error.message.partition("\n")[0]
            error = SalesforceError(
                f"the Dev Hub says that the org is gone: {first_line}", kind=ErrorKind.GONE
            )
        elif looks_gone(error) and not org.error:
            self._leave(org, step, error)
            return None
        self._failures.fail(org, step.name, error)
        return None

    def _leave(self, org: Org, step: ListedStep, error: ProvisionerError) -> None:
        """The org may be in maintenance, or this network out of order: nothing is destroyed.

        The next build tries again; should the org still refuse then, it is given up.
        """
        why = self._context.redacted(f"{step.name}: {error.message}".partition("\n")[0])
        try:
            left = self._context.change(org, attempts=0, error=why)
        except RowLostError:
            return
        self._context.leave(left, why, what="which continues its steps")
        self._failures.dispatch(
            self._context.circuit_breaker.instead(org.fingerprint)
        )  # if it was a canary

    def _broken(self, progress: _Progress, error: ProvisionerError) -> None:
        """An unexpected exception: the org is given up, unless it was complete by then.

        What the ledger holds counts: the exception may have come after a write.
        """
        self._context.connections.forget(progress.org)
        org = self._context.ledger.get(progress.org.username)
        if org is None:
            return
        if org.state is State.BUILDING and org.builder_id == self._context.run.id:
            self._failures.fail(org, progress.at, error)
        elif org.state is State.AVAILABLE:
            self._is_available(org)

    def _may_retry(self, progress: _Progress, error: ProvisionerError) -> bool:
        """A login may be refused for as long as a new org may need, and as often as any request."""
        if progress.org.attempts < ATTEMPTS:
            return True
        is_new = progress.active.seconds() < PROPAGATION * self._context.options.time_scale
        return isinstance(error, LoginError) and is_new

    def _longest(self, error: ProvisionerError) -> float:
        return LONGEST_POLL if isinstance(error, LoginError) else STEP.waits[-1]

    def _finish(self, progress: _Progress) -> None:
        """All steps are done, the last of them the proof: the org may be claimed."""
        org = progress.org
        self._context.connections.forget(org)
        self._context.under_way.discard(org.username)
        try:
            now = self._context.now()
            org = self._context.move(org, State.AVAILABLE, note="proven", available_at=now)
        except RowLostError:
            return
        self._is_available(org)

    def _is_available(self, org: Org) -> None:
        with self._context.lock:
            self._context.built.append(org)
        self._context.tell(OrgEvent(org.username, org.pool, State.AVAILABLE))
        harmless(self._context, f"after {org.username}", lambda: self._available(org))

    def _tell(
        self, org: Org, step: ListedStep, count: int, *, note: str = "", is_retry: bool = False
    ) -> None:
        self._context.tell(
            OrgEvent(
                org.username,
                org.pool,
                org.state,
                step=step.name,
                position=org.step + 1,
                steps=count,
                note=note,
                is_retry=is_retry,
            )
        )
