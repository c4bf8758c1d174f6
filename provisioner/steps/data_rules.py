"""Problems of a data plan that are certain to fail in an org (docs/reference/data.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.json_locations import JsonPath
from provisioner.salesforce.records import MOST_RECORDS, MOST_TYPES
from provisioner.steps.data_plan import (
    PlannedFile,
    PlannedRecord,
    PlanProblem,
    looks_like_reference,
    values,
)

MOST_LEVELS = 5
"""Of nested records, the outermost included."""

_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+")


def reference_counts(files: Sequence[PlannedFile]) -> Counter[str]:
    """The reference ids of the records of the plan, and how often each is used."""
    return Counter(ref for file in files for r in file.records for ref in r.references)


def duplicate_reference_id(
    record: PlannedRecord, path: JsonPath, node: Mapping[str, Any]
) -> PlanProblem:
    """The problem of a record whose reference id another record has as well."""
    reference = node["attributes"]["referenceId"]
    message = f"the referenceId {reference} is used by another record as well"
    return record.problem((*path, "attributes", "referenceId"), message)


def plan_problems(files: Sequence[PlannedFile]) -> Iterator[PlanProblem]:
    """All problems, in the order of the plan's files."""
    rules = _Rules(reference_counts(files), _needed(files))
    for file in files:
        for record in file.records:
            yield from rules.problems(file, record)


def _needed(files: Sequence[PlannedFile]) -> frozenset[str]:
    return frozenset(
        value[1:]
        for file in files
        for record in file.records
        for node in record.nodes
        for _, value in values(node)
        if value.startswith("@")
    )


class _Rules:
    """The rules for one record, given all others."""

    def __init__(self, counts: Counter[str], needed: frozenset[str]) -> None:
        self._counts = counts
        self._needed = needed
        self._by_lower = {reference.lower(): reference for reference in counts}

    def problems(self, file: PlannedFile, record: PlannedRecord) -> Iterator[PlanProblem]:
        """The problems of a record of a file and of those inside it."""
        root = record.located[0][0]
        sobject = record.body["attributes"]["type"]
        if sobject.lower() != file.sobject.lower():
            message = (
                f"it is a {sobject} in a file of {file.sobject}; "
                f"write a separate entry for {sobject}"
            )
            yield record.problem((*root, "attributes", "type"), message)
        if record.size > MOST_RECORDS:
            yield record.problem(root, f"it has more than {MOST_RECORDS} records in it")
        if len(record.types) > MOST_TYPES:
            yield record.problem(root, f"it has records of more than {MOST_TYPES} objects in it")
        for path, node in record.located:
            yield from self._of_node(record, path, node)

    def _of_node(
        self, record: PlannedRecord, path: JsonPath, node: Mapping[str, Any]
    ) -> Iterator[PlanProblem]:
        reference = node["attributes"]["referenceId"]
        at_reference = (*path, "attributes", "referenceId")
        if (len(path) - 2) // 3 == MOST_LEVELS:
            yield record.problem(path, f"records are nested more than {MOST_LEVELS} levels deep")
        if not _REFERENCE_ID.fullmatch(reference):
            message = f"the referenceId {reference!r} may have only letters, digits and underscores"
            yield record.problem(at_reference, message)
        if self._counts[reference] > 1 and reference in self._needed:
            yield duplicate_reference_id(record, path, node)
        for key in node:
            if key.lower() == "id":
                message = "a new record cannot have an Id; leave it out, or refer to another record"
                yield record.problem((*path, key), message)
        for field, value in values(node):
            message = self._problem_of_value(field, value)
            if message:
                yield record.problem((*path, field), f"{field}: {message}")

    def _problem_of_value(self, field: str, value: str) -> str:
        """Why a value is a reference to no record; "" if it is not a reference, or a valid one."""
        if not value.startswith("@") or value[1:] in self._counts:
            return ""
        near = self._by_lower.get(value[1:].lower())
        if near:
            return f"{value} is not in any file of the plan; did you mean @{near}? (case matters)"
        if looks_like_reference(value) or field.endswith("Id"):
            return f"{value} is not in any file of the plan"
        return ""
