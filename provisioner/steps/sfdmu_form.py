"""`load_data: { sfdmu: … }`: SFDMU's export.json with its CSV files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from provisioner.declare.options import Finding
from provisioner.steps.base import Outcome, StepContext
from provisioner.steps.bulk_load import BulkLoad
from provisioner.steps.bulk_state import BulkState
from provisioner.steps.cached_input import CachedInput
from provisioner.steps.components import Need
from provisioner.steps.csv_form import read_bulk_state
from provisioner.steps.data_needs import Used, in_text, needs_of
from provisioner.steps.index_file import from_pool_file, problems_of, read_for_build
from provisioner.steps.sfdmu_config import SfdmuError, read_sfdmu
from provisioner.steps.sfdmu_script import SfdmuScript
from provisioner.steps.sfdmu_source import SfdmuSource

_SOURCE = "jobs of the script"


@dataclass(frozen=True)
class SfdmuForm:
    """Inserts, updates and upserts the records of a script, objects with lookups last.

    Safe to run twice because each job is carried out once (see `provisioner.steps.bulk_load`), and
    because the records that the org has are read before each job.
    """

    path: Path
    max_failed_rows: int
    cached: CachedInput

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read the file and its CSV files."""
        try:
            _, warnings = self.cached.checked("", lambda: read_sfdmu(directory / self.path))
        except (SfdmuError, OSError) as error:
            for problem in problems_of(self.path, error):
                yield Finding("sfdmu", problem)
        else:
            for warning in warnings:
                yield Finding("sfdmu", from_pool_file(self.path, warning), is_warning=True)

    def needs(self, directory: Path) -> Iterable[Need]:
        """The objects of the script, and their fields."""
        script, _ = self.cached.get("", lambda: self._read(directory))
        used: Used = {}
        for each in script.objects:
            for field in ("", *(name.partition("$")[0] for name in each.fields)):
                where = partial(in_text, directory / self.path, self.path, field or each.name)
                used.setdefault((each.name, field), where)
        return needs_of(used, "sfdmu")

    def start(self, context: StepContext) -> Outcome:
        """Send the first job."""
        return self._load(context).start()

    def poll(self, context: StepContext, state: BulkState) -> Outcome:
        """Continue with the current job."""
        return self._load(context).resume(state)

    def read_state(self, text: str) -> BulkState:
        """How far the load is. Raises StepFailed for any other text."""
        return read_bulk_state(text, str(self.path))

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The file, and a hash of each CSV file. Raises UsageError with all problems."""
        script, _ = self.cached.fresh("", lambda: self._read(directory))
        yield script.content
        yield from (bytes.fromhex(each.file.digest) for each in script.objects if each.file)

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The file, and the CSV files."""
        script, _ = self.cached.get("", lambda: self._read(directory))
        yield self.path.as_posix(), script.content
        for file in (each.file for each in script.objects if each.file):
            name = (
                file.path.relative_to(directory)
                if file.path.is_relative_to(directory)
                else file.path
            )
            yield name.as_posix(), bytes.fromhex(file.digest)

    def _read(self, directory: Path) -> tuple[SfdmuScript, list[str]]:
        return read_for_build(read_sfdmu, directory, self.path, "data_sfdmu")

    def _load(self, context: StepContext) -> BulkLoad:
        script, _ = self.cached.get("", lambda: self._read(context.directory))
        if _SOURCE not in context.memory:
            context.memory[_SOURCE] = SfdmuSource(script, context.org, str(self.path))
        return BulkLoad(context, context.memory[_SOURCE], self.max_failed_rows)
