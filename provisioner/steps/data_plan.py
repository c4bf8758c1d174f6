"""A data plan as `sf data export tree --plan` writes it: read, with all its problems at once.

The plan is a JSON array of `{sobject, files}`, files relative to it; a data file is
`{"records": [{"attributes": {"type", "referenceId"}, …}]}`. A value `@AccountRef1` stands for
the id of another record. Source: salesforce-facts §6.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from provisioner.input_file import DATA, TEXT, read_input

_REFERENCE = re.compile(r"@\w+Ref\d+")  # the form that the export gives
_BROKEN = object()  # what stands for the content of a file that cannot be parsed
_API_NAME = re.compile(r"[A-Za-z]\w*")


class PlanError(ValueError):
    """What is wrong with a plan and its files: one line each, with file and record."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, eq=False)
class PlannedRecord:
    """One record of a data file, with the children that lie inside it."""

    file: str  # as the plan names it
    position: int  # in its file, from 1
    body: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.file}: record {self.position} ({self.reference})"

    @property
    def reference(self) -> str:
        return str(self.body["attributes"]["referenceId"])

    @cached_property
    def nodes(self) -> tuple[Mapping[str, Any], ...]:
        """The record itself and all below it."""
        return tuple(_nodes(self.body))

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The reference ids that this record and its children give."""
        return tuple(str(node["attributes"]["referenceId"]) for node in self.nodes)

    @cached_property
    def types(self) -> Counter[str]:
        """How many records of which object."""
        return Counter(str(node["attributes"]["type"]) for node in self.nodes)

    @property
    def has_record_type(self) -> bool:
        """Whether a record type is named that is to be looked up."""
        return any("RecordType" in node for node in self.nodes)


@dataclass(frozen=True)
class PlannedFile:
    """One data file: records of one object."""

    sobject: str
    name: str
    records: tuple[PlannedRecord, ...]


def read_plan(path: Path) -> tuple[list[PlannedFile], list[bytes]]:
    """The files of a plan in their order, and the bytes of all that was read.

    Raises PlanError, and OSError when the plan itself cannot be read.
    """
    content = read_input(path, TEXT)
    reader = _Reader(path.parent)
    files = reader.plan(path.name, content)
    if reader.problems:
        raise PlanError(reader.problems)
    return files, [content, *reader.contents]


def values(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a record that hold text, and could hold a reference."""
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


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for value in node.values():
        for child in children(value) or ():
            yield from _nodes(child)


class _Reader:
    """Reads a plan and its files, noting problems."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.problems: list[str] = []
        self.contents: list[bytes] = []

    def plan(self, name: str, content: bytes) -> list[PlannedFile]:
        parts = self._json(name, content)
        if parts is not _BROKEN and not isinstance(parts, list):
            self.problems.append(f"{name}: a plan is a list of {{sobject, files}}")
        found = []
        for index, part in enumerate(parts if isinstance(parts, list) else [], 1):
            found += self._part(f"{name}: entry {index}", part)
        return found

    def _part(self, place: str, part: Any) -> list[PlannedFile]:
        sobject = part.get("sobject") if isinstance(part, Mapping) else None
        names = part.get("files") if isinstance(part, Mapping) else None
        if not isinstance(sobject, str) or not _API_NAME.fullmatch(sobject):
            self.problems.append(f"{place}: sobject must be the API name of an object")
        elif not isinstance(names, list) or not names:
            self.problems.append(f"{place}: files must be a list of data files")
        elif not all(isinstance(name, str) for name in names):
            self.problems.append(f"{place}: files must be paths; objects in it are an old form")
        else:
            return [self._file(sobject, name) for name in names]
        return []

    def _file(self, sobject: str, name: str) -> PlannedFile:
        try:
            content = read_input(self._directory / name, DATA)
        except (OSError, ValueError) as error:
            self.problems.append(f"{name}: cannot be read: {getattr(error, 'strerror', error)}")
            return PlannedFile(sobject, name, ())
        self.contents.append(content)
        data = self._json(name, content)
        records = data.get("records") if isinstance(data, Mapping) else None
        if not isinstance(records, list):
            if data is not _BROKEN:
                self.problems.append(f'{name}: a data file is {{"records": [...]}}')
            return PlannedFile(sobject, name, ())
        planned = []
        for position, record in enumerate(records, 1):
            if self._is_record(f"{name}: record {position}", record):
                planned.append(PlannedRecord(name, position, record))
        return PlannedFile(sobject, name, tuple(planned))

    def _is_record(self, place: str, record: Any) -> bool:
        """Whether a record, and every one inside it, says what it is."""
        attributes = record.get("attributes") if isinstance(record, Mapping) else None
        wanted = ("type", "referenceId")
        if not isinstance(attributes, Mapping) or not all(
            isinstance(attributes.get(key), str) and attributes[key] for key in wanted
        ):
            self.problems.append(f"{place}: attributes must hold type and referenceId")
            return False
        record_type = record.get("RecordType")
        if record_type is not None and not (
            isinstance(record_type, Mapping) and isinstance(record_type.get("Name"), str)
        ):
            self.problems.append(f"{place}: RecordType must hold the Name of the record type")
            return False
        inside = [child for value in record.values() for child in children(value) or ()]
        return False not in [self._is_record(place, child) for child in inside]

    def _json(self, name: str, content: bytes) -> Any:
        try:
            return json.loads(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.problems.append(f"{name}: this is no UTF-8 text")
        except json.JSONDecodeError as error:
            wrong = f"{name}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}"
            self.problems.append(wrong if content else f"{name}: it is empty")
        except RecursionError:
            self.problems.append(f"{name}: it is nested too deeply")
        return _BROKEN
