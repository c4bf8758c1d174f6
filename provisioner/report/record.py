"""The record of one run, read from the ledger; each form of a report is made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from provisioner.builder.causes import Cause, causes, parsed
from provisioner.builder.history import history
from provisioner.builder.step_notes import read_note
from provisioner.errors import NoOrgError
from provisioner.ledger.base import Org, State
from provisioner.report.last_build import last_of_interest, newest_runs
from provisioner.report.step_times import StepTime, step_times
from provisioner.report.summary import Summary, read_summary

if TYPE_CHECKING:
    from provisioner.ledger.base import Event, Ledger, Run

RECENT = 60  # runs that are read for the last one that built, and for the times of past ones
MOST = 1000  # runs that are read to find one by its id, or one that built


@dataclass(frozen=True)
class Warned:
    """A warning of a step, and the orgs that have it."""

    step: str
    message: str
    orgs: tuple[str, ...]  # usernames
    is_failure: bool = False  # the step failed, and continue_on_error let the org continue


@dataclass(frozen=True)
class RunRecord:
    """A run with its events, and the runs before and after it."""

    run: Run
    events: Sequence[Event]
    times: tuple[StepTime, ...] = ()
    idle_since: tuple[Run, ...] = field(default=())  # later builds, which had nothing to build
    retries: tuple[Run, ...] = ()  # later runs that each continued one org
    runs: Sequence[Run] = ()  # all that were read, the newest first

    @cached_property
    def summary(self) -> Summary:
        """The summary of the run."""
        return read_summary(self.run)

    @cached_property
    def warnings(self) -> tuple[Warned, ...]:
        """The warnings of all steps in their order, equal ones together."""
        found: dict[tuple[str, str, bool], dict[str, None]] = {}
        for event in self.events:
            noted = read_note(event.note) if event.from_state == event.to_state else None
            for message in noted.warnings if noted else ():
                key = (noted.step, message, noted.is_failure) if noted else ("", "", False)
                found.setdefault(key, {})[event.username] = None
        return tuple(
            Warned(step, message, tuple(orgs), is_failure)
            for (step, message, is_failure), orgs in found.items()
        )

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The causes of the failures. A run without an end has not recorded them: they are derived.

        Then their pools and their locations in pool.yaml are not known.
        """
        if "causes" in self.run.summary:
            return self.summary.causes
        failed = [Org(event.username, "", error=event.note) for event in self._ended(State.FAILED)]
        return tuple(replace(cause, pools=()) for cause in causes(failed))

    @cached_property
    def failures(self) -> dict[str, str]:
        """Username → the line that says why the org has failed."""
        failed = self._ended(State.FAILED)
        return {event.username: parsed(event.note).what for event in failed}

    @cached_property
    def available(self) -> tuple[str, ...]:
        """The usernames of the orgs that became available, by the events."""
        return tuple(event.username for event in self._ended(State.AVAILABLE))

    def _ended(self, state: State) -> list[Event]:
        """The events by which orgs came into `state`."""
        return [e for e in self.events if e.to_state == state and e.from_state != state]


def find_record(ledger: Ledger, run_id: str = "") -> RunRecord:
    """The record of a run; by default of the last one that had something to build.

    Raises NoOrgError when the ledger does not have the run.
    """
    runs = ledger.runs(limit=MOST) if run_id else newest_runs(ledger, (RECENT, MOST))
    index = _index_of(runs, run_id) if run_id else last_of_interest(runs)
    if index is None:
        raise unknown_run(run_id)
    run, later = runs[index], () if run_id else runs[:index]
    return RunRecord(
        run,
        ledger.events(run=run.id),
        step_times(run, history(runs[index + 1 :])),
        idle_since=tuple(one for one in later if not read_summary(one).retry),
        retries=tuple(one for one in later if read_summary(one).retry),
        runs=runs,
    )


def _index_of(runs: Sequence[Run], run_id: str) -> int | None:
    return next((index for index, run in enumerate(runs) if run.id == run_id), None)


def unknown_run(run_id: str) -> NoOrgError:
    if not run_id:
        return NoOrgError(
            "the ledger has no run yet", code="unknown_run", hint="run `provisioner build` first"
        )
    return NoOrgError(
        f"the ledger has no run {run_id}",
        code="unknown_run",
        hint="`provisioner report --runs` lists the runs; without an id, `provisioner report` "
        "shows the last run",
    )
