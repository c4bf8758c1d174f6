"""A data plan as `sf data export tree --plan` writes it: read, with all its problems at once.

The plan is a JSON array of `{sobject, files}`, files relative to it; a data file is
`{"records": [{"attributes": {"type", "referenceId"}, …}]}`. A value `@AccountRef1` is a
reference to another record. Source: docs/reference/data.md#data-plans.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from provisioner.input_file import DATA, TEXT, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.json_locations import JsonPath, locations
from provisioner.steps.index_file import IndexFileError

_REFERENCE = re.compile(r"@\w+Ref\d+")  # the form that an export writes
_BROKEN = object()  # in place of the content of a file that cannot be parsed
_API_NAME = re.compile(r"[A-Za-z]\w*")


class PlanProblem(NamedTuple):
    """One problem of a plan or one of its files, and the value that it is about."""

    file: str  # as the plan names it
    path: JsonPath | None  # None: `message` begins with the place, or there is none
    message: str


class PlanError(IndexFileError):
    """The problems of a plan and its files: one line each, with file, line and record."""

    def __init__(self, problems: Iterable[PlanProblem], texts: Mapping[str, str]) -> None:
        super().__init__(_lines(list(problems), texts))


def _lines(problems: list[PlanProblem], texts: Mapping[str, str]) -> Iterator[str]:
    wanted: dict[str, set[JsonPath]] = {}
    for problem in problems:
        if problem.path is not None:
            wanted.setdefault(problem.file, set()).add(problem.path)
    found = {file: locations(texts[file], paths) for file, paths in wanted.items()}
    for file, path, message in problems:
        if path is None:
            yield f"{file}:{message}"
        else:
            line, column = found[file].get(path, (1, 1))
            yield f"{file}:{line}:{column}: {message}"


@dataclass(frozen=True, eq=False)
class PlannedRecord:
    """One record of a data file, with the child records inside it."""

    file: str  # as the plan names it
    position: int  # in its file, from 1
    body: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.file}: record {self.position} ({self.reference})"

    @property
    def reference(self) -> str:
        return str(self.body["attributes"]["referenceId"])

    @cached_property
    def located(self) -> tuple[tuple[JsonPath, Mapping[str, Any]], ...]:
        """The record itself and all below it, each with its path in the file."""
        return tuple(_nodes(self.body, ("records", self.position - 1)))

    @property
    def nodes(self) -> Iterator[Mapping[str, Any]]:
        """The record itself and all below it."""
        return (node for _, node in self.located)

    @property
    def size(self) -> int:
        """The number of records, with all below it."""
        return len(self.located)

    def problem(self, path: JsonPath, message: str) -> PlanProblem:
        """A problem of the record, or of one inside it."""
        words = f"record {self.position} ({self.reference}): {message}"
        return PlanProblem(self.file, path, words)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The reference ids of this record and its children."""
        return tuple(str(node["attributes"]["referenceId"]) for node in self.nodes)

    @cached_property
    def types(self) -> Counter[str]:
        """How many records, by object."""
        return Counter(str(node["attributes"]["type"]) for node in self.nodes)

    @property
    def has_record_type(self) -> bool:
        """Whether it names a record type, whose id has to be queried."""
        return any("RecordType" in node for node in self.nodes)


