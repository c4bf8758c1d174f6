"""Loads rows by Bulk API jobs, each carried out once, whenever the build is killed.

For each job: create it, remember its id, upload, remember, close, poll. Before it is closed, a job
has no effect: a build that finds a job `created` abandons it and creates another. From `closing`
on, only this job may load its rows: it is read, closed if it is still open, and polled. Its
results stay readable for days, on any host. Source: docs/reference/data.md#ingest-jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.bulk import (
    JobSettings,
    JobStatus,
    abandon_job,
    close_job,
    create_job,
    failed_rows,
    job_status,
    unprocessed_rows,
    upload,
)
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.streamed import StreamedBody
from provisioner.steps.base import Done, Outcome, Pending, StepContext, StepFailed
from provisioner.steps.bulk_state import BulkState
from provisioner.steps.row_files import RowFile

SHOWN = 5  # refused rows in an error
_WAIT = 1.0  # seconds until the first poll of a job


@dataclass(frozen=True)
class Portion:
    """The rows of one job. `close` is called when they are not needed any more."""

    settings: JobSettings
    rows: int
    body: StreamedBody
    close: Callable[[], None] = lambda: None


class BulkSource(Protocol):
    """What a load sends: `count` portions in their order."""

    digest: str  # of all that the portions depend on: 8 hexadecimal digits
    count: int
    rows: int  # of all portions; 0: unknown

    def name(self, number: int) -> str:
        """The file of a portion, as pool.yaml names it."""

    def settings(self, number: int) -> JobSettings:
        """The settings of its job."""

    def portion(self, number: int, org: OrgClient) -> Portion | None:
        """The rows of a job; None when the org needs none of them. Raises StepFailed."""


class BulkLoad:
    """The load of one org."""

    def __init__(self, context: StepContext, source: BulkSource, most_failed: int = 0) -> None:
        self._context = context
        self._org = context.org
        self._source = source
        self._most_failed = most_failed

    def start(self) -> Outcome:
        """Begin with the first job."""
        return self._advance(BulkState(0, self._source.count, self._source.digest))

    def resume(self, state: BulkState) -> Outcome:
        """Continue with the current job. Raises StepFailed when the data has changed since."""
        is_same = (state.count, state.digest) == (self._source.count, self._source.digest)
        if state.phase == "created":
            abandon_job(self._org, state.job)
            state = replace(state, phase="", job="", rows=0)
        if not is_same:
            if state.done or state.phase:
                text = "the data has changed since it was partly loaded"
                raise StepFailed(f"{self._source.name(0)}: {text}", kind=ErrorKind.REPLACE)
            return self.start()
        return self._polled(state) if state.phase else self._advance(state)

    def _advance(self, state: BulkState) -> Outcome:
        """Send the next job that has rows."""
        while state.done < state.count:
            portion = self._source.portion(state.done, self._org)
            if portion is not None:
                with closing(portion):
                    return self._send(state, portion)
            state = replace(state, done=state.done + 1)
        failed = f", {quantity(state.failed, 'row')} refused" if state.failed else ""
        return Done(f"loaded {quantity(state.loaded, 'row')}{failed}")

    def _send(self, state: BulkState, portion: Portion) -> Outcome:
        name = self._source.name(state.done)
        try:
            job = create_job(self._org, portion.settings)
            state = replace(state, phase="created", job=job, rows=portion.rows)
            self._context.remember(state)
            upload(self._org, job, portion.body)
            state = replace(state, phase="closing")
            self._context.remember(state)
            self._close(job)
        except SalesforceError as error:
            if error.kind is not ErrorKind.CONTENT:
                raise
            raise StepFailed(f"{name}: {error.message}", hint=error.hint) from None
        return self._pending(state, 0)

    def _polled(self, state: BulkState) -> Outcome:
        """What has become of the job that was to be closed."""
        try:
            job = job_status(self._org, state.job)
            if job.state == "Open":  # the build ended before it was closed
                self._close(state.job)
                return self._pending(state, 0)
        except SalesforceError as error:
            if error.status != 404:
                raise
            text = f"{self._source.name(state.done)}: the job {state.job} is not there any more"
            raise StepFailed(text, kind=ErrorKind.REPLACE) from None
        if not job.is_over:
            return self._pending(state, job.processed)
        state = self._ended(state, job)
        self._context.remember(state)
        return self._advance(state)

    def _close(self, job: str) -> None:
        """Close a job, unless a request whose answer was lost has closed it meanwhile."""
        try:
            close_job(self._org, job)
        except SalesforceError as error:
            if error.error_code != "INVALIDJOBSTATE":
                raise

    def _pending(self, state: BulkState, processed: int) -> Pending:
        done, all_rows = state.loaded + state.failed + processed, self._source.rows
        of = f" of {all_rows:,}" if all_rows else ""
        note, job = f"{done:,}{of} rows", str(state.done)
        return Pending(state, note=note, wait=_WAIT, is_progress=True, operation=job)

    def _ended(self, state: BulkState, job: JobStatus) -> BulkState:
        """The state after a job that is over. Raises StepFailed when it is incomplete."""
        name = self._source.name(state.done)
        if job.state != "JobComplete":
            raise self._incomplete(name, state, job)
        if job.processed != state.rows:
            raise StepFailed(
                f"{name}: the job {job.id} processed {job.processed:,} of {state.rows:,} rows",
                kind=ErrorKind.REPLACE,
            )
        failed = state.failed + job.failed
        refused = self._refused(state, job) if job.failed else None
        if refused is not None and failed > self._most_failed:
            raise self._too_many(name, state, job, refused)
        loaded = state.loaded + job.processed - job.failed
        return BulkState(state.done + 1, state.count, state.digest, loaded, failed)

    def _refused(self, state: BulkState, job: JobStatus) -> RowFile:
        return self._downloaded(failed_rows, state, job, "failed")

    def _too_many(
        self, name: str, state: BulkState, job: JobStatus, refused: RowFile
    ) -> StepFailed:
        settings = self._source.settings(state.done)
        errors = list(refused.errors(SHOWN, settings.delimiter))
        lines = [f"{_cut(value)}: {_reason(error)}" for error, value in errors]
        is_locked = bool(errors) and all("UNABLE_TO_LOCK_ROW" in error for error, _ in errors)
        more = [f"… and {job.failed - len(lines):,} more"] if job.failed > len(lines) else []
        allowed = f"; max_failed_rows is {self._most_failed:,}" if self._most_failed else ""
        count = f"{job.failed:,} of {quantity(state.rows, 'row')} of {settings.sobject}"
        were = "was" if job.failed == 1 else "were"
        return StepFailed(
            f"{name}: {count} {were} refused{allowed}",
            details=[*lines, *more, refused.description("the refused rows")],
            kind=ErrorKind.REPLACE if is_locked else ErrorKind.CONTENT,
        )

    def _incomplete(self, name: str, state: BulkState, job: JobStatus) -> StepFailed:
        """The error for a job that failed as a whole, or that somebody aborted."""
        details = [f"{job.processed:,} of {quantity(state.rows, 'row')} were processed"]
        if job.failed:
            details.append(self._refused(state, job).description("the refused rows"))
        if job.processed < state.rows:
            rows = self._downloaded(unprocessed_rows, state, job, "unprocessed")
            details.append(rows.description("the rows that were not processed"))
        if job.state == "Aborted":
            text = f"{name}: the job {job.id} was aborted in the org"
            return StepFailed(text, details=details, kind=ErrorKind.REPLACE)
        reason = job.error or "the org gives no reason"
        return StepFailed(f"{name}: the job {job.id} failed: {reason}", details=details)

    def _downloaded(
        self,
        read: Callable[[OrgClient, str, RowFile], None],
        state: BulkState,
        job: JobStatus,
        what: str,
    ) -> RowFile:
        """Rows of a job in a file beside the ledger."""
        prefix, path = self._context.output, None
        if prefix is not None:
            path = Path(f"{prefix}-{state.done + 1}-{what}.csv")
        file = RowFile(path)
        try:
            read(self._org, job.id, file)
        finally:
            file.close()
        return file


def _reason(error: str) -> str:
    """`sf__Error` without the empty list of fields at its end."""
    return error.removesuffix(" --").rstrip(":") or "refused without a reason"


def _cut(value: str) -> str:
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return repr(shown)
