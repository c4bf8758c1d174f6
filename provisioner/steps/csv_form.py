"""`load_data: { csv: … }`: rows of CSV files by the Bulk API, streamed from disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from provisioner.declare.options import Finding
from provisioner.errors import ErrorKind, UsageError
from provisioner.salesforce.bulk import JobSettings
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.streamed import StreamedBody
from provisioner.steps.base import Outcome, StepContext, StepFailed
from provisioner.steps.bulk_load import BulkLoad, Portion
from provisioner.steps.bulk_state import BulkState
from provisioner.steps.cached_input import CachedInput
from provisioner.steps.components import Need
from provisioner.steps.csv_file import CsvFile, CsvProblem, known_csv
from provisioner.steps.data_needs import Used, in_text, needs_of
from provisioner.steps.disk_file import is_unchanged


@dataclass(frozen=True)
class CsvForm:
    """Loads the rows of CSV files, one file after the other, each row once.

    Safe to run twice because the id of each job is committed before its data is sent, and a job
    has no effect before it is closed: see `provisioner.steps.bulk_load`.
    """

    files: tuple[Path, ...]
    sobject: str
    operation: str
    external_id: str
    max_failed_rows: int
    cached: CachedInput

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read all files once: format, columns, and the number of values of each row."""
        for number, file in enumerate(self.files):
            for problem in self._problems(directory, file):
                yield Finding(f"csv.{number}" if len(self.files) > 1 else "csv", problem)

    def needs(self, directory: Path) -> Iterator[Need]:
        """The object, and the columns of each file."""
        for number, file in enumerate(self.files):
            columns = known_csv(directory / file).columns
            used: Used = {
                (self.sobject, field): partial(in_text, directory / file, file, field)
                for field in columns
            }
            used[self.sobject, ""] = lambda: ""
            yield from needs_of(used, f"csv.{number}" if len(self.files) > 1 else "csv")

    def start(self, context: StepContext) -> Outcome:
        """Send the first job."""
        return self._load(context).start()

    def poll(self, context: StepContext, state: BulkState) -> Outcome:
        """Continue with the current job."""
        return self._load(context).resume(state)

    def read_state(self, text: str) -> BulkState:
        """How far the load is. Raises StepFailed for any other text."""
        return read_bulk_state(text, str(self.files[0]))

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The settings, and a hash of each file. Raises UsageError with all problems."""
        files = self.cached.fresh("", lambda: self._read(directory))
        yield json.dumps([self.sobject, self.operation, self.external_id]).encode()
        yield from (bytes.fromhex(file.digest) for file in files)

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files, and the settings."""
        yield "options", json.dumps([self.sobject, self.operation, self.external_id]).encode()
        files = self.cached.get("", lambda: self._read(directory))
        for name, file in zip(self.files, files, strict=True):
            yield name.as_posix(), bytes.fromhex(file.digest)

    def _problems(self, directory: Path, file: Path) -> Iterator[str]:
        try:
            found = known_csv(directory / file)
        except CsvProblem as error:
            yield from (f"{file}:{problem}" for problem in error.problems)
        except OSError as error:
            yield f"{file} cannot be read: {error.strerror}"
        else:
            yield from (f"{file}:1: {problem}" for problem in self._of_columns(found))

    def _of_columns(self, file: CsvFile) -> Iterator[str]:
        names = {name.lower() for name in file.columns}
        if self.operation == "upsert" and self.external_id.lower() not in names:
            yield f"the column {self.external_id} is missing; an upsert finds records by it"
        if "id" in names and self.external_id.lower() != "id":
            yield f"the column Id is not possible in an {self.operation}; remove it"

    def _read(self, directory: Path) -> tuple[CsvFile, ...]:
        wrong = [text for file in self.files for text in self._problems(directory, file)]
        if wrong:
            raise UsageError("\n".join(wrong), code="data_csv")
        return tuple(known_csv(directory / file) for file in self.files)

    def _load(self, context: StepContext) -> BulkLoad:
        files = self.cached.get("", lambda: self._read(context.directory))
        return BulkLoad(context, CsvSource(self, files), self.max_failed_rows)


class CsvSource:
    """The rows of all files: a portion for each slice of each file."""

    def __init__(self, form: CsvForm, files: Sequence[CsvFile]) -> None:
        self._form = form
        self._slices = [
            (name, file, part)
            for name, file in zip(form.files, files, strict=True)
            for part in file.slices
        ]
        parts = [form.sobject, form.operation, form.external_id, *(file.digest for file in files)]
        self.digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
        self.count = len(self._slices)
        self.rows = sum(file.rows for file in files)

    def name(self, number: int) -> str:
        """The file of a portion, as pool.yaml names it."""
        return str(self._slices[number][0])

    def settings(self, number: int) -> JobSettings:
        """The operation of the step, and the format of the file."""
        form, file = self._form, self._slices[number][1]
        return JobSettings(
            form.sobject, form.operation, form.external_id, file.delimiter, file.line_ending
        )

    def portion(self, number: int, _org: OrgClient) -> Portion:
        """A slice of a file. Raises StepFailed when the file has changed since it was read."""
        name, file, part = self._slices[number]
        if not is_unchanged(file.path, file.identity):
            raise StepFailed(
                f"{name}: the file was changed during the build",
                hint="start the build again: it loads what the file contains now",
            )
        body = StreamedBody(file.size(part), partial(file.pieces, part))
        return Portion(self.settings(number), part.rows, body)


def read_bulk_state(text: str, name: str) -> BulkState:
    """How far a load by jobs is. Raises StepFailed for any other text."""
    try:
        return BulkState.parse(text)
    except ValueError:
        text = "the state of the step in the ledger cannot be read"
        raise StepFailed(f"{name}: {text}", kind=ErrorKind.REPLACE) from None