@dataclass(frozen=True)
class PlannedFile:
    """One data file: records of one object."""

    sobject: str
    name: str
    records: tuple[PlannedRecord, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan that was read: its files in their order, and the bytes and texts of all of them."""

    files: list[PlannedFile]
    contents: list[bytes]
    texts: Mapping[str, str]


def read_plan(path: Path) -> Plan:
    """Raises PlanError, and OSError when the plan itself cannot be read."""
    content = read_input(path, TEXT)
    reader = _Reader(path.parent)
    files = reader.plan(path.name, content)
    if reader.problems:
        raise PlanError(reader.problems, reader.texts)
    return Plan(files, [content, *reader.contents], reader.texts)


def values(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a record that hold text, which may be a reference."""
    for key, value in node.items():
        if key != "attributes" and isinstance(value, str):
            yield key, value


def looks_like_reference(value: str) -> bool:
    """Whether a value has the form of a reference that an export writes."""
    return _REFERENCE.fullmatch(value) is not None


def children(value: Any) -> list[Any] | None:
    """The child records in a field's value, None when it holds none."""
    if isinstance(value, Mapping) and isinstance(value.get("records"), list):
        return list(value["records"])
    return None


def _nodes(node: Mapping[str, Any], path: JsonPath) -> Iterator[tuple[JsonPath, Mapping[str, Any]]]:
    yield path, node
    for key, value in node.items():
        for index, child in enumerate(children(value) or ()):
            yield from _nodes(child, (*path, key, "records", index))


class _Reader:
    """Reads a plan and its files, noting problems."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.problems: list[PlanProblem] = []
        self.contents: list[bytes] = []
        self.texts: dict[str, str] = {}

    def _report(self, name: str, path: JsonPath | None, message: str) -> None:
        self.problems.append(PlanProblem(name, path, message))

    def plan(self, name: str, content: bytes) -> list[PlannedFile]:
        parts = self._json(name, content)
        if parts is not _BROKEN and not isinstance(parts, list):
            self._report(name, (), "a plan must be a list of objects with sobject and files")
        found = []
        for index, part in enumerate(parts if isinstance(parts, list) else []):
            found += self._part(name, index, part)
        return found

    def _part(self, plan: str, index: int, part: Any) -> list[PlannedFile]:
        sobject = part.get("sobject") if isinstance(part, Mapping) else None
        names = part.get("files") if isinstance(part, Mapping) else None
        if not isinstance(sobject, str) or not _API_NAME.fullmatch(sobject):
            wrong = "sobject must be the API name of an object"
        elif not isinstance(names, list) or not names:
            wrong = "files must be a list of data files"
        elif not all(isinstance(name, str) for name in names):
            wrong = "files must be a list of paths; the older form with objects is not supported"
        else:
            return [self._file(sobject, name) for name in names]
        self._report(plan, (index,), f"entry {index + 1}: {wrong}")
        return []

    def _file(self, sobject: str, name: str) -> PlannedFile:
        try:
            content = read_input(self._directory / name, DATA)
        except (OSError, ValueError) as error:
            self._report(name, None, f" cannot be read: {getattr(error, 'strerror', error)}")
            return PlannedFile(sobject, name, ())
        self.contents.append(content)
        data = self._json(name, content)
        records = data.get("records") if isinstance(data, Mapping) else None
        if not isinstance(records, list):
            if data is not _BROKEN:
                self._report(name, (), 'a data file must have the form {"records": [...]}')
            return PlannedFile(sobject, name, ())
        planned = []
        for index, record in enumerate(records):
            if self._is_record(name, index + 1, ("records", index), record):
                planned.append(PlannedRecord(name, index + 1, record))
        return PlannedFile(sobject, name, tuple(planned))

    def _is_record(self, file: str, position: int, path: JsonPath, record: Any) -> bool:
        """Whether a record, and every one inside it, has its type and its reference id."""
        attributes = record.get("attributes") if isinstance(record, Mapping) else None
        wanted = ("type", "referenceId")
        if not isinstance(attributes, Mapping) or not all(
            isinstance(attributes.get(key), str) and attributes[key] for key in wanted
        ):
            wrong = "attributes must contain type and referenceId"
            self._report(file, path, f"record {position}: {wrong}")
            return False
        record_type = record.get("RecordType")
        if record_type is not None and not (
            isinstance(record_type, Mapping) and isinstance(record_type.get("Name"), str)
        ):
            wrong = "RecordType must contain the Name of the record type"
            self._report(file, (*path, "RecordType"), f"record {position}: {wrong}")
            return False
        return False not in [
            self._is_record(file, position, (*path, key, "records", index), child)
            for key, value in record.items()
            for index, child in enumerate(children(value) or ())
        ]

    def _json(self, name: str, content: bytes) -> Any:
        try:
            text = self.texts[name] = content.decode("utf-8-sig")
            return parse_json(text)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._report(name, None, f"{line}:1: the file is not UTF-8 text")
        except JsonProblem as problem:
            wrong = f"{problem.line}:{problem.column}: the file is not JSON: {problem.message}"
            self._report(name, None, wrong if content else " it is empty")
        return _BROKEN
