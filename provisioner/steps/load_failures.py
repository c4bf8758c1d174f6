"""Errors about refused records: the file, the record, the field, and what was loaded before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from provisioner.errors import ErrorKind
from provisioner.salesforce.records import RecordProblem, TreeRefusedError
from provisioner.steps.base import StepFailed
from provisioner.steps.data_chunks import Chunk, DataLoad
from provisioner.steps.data_plan import PlannedRecord

MOST_LINES = 20
_NO_COLUMN = re.compile(r"No such column '(\w+)'")
_FIELD_HINT = (
    "check the field's name; if it exists, the user may not have access: assign a permission set, "
    "or deploy what grants it, in a step before this one"
)


def refused_chunk(load: DataLoad, done: int, refused: TreeRefusedError) -> StepFailed:
    """The error for a request that was refused as a whole, because of some of its records."""
    chunk = load.chunks[done]
    lines = [_line(chunk, problem) for problem in refused.problems]
    more = [f"… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    is_field = any(p.code == "INVALID_FIELD" for p in refused.problems)
    return StepFailed(
        lines[0] if lines else f"{chunk.sobject} records were refused without a reason",
        details=[*lines[1:MOST_LINES], *more, _loaded(load.totals(done))],
        kind=refused.kind,
        hint=_FIELD_HINT if is_field and refused.kind is ErrorKind.CONTENT else "",
    )


def unknown_record_type(
    record: PlannedRecord, missing: tuple[str, str], known: Iterable[tuple[str, str]]
) -> StepFailed:
    """The error for a record type that the org does not have."""
    sobject, name = missing
    names = ", ".join(sorted(other for owner, other in known if owner == sobject)) or "none"
    return StepFailed(f"{record}: {sobject} has no record type {name!r}; it has: {names}")


def _line(chunk: Chunk, problem: RecordProblem) -> str:
    record = chunk.find(problem.reference) or next(_by_field(chunk, problem), None)
    location = str(record) if record else f"{chunk.records[0].file}: some record"
    fields = [name for name in problem.fields if name not in problem.message]
    about = f" ({', '.join(fields)})" if fields else ""
    return f"{location}: {problem.code}: {problem.message}{about}"


def _by_field(chunk: Chunk, problem: RecordProblem) -> Iterator[PlannedRecord]:
    """The records with a field that Salesforce does not know; its error names no record.

    Source: docs/reference/data.md#tree-requests.
    """
    column = _NO_COLUMN.search(problem.message)
    for record in chunk.records:
        if column and any(column[1] in node for node in record.nodes):
            yield record


def _loaded(totals: Counter[str]) -> str:
    """The records that the org has already, because the load stops halfway."""
    if not totals:
        return "nothing was loaded before"
    each = ", ".join(f"{count} {sobject}" for sobject, count in sorted(totals.items()))
    return f"loaded before: {totals.total()} records ({each})"
