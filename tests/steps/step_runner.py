"""Runs steps on one emulated org as a build does, and can be killed at any state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.org import OrgClient
from provisioner.steps.base import (
    Done,
    Outcome,
    Step,
    StepContext,
    StepFailed,
    StepState,
    state_text,
)
from provisioner.steps.run_command import Running
from tests.salesforce.world import USERNAME, Emulated

MOST_POLLS = 30


class KilledError(BaseException):
    """The build was killed here: nothing of it catches this."""


class StepRunner:
    """One org's row in a ledger of its own: the state of the current step, as text."""

    def __init__(
        self, emulated: Emulated, directory: Path, definition: Mapping[str, Any] | None = None
    ) -> None:
        self.emulated = emulated
        self.emulated_org = emulated.scratch_org()
        self.directory = directory
        self.definition = definition or {}
        self.step_state = ""
        self.remembered: list[str] = []
        self.is_killed_by: str | None = None  # is killed after the commit of a state with this text
        self.retries = 0
        self.memory: dict[str, Any] = {}
        self.users: tuple[Mapping[str, str], ...] = ()
        self._client: OrgClient | None = None

    @property
    def org(self) -> OrgClient:
        """The session of this process."""
        if self._client is None:
            self._client = self.emulated.client()
        return self._client

    def restart(self) -> None:
        """Another process takes over: only the row is left."""
        self._client = None
        self.is_killed_by = None
        self.memory = {}

    def context(self) -> StepContext:
        return StepContext(
            org=self.org,
            username=USERNAME,
            directory=self.directory,
            definition=self.definition,
            org_id=self.emulated_org.id,
            sign_in=self.emulated.sign_in,
            sign_in_as=self.emulated.sign_in,
            users=self.users,
            remember=self.remember,
            memory=self.memory,
            output=self.directory / ".provisioner/run-org-step1",
        )

    def remember(self, state: StepState) -> None:
        self.step_state = state_text(state)
        self.remembered.append(self.step_state)
        if self.is_killed_by is not None and self.is_killed_by in self.step_state:
            raise KilledError

    def advance(self, step: Step) -> Outcome:
        """Start the step, or poll it with its state, as the job of a build does."""
        if self.step_state:
            outcome = step.poll(self.context(), step.read_state(self.step_state))
        else:
            outcome = step.start(self.context())
        if isinstance(outcome, Done):
            self.users = outcome.changes.get("users", self.users)
        self.step_state = "" if isinstance(outcome, Done) else state_text(outcome.state)
        return outcome

    def finish(self, step: Step) -> Done:
        """Poll until the step is done; after a transient failure poll again."""
        for _ in range(MOST_POLLS):
            self._wait_for_programs()
            try:
                outcome = self.advance(step)
            except (SalesforceError, StepFailed) as error:
                if error.kind is not ErrorKind.TRANSIENT:
                    raise
                self.retries += 1
                continue
            if isinstance(outcome, Done):
                return outcome
        raise AssertionError(f"{step.kind} is not done after {MOST_POLLS} polls")

    def failure(self, step: Step) -> SalesforceError | StepFailed:
        """Poll until the step fails; returns the error."""
        for _ in range(MOST_POLLS):
            self._wait_for_programs()
            try:
                outcome = self.advance(step)
            except (SalesforceError, StepFailed) as error:
                return error
            if isinstance(outcome, Done):
                break
        raise AssertionError(f"{step.kind} did not fail")

    def _wait_for_programs(self) -> None:
        """Wait until the programs have ended that the step has started in this process."""
        for value in self.memory.values():
            while isinstance(value, Running) and value.program.exit_code() is None:
                time.sleep(0.01)

    def count(self, sobject: str) -> int:
        """How many records the org holds."""
        return len(list(self.emulated_org.store.rows(sobject)))
