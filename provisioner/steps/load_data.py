"""`load_data`: records of an `sf data export tree` plan, with references between them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind, SalesforceError, UsageError
from provisioner.plain_text import quantity
from provisioner.salesforce.api_errors import NOT_SENT, TIMED_OUT
from provisioner.salesforce.records import (
    TreeRefusedError,
    count_created_by,
    insert_tree,
    record_types,
)
from provisioner.steps.base import Done, Outcome, Pending, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.data_chunks import Chunk, DataLoad, read_load, resolved
from provisioner.steps.data_plan import PlanError
from provisioner.steps.load_failures import refused_chunk, unknown_record_type
from provisioner.steps.load_progress import IdsLostError, LoadProgress, LoadState, progress_of

_PROGRESS = "progress of the load"
TURN = 5.0  # seconds after which a long load returns the thread to other orgs


@dataclass(frozen=True, kw_only=True)
class LoadData:
    """Loads the records of a data plan, exactly once.

    Safe to run twice because of its state: each request inserts all of its records or none, and
    after each the number of answered requests is committed, with the ids that later records
    refer to. When these ids are too long for the state, only this process has them, and the org
    is replaced if the build is interrupted.

    When an answer was lost, the records that our user has created since the load began are
    counted: a new org has sample records, and earlier steps load some. If none of the
    request are there, it is sent again; if all are there and no later record needs their ids,
    the load continues. In any other case, and after a time-out, the org is replaced. After a
    lost answer all records are counted again at the end of the load.
    """

    kind: ClassVar[str] = "load_data"
    shorthand: ClassVar[str] = "plan"

    plan: Path = option(
        "the plan that `sf data export tree --plan` wrote", path="file", example="data/plan.json"
    )

    _load: CachedInput = cached_input()

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read the plan and its files; every reference must be to a record of the plan."""
        try:
            self._load.checked("", lambda: read_load(directory / self.plan))
        except PlanError as error:
            for problem in error.problems:
                yield Finding("plan", self._from_pool_file(problem))
        except OSError as error:
            yield Finding("plan", f"{self.plan} cannot be read: {error.strerror}")

    def start(self, context: StepContext) -> Outcome:
        """Send the first requests."""
        loading = _Loading(context, self._plan(context))
        return loading.resume(LoadProgress(before=loading.records_before()))

    def poll(self, context: StepContext, state: LoadState) -> Outcome:
        """Send the requests that are left."""
        load = self._plan(context)
        try:
            progress = progress_of(state, load, context.memory.get(_PROGRESS))
        except IdsLostError:
            raise self._cannot_continue(
                "a build was interrupted before it stored the ids of the records that it loaded"
            ) from None
        if progress is None:
            raise self._cannot_continue("the plan's data has changed since it was partly loaded")
        loading = _Loading(context, load)
        return loading.resume(loading.confirmed(progress) if progress.is_sending else progress)

    def read_state(self, text: str) -> LoadState:
        """How far the load is. Raises StepFailed for any other text."""
        try:
            return LoadState.parse(text)
        except ValueError:
            raise self._cannot_continue(
                "the state of the step in the ledger cannot be read"
            ) from None

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The plan and its files. Raises UsageError with all their problems."""
        return self._load.fresh("", lambda: self._read(directory)).contents

    def _read(self, directory: Path) -> DataLoad:
        try:
            return read_load(directory / self.plan)
        except PlanError as error:
            wrong = "\n".join(map(self._from_pool_file, error.problems))
            raise UsageError(wrong, code="data_plan") from None
        except OSError as error:
            text = f"{self.plan} cannot be read: {error.strerror}"
            raise UsageError(text, code="data_plan") from None

    def _cannot_continue(self, why: str) -> StepFailed:
        return StepFailed(f"{self.plan}: {why}", kind=ErrorKind.REPLACE)

    def _from_pool_file(self, problem: str) -> str:
        """A problem with the path of its file relative to pool.yaml instead of the plan."""
        folder = self.plan.parent.as_posix()
        return problem if folder == "." else f"{folder}/{problem}"

    def _plan(self, context: StepContext) -> DataLoad:
        return self._load.get("", lambda: self._read(context.directory))


class _Loading:
    """The load of one org: one request after the other, with a state committed before and after."""

    def __init__(self, context: StepContext, load: DataLoad) -> None:
        self._context = context
        self._load = load

    def resume(self, progress: LoadProgress) -> Outcome:
        """Send the requests that are left, for about `TURN` seconds at most."""
        since = time.monotonic()
        while progress.done < len(self._load.chunks):
            progress = self._send(progress)
            if progress.done < len(self._load.chunks) and time.monotonic() - since > TURN:
                return Pending(progress.state(self._load), wait=0.0)
        if progress.is_unconfirmed:
            self._verify_counts(progress)
        return Done(f"loaded {quantity(self._load.totals().total(), 'record')}")

    def records_before(self) -> dict[int, int | None]:
        """How many records each object of the plan has; see `LoadProgress.before`."""
        counts = {n: self._count_before(name) for n, name in enumerate(self._load.objects)}
        return {number: count for number, count in counts.items() if count != 0}

    def _count_before(self, sobject: str) -> int | None:
        try:
            return self._count(sobject)
        except StepFailed:
            return None  # what is wrong with the object, its first request shows

    def confirmed(self, progress: LoadProgress) -> LoadProgress:
        """The progress with the request whose answer was lost: not done, or done.

        Raises StepFailed where the number of records does not show which.
        """
        chunk = self._load.chunks[progress.done]
        before = self._load.totals(progress.done)[chunk.sobject]
        found = self._count_loaded(chunk.sobject, progress)
        counted = replace(progress, is_sending=False, is_unconfirmed=True)
        if found == before:
            return counted
        is_needed = set(self._load.open_references(progress.done + 1)) & set(chunk.references)
        if found == before + chunk.types[chunk.sobject] and not is_needed:
            return counted.after({}, self._load)
        raise self._unconfirmed(
            f"the org has {found} {chunk.sobject} records of this load; before the request it had "
            f"{before}"
        )

    def _send(self, progress: LoadProgress) -> LoadProgress:
        """One request. Raises StepFailed, or SalesforceError after which the build may retry."""
        chunk = self._load.chunks[progress.done]
        records = self._bodies(chunk, progress)
        self._remember(replace(progress, is_sending=True))
        try:
            ids = insert_tree(self._context.org, chunk.sobject, records)
        except TreeRefusedError as refused:
            self._remember(progress)
            raise refused_chunk(self._load, progress.done, refused) from None
        except SalesforceError as error:
            self._not_answered(progress, chunk, error)
            raise
        progress = progress.after(ids, self._load)
        self._remember(progress)
        return progress

    def _remember(self, progress: LoadProgress) -> None:
        """Commit the progress to the ledger, and keep in memory what may be too long for it."""
        self._context.memory[_PROGRESS] = progress
        self._context.remember(progress.state(self._load))

    def _bodies(self, chunk: Chunk, progress: LoadProgress) -> list[dict[str, object]]:
        known = (
            record_types(self._context.org, sorted(chunk.types)) if chunk.has_record_types else {}
        )
        bodies = []
        for record in chunk.records:
            try:
                bodies.append(resolved(record, progress.ids, known))
            except KeyError as missing:
                raise unknown_record_type(record, missing.args[0], known) from None
        return bodies

    def _not_answered(self, progress: LoadProgress, chunk: Chunk, error: SalesforceError) -> None:
        """Raises StepFailed when the records may still be inserted.

        A request that was not sent, or refused as a whole, has inserted none.
        """
        if error.error_code == TIMED_OUT or error.status == 504:
            raise self._unconfirmed(error.message) from None
        if error.error_code == NOT_SENT or 300 <= error.status < 500:
            self._remember(progress)
        if error.status == 404:
            text = f"{chunk.records[0].file}: the org has no object {chunk.sobject}"
            raise StepFailed(text, details=[error.message]) from None

    def _verify_counts(self, progress: LoadProgress) -> None:
        """After a lost answer: the org must have exactly the records of the plan more."""
        for sobject, wanted in self._load.totals().items():
            found = self._count_loaded(sobject, progress)
            if found != wanted:
                raise self._unconfirmed(
                    f"the org has {found} {sobject} records of this load; the plan has {wanted}"
                )

    def _count_loaded(self, sobject: str, progress: LoadProgress) -> int:
        """How many records of an object there are that were not there before the load."""
        before = progress.before.get(self._load.objects.index(sobject), 0)
        if before is None:
            raise self._unconfirmed(f"the {sobject} records could not be counted before the load")
        return self._count(sobject) - before

    def _count(self, sobject: str) -> int:
        org = self._context.org
        if not org.user_id:
            raise self._unconfirmed("the login did not return a user id")
        try:
            return count_created_by(org, sobject, org.user_id)
        except SalesforceError as error:
            if error.kind in (ErrorKind.TRANSIENT, ErrorKind.LIMIT):
                raise
            raise self._unconfirmed(error.message) from None

    def _unconfirmed(self, why: str) -> StepFailed:
        return StepFailed(
            f"it is unknown whether records were loaded twice: {why}", kind=ErrorKind.REPLACE
        )
