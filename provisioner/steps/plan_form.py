"""`load_data: { plan: … }`: records of an `sf data export tree` plan, with their references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioner.declare.options import Finding
from provisioner.steps.base import Outcome, StepContext
from provisioner.steps.cached_input import CachedInput
from provisioner.steps.components import Need
from provisioner.steps.data_chunks import DataLoad, read_load
from provisioner.steps.data_needs import needs_of, used_by_records
from provisioner.steps.data_plan import PlanError
from provisioner.steps.index_file import problems_of, read_for_build
from provisioner.steps.load_progress import LoadState
from provisioner.steps.tree_loading import poll_load, read_load_state, start_load


@dataclass(frozen=True)
class PlanForm:
    """Loads the records of a data plan, exactly once.

    Safe to run twice because of its state: each request inserts all of its records or none, and
    after each the number of answered requests is committed, with the ids that later records
    refer to. When these ids are too long for the state, a file beside the ledger has them: a
    build on another host replaces an org whose load was interrupted.

    When an answer was lost, the records that our user has created since the load began are
    counted: a new org has sample records, and earlier steps load some. If none of the
    request are there, it is sent again; if all are there and no later record needs their ids,
    the load continues. In any other case, and after a time-out, the org is replaced. After a
    lost answer all records are counted again at the end of the load.
    """

    plan: Path
    cached: CachedInput

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read the plan and its files; every reference must be to a record of the plan."""
        try:
            self.cached.checked("", lambda: read_load(directory / self.plan))
        except (PlanError, OSError) as error:
            for problem in problems_of(self.plan, error):
                yield Finding("plan", problem)

    def needs(self, directory: Path) -> Iterable[Need]:
        """What the records of the plan use."""
        load = self.cached.get("", lambda: self._read(directory))
        records = (record for chunk in load.chunks for record in chunk.records)
        folder = self.plan.parent
        return needs_of(used_by_records(records, directory / folder, folder), "plan")

    def start(self, context: StepContext) -> Outcome:
        """Send the first requests."""
        return start_load(context, self._plan(context))

    def poll(self, context: StepContext, state: LoadState) -> Outcome:
        """Send the requests that are left."""
        return poll_load(context, self._plan(context), state, str(self.plan))

    def read_state(self, text: str) -> LoadState:
        """How far the load is. Raises StepFailed for any other text."""
        return read_load_state(text, str(self.plan))

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The plan and its files. Raises UsageError with all their problems."""
        return self.cached.fresh("", lambda: self._read(directory)).contents

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The plan and its files."""
        load = self.cached.get("", lambda: self._read(directory))
        names = [self.plan, *(self.plan.parent / name for name in load.files)]
        return zip((name.as_posix() for name in names), load.contents, strict=True)

    def _read(self, directory: Path) -> DataLoad:
        return read_for_build(read_load, directory, self.plan, "data_plan")

    def _plan(self, context: StepContext) -> DataLoad:
        return self.cached.get("", lambda: self._read(context.directory))
