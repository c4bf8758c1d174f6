"""A data plan as the requests that load it, in an order in which every reference is known.

The order is that of the Salesforce CLI: file by file; within a file, records without open
references first; records that refer to a later file after that file. The order does not depend on
any answer, so it is known before the first request (docs/reference/data.md#data-plans).
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from provisioner.salesforce.records import MOST_RECORDS, MOST_TYPES
from provisioner.steps.data_plan import (
    Plan,
    PlanError,
    PlannedRecord,
    PlanProblem,
    children,
    read_plan,
    values,
)
from provisioner.steps.data_rules import duplicate_reference_id, plan_problems, reference_counts


@dataclass(frozen=True, eq=False)
class Chunk:
    """One tree request."""

    sobject: str
    records: tuple[PlannedRecord, ...]

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The reference ids of its records, in their order."""
        return tuple(ref for record in self.records for ref in record.references)

    @cached_property
    def types(self) -> Counter[str]:
        """How many records it inserts, by object."""
        return sum((record.types for record in self.records), Counter[str]())

    @property
    def has_record_types(self) -> bool:
        return any(record.has_record_type for record in self.records)

    def find(self, reference: str) -> PlannedRecord | None:
        """The record with a reference id, or with a child that has it."""
        return next((r for r in self.records if reference in r.references), None)


@dataclass(frozen=True, eq=False)
class DataLoad:
    """All requests of a plan."""

    chunks: tuple[Chunk, ...]
    contents: tuple[bytes, ...]  # of the plan and its files
    files: tuple[str, ...] = ()  # as the plan names them

    @cached_property
    def digest(self) -> str:
        """A hash of the data: 8 hexadecimal digits."""
        return hashlib.sha256(b"\0".join(self.contents)).hexdigest()[:8]

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """The objects of its records, in alphabetical order."""
        return tuple(sorted(self.totals()))

    def totals(self, chunks: int | None = None) -> Counter[str]:
        """How many records the first `chunks` requests insert, by object; all requests for None."""
        return sum((chunk.types for chunk in self.chunks[:chunks]), Counter[str]())

    @cached_property
    def _last_use(self) -> Mapping[str, int]:
        """Reference id → the last request that needs it."""
        known = {ref for chunk in self.chunks for ref in chunk.references}
        return {
            ref: index
            for index, chunk in enumerate(self.chunks)
            for record in chunk.records
            for ref in references_of(record, known)
        }

    def open_references(self, done: int) -> list[str]:
        """Reference ids of the first `done` requests that later ones need."""
        sent = (ref for chunk in self.chunks[:done] for ref in chunk.references)
        return [ref for ref in sent if self._last_use.get(ref, -1) >= done]

    def open_by_object(self, done: int) -> list[list[str]]:
        """`open_references`, grouped by object: ids of one object are similar."""
        groups: dict[str, list[str]] = {}
        for reference in self.open_references(done):
            groups.setdefault(self._object_of[reference], []).append(reference)
        return list(groups.values())

    @cached_property
    def _object_of(self) -> Mapping[str, str]:
        """Reference id → the object of its record."""
        nodes = (n for chunk in self.chunks for record in chunk.records for n in record.nodes)
        return {
            str(node["attributes"]["referenceId"]): str(node["attributes"]["type"])
            for node in nodes
        }


def read_load(path: Path) -> DataLoad:
    """The requests of the plan at `path`. Raises PlanError with all its problems, OSError."""
    return load_of(read_plan(path))


def load_of(plan: Plan) -> DataLoad:
    """The requests of a plan. Raises PlanError with all its problems."""
    problems = list(plan_problems(plan.files))
    chunks = () if problems else tuple(_ordered(plan))
    problems += [problem for chunk in chunks for problem in _duplicates(chunk)]
    if problems:
        raise PlanError(problems, plan.texts)
    return DataLoad(chunks, tuple(plan.contents), tuple(file.name for file in plan.files))


def references_of(record: PlannedRecord, known: Container[str]) -> set[str]:
    """Those of the reference ids `known` that the record or its children refer to."""
    return {value[1:] for _, value in _texts(record) if value[:1] == "@" and value[1:] in known}


def _texts(record: PlannedRecord) -> Iterator[tuple[str, str]]:
    for node in record.nodes:
        yield from values(node)


def _duplicates(chunk: Chunk) -> Iterator[PlanProblem]:
    """A reference id may be used once in a request (docs/reference/data.md#tree-requests)."""
    if len(set(chunk.references)) == len(chunk.references):
        return
    counts = Counter(chunk.references)
    for record in chunk.records:
        for path, node in record.located:
            if counts[node["attributes"]["referenceId"]] > 1:
                yield duplicate_reference_id(record, path, node)


def _ordered(plan: Plan) -> Iterator[Chunk]:
    """Chunks in an order in which a record comes after all that it refers to."""
    files = plan.files
    all_references = set(reference_counts(files))
    needs = {r: references_of(r, all_references) for file in files for r in file.records}
    queue = deque((file.sobject, list(file.records)) for file in files)
    known: set[str] = set()
    without_progress = 0
    while queue and without_progress < len(queue):
        sobject, records = queue.popleft()
        ready = [r for r in records if needs[r] <= known]
        waiting = [r for r in records if not needs[r] <= known]
        for chunk in _chunks(sobject, ready):
            yield chunk
            known.update(chunk.references)
        if any(needs[r] <= known for r in waiting):
            queue.appendleft((sobject, waiting))
        elif waiting:
            queue.append((sobject, waiting))
        without_progress = 0 if ready or not records else without_progress + 1
    if queue:
        blocked = [r for _, records in queue for r in records]
        raise PlanError(
            [
                r.problem(
                    r.located[0][0], f"it refers to itself through {_names(needs[r] - known)}"
                )
                for r in blocked
            ],
            plan.texts,
        )


def _names(references: Iterable[str]) -> str:
    return ", ".join(f"@{reference}" for reference in sorted(references))


def _chunks(sobject: str, records: Sequence[PlannedRecord]) -> Iterator[Chunk]:
    """Records in requests of at most 200 records, children included, and five objects."""
    portion: list[PlannedRecord] = []
    size, types = 0, set[str]()
    for record in records:
        both = types | set(record.types)
        if portion and (size + record.size > MOST_RECORDS or len(both) > MOST_TYPES):
            yield Chunk(sobject, tuple(portion))
            portion, size, both = [], 0, set(record.types)
        portion.append(record)
        size, types = size + record.size, both
    if portion:
        yield Chunk(sobject, tuple(portion))


def resolved(
    record: PlannedRecord,
    ids: Mapping[str, str],
    record_types: Mapping[tuple[str, str], str],
) -> dict[str, Any]:
    """A record as it is sent: references and record types replaced by ids.

    Raises KeyError with (object, name) for a record type that the org does not have.
    """
    return _resolved(record.body, ids, record_types)


def _resolved(
    node: Mapping[str, Any],
    ids: Mapping[str, str],
    record_types: Mapping[tuple[str, str], str],
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for key, value in node.items():
        inside = children(value)
        if key == "RecordType" and value is not None:
            body["RecordTypeId"] = record_types[node["attributes"]["type"], value["Name"]]
        elif inside is not None:
            body[key] = {"records": [_resolved(child, ids, record_types) for child in inside]}
        elif (
            key != "attributes" and isinstance(value, str) and value[1:] in ids and value[0] == "@"
        ):
            body[key] = ids[value[1:]]
        else:
            body[key] = value
    return body
