"""Loads a data plan into one org: one tree request after the other, each exactly once."""

from __future__ import annotations

import time
from dataclasses import replace

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.api_errors import NOT_SENT, TIMED_OUT
from provisioner.salesforce.reads import answered, answers
from provisioner.salesforce.records import (
    TreeRefusedError,
    created_by,
    insert_tree,
    record_types,
)
from provisioner.steps.base import Done, Outcome, OutcomeUnknown, Pending, StepContext, StepFailed
from provisioner.steps.data_chunks import Chunk, DataLoad, resolved
from provisioner.steps.load_failures import refused_chunk, unknown_record_type
from provisioner.steps.load_progress import IdsLostError, LoadProgress, LoadState, progress_of
from provisioner.steps.load_spill import read_spill, remove_spill, write_spill

_PASSING = (ErrorKind.TRANSIENT, ErrorKind.LIMIT)

PROGRESS = "progress of the load"
"""The key of the progress in the memory of a step."""

TURN = 5.0  # seconds after which a long load returns the thread to other orgs


def start_load(context: StepContext, load: DataLoad) -> Outcome:
    """Send the first requests of a load."""
    loading = TreeLoading(context, load)
    return loading.resume(LoadProgress(before=loading.records_before()))


def poll_load(context: StepContext, load: DataLoad, state: LoadState, name: str) -> Outcome:
    """Send the requests that are left. `name` is that of the data in errors."""
    known = context.memory.get(PROGRESS)
    if known is None and state.ids is None:
        known = read_spill(context.output, load, state.done)
    try:
        progress = progress_of(state, load, known)
    except IdsLostError:
        raise _cannot_continue(
            name,
            "a build was interrupted, and the ids of the records that it loaded are too long for "
            "the ledger; only the host of that build had them",
        ) from None
    if progress is None:
        raise _cannot_continue(name, "the plan's data has changed since it was partly loaded")
    loading = TreeLoading(context, load)
    return loading.resume(loading.confirmed(progress) if progress.is_sending else progress)


def read_load_state(text: str, name: str) -> LoadState:
    """How far a load is. Raises StepFailed for any other text."""
    try:
        return LoadState.parse(text)
    except ValueError:
        raise _cannot_continue(name, "the state of the step in the ledger cannot be read") from None


def _cannot_continue(name: str, why: str) -> StepFailed:
    return StepFailed(f"{name}: {why}", kind=ErrorKind.REPLACE)


class TreeLoading:
    """The load of one org: one request after the other, with a state committed before and after."""

    def __init__(self, context: StepContext, load: DataLoad) -> None:
        self._context = context
        self._load = load

    @property
    def _all(self) -> str:
        return f"{self._load.totals().total():,}"

    def resume(self, progress: LoadProgress) -> Outcome:
        """Send the requests that are left, for about `TURN` seconds at most."""
        since = time.monotonic()
        while progress.done < len(self._load.chunks):
            progress = self._send(progress)
            if progress.done < len(self._load.chunks) and time.monotonic() - since > TURN:
                note = f"{self._load.totals(progress.done).total():,} of {self._all} records"
                return Pending(progress.state(self._load), note, wait=0.0, is_progress=True)
        if progress.is_unconfirmed:
            self._verify_counts(progress)
        remove_spill(self._context.output)
        return Done(f"loaded {quantity(self._load.totals().total(), 'record')}")

    def records_before(self) -> dict[int, int | None]:
        """How many records each object of the plan has; see `LoadProgress.before`."""
        org, objects = self._context.org, self._load.objects
        if not org.user_id:
            return dict.fromkeys(range(len(objects)))
        counts: dict[int, int | None] = {}
        for index, found in enumerate(
            answers(org, [created_by(org.user_id, name) for name in objects])
        ):
            if isinstance(found, SalesforceError) and found.kind in _PASSING:
                raise found
            # What is wrong with an object that cannot be counted, its first request shows.
            counts[index] = None if isinstance(found, SalesforceError) else found
        return {index: count for index, count in counts.items() if count != 0}

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
        self._context.memory[PROGRESS] = progress
        state = progress.state(self._load)
        if state.ids is None:
            write_spill(self._context.output, progress, self._load)
        self._context.remember(state)

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
            (found,) = answered(org, [created_by(org.user_id, sobject)])
        except SalesforceError as error:
            if error.kind in _PASSING:
                raise
            raise self._unconfirmed(error.message) from None
        count: int = found
        return count

    def _unconfirmed(self, why: str) -> StepFailed:
        return OutcomeUnknown(f"it is unknown whether records were loaded twice: {why}")
