"""SFDMU's export.json with its CSV files: read, with all problems at once.

Source: docs/reference/data.md#sfdmu.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.json_locations import JsonPath, locations
from provisioner.plain_text import quantity
from provisioner.steps.csv_file import ANY_COLUMN, CsvFile, CsvProblem, known_csv
from provisioner.steps.index_file import IndexFileError
from provisioner.steps.sfdmu_columns import Columns
from provisioner.steps.sfdmu_keys import (
    DEFAULT_KEYS,
    IGNORED_OF_OBJECT,
    IGNORED_OF_SCRIPT,
    NOT_LOADED,
    OBJECT,
    OPERATIONS,
    SCRIPT,
)
from provisioner.steps.sfdmu_rows import source_rows
from provisioner.steps.sfdmu_script import SfdmuObject, SfdmuScript
from provisioner.steps.sfdmu_selection import is_keyword

_QUERY = re.compile(r"\s*SELECT\s+(.+?)\s+FROM\s+([A-Za-z]\w*)\b(.*)", re.IGNORECASE | re.DOTALL)
_LIKE_KEYWORD = re.compile(r"[a-z]+_(?:true|false)", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z]\w*(?:\$[A-Za-z]\w*)?(?:\.[\w.$]+)?")


class SfdmuError(IndexFileError):
    """The problems of the file and its CSV files."""


def read_sfdmu(path: Path) -> tuple[SfdmuScript, list[str]]:
    """The script, and its warnings. Raises SfdmuError, and OSError for the file itself."""
    content = read_input(path, SETTINGS)
    try:
        text = content.decode("utf-8-sig")
        value = parse_json(text)
    except UnicodeDecodeError:
        raise SfdmuError([f"{path.name}:1:1: the file is not UTF-8 text"]) from None
    except JsonProblem as problem:
        where = f"{path.name}:{problem.line}:{problem.column}"
        raise SfdmuError([f"{where}: the file is not JSON: {problem.message}"]) from None
    reader = _Reader(path.parent)
    objects = tuple(reader.objects(value))
    if reader.problems:
        raise SfdmuError(_lines(path.name, text, reader.problems))
    script = SfdmuScript(
        objects,
        content,
        keeps_order=value.get("keepObjectOrderWhileExecute") is True,
        inserts_nulls=value.get("csvInsertNulls") is not False,
    )
    return script, _lines(path.name, text, reader.warnings)


Problem = tuple[JsonPath | None, str]  # None: the text begins with a file


def _lines(name: str, text: str, problems: list[Problem]) -> list[str]:
    found = locations(text, {path for path, _ in problems if path is not None})

    def line(path: JsonPath | None, message: str) -> str:
        if path is None:
            return message
        row, column = found.get(path, (1, 1))
        return f"{name}:{row}:{column}: {message}"

    return [line(*problem) for problem in problems]


class _Reader:
    """Reads the parts of the file, noting problems."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def objects(self, value: Any) -> Iterator[SfdmuObject]:
        entries = value.get("objects") if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping) or not (
            isinstance(entries, list) or "objectSets" in value
        ):
            self.problems.append(((), 'the file must have the form {"objects": [...]}'))
            return
        self._refuse(value, (), SCRIPT, IGNORED_OF_SCRIPT)
        seen: set[str] = set()
        for index, entry in enumerate(entries or ()):
            path: JsonPath = ("objects", index)
            if not isinstance(entry, Mapping):
                self.problems.append((path, 'an object must have the form {"query": ...}'))
                continue
            if entry.get("excluded") is True:
                continue
            self._refuse(entry, path, OBJECT, IGNORED_OF_OBJECT)
            found = self._object(entry, path)
            if found is not None and found.name in seen:
                self.problems.append((path, f"the object {found.name} is there twice"))
            elif found is not None:
                seen.add(found.name)
                yield found

    def _refuse(
        self,
        value: Mapping[str, Any],
        path: JsonPath,
        known: frozenset[str],
        ignored: frozenset[str],
    ) -> None:
        """Report each key that would change what is loaded and is not followed."""
        for key, setting in value.items():
            if key not in known and key not in ignored and setting not in (None, False, "", [], {}):
                self.problems.append(((*path, key), f"{key} is not supported; remove it"))

    def _object(self, entry: Mapping[str, Any], path: JsonPath) -> SfdmuObject | None:
        query = entry.get("query")
        match = _QUERY.fullmatch(query) if isinstance(query, str) else None
        if match is None:
            where = (*path, "query") if "query" in entry else path
            self.problems.append((where, "query must be SELECT … FROM an object"))
            return None
        name, operation = match[2], self._operation(entry, path)
        if operation != "Readonly" and name.lower() in {each.lower() for each in NOT_LOADED}:
            self.problems.append(((*path, "query"), f"the object {name} is not supported"))
        if match[3].strip():
            text = "WHERE, ORDER BY and LIMIT have no effect on a CSV file; all rows are loaded"
            self.warnings.append(((*path, "query"), text))
        if entry.get("master") is False:
            self.warnings.append(((*path, "master"), "master has no effect; all rows are loaded"))
        keys = str(entry.get("externalId") or DEFAULT_KEYS.get(name, "Name"))
        frozen = self._names(entry, path, "excludedFromUpdateFields")
        name, file = (name, None) if operation == "Readonly" else self._csv(name)
        fields, keywords, selected = self._fields(match[1], entry, path, file)
        found = SfdmuObject(
            name, operation, fields,
            tuple(part.strip() for part in keys.split(";") if part.strip()),
            file, entry.get("skipExistingRecords") is True, frozenset(frozen), keywords, selected,
        )  # fmt: skip
        if file is not None and found.keys == ("Id",) and operation != "Insert":
            text = "records cannot be found by Id, which differs from org to org"
            if operation == "Update":
                self.problems.append(((*path, "externalId"), text))
            else:
                self.warnings.append(((*path, "externalId"), f"{text}; all are inserted"))
        if file is not None:
            wrong = [f"{name}.csv:1: {problem}" for problem in Columns(found).problems()]
            self.problems += [(None, problem) for problem in [*wrong, *_person_accounts(found)]]
        return found

    def _operation(self, entry: Mapping[str, Any], path: JsonPath) -> str:
        given = entry.get("operation") or "Readonly"
        found = OPERATIONS.get(str(given).lower())
        if found is None:
            known = ", ".join(OPERATIONS.values())
            text = f"the operation {given} is not supported; write one of: {known}"
            self.problems.append(((*path, "operation"), text))
        return found or "Readonly"

    def _fields(
        self, text: str, entry: Mapping[str, Any], path: JsonPath, file: CsvFile | None
    ) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
        """The fields of the query, its keywords, and the fields that only a keyword stands for."""
        excluded = {name.lower() for name in self._names(entry, path, "excludedFields")}
        found = [name.strip() for name in text.split(",")]
        keywords = tuple(name.lower() for name in found if is_keyword(name))
        named = []
        for name in found:
            if is_keyword(name):
                continue
            if not _FIELD.fullmatch(name) or _LIKE_KEYWORD.fullmatch(name):
                text = f"{name[:60]!r} in the query is not supported"
                self.problems.append(((*path, "query"), text))
            elif "." not in name:
                named.append(name)
        columns = Columns.plain_fields(file.columns) if file is not None and keywords else ()
        known = {name.partition("$")[0].lower() for name in named}
        chosen = dict.fromkeys(name for name in columns if name.lower() not in known)
        fields = tuple(
            name for name in dict.fromkeys((*named, *chosen))
            if name.lower() != "id" and name.lower() not in excluded
        )  # fmt: skip
        return fields, keywords, frozenset(name.lower() for name in chosen)

    def _names(self, entry: Mapping[str, Any], path: JsonPath, key: str) -> list[str]:
        value = entry.get(key) or []
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return list(value)
        self.problems.append(((*path, key), f"{key} must be a list of fields"))
        return []

    def _csv(self, name: str) -> tuple[str, CsvFile | None]:
        """The object, as the name of its file writes it, and its file; None without any content.

        SFDMU writes an empty file where it has found no records.
        """
        path = self._directory / f"{name}.csv"
        try:
            if not path.exists():
                others = (
                    p for p in self._directory.iterdir() if p.name.lower() == path.name.lower()
                )
                path = next(others, path)
            if path.stat().st_size:
                return path.stem, known_csv(path, columns=ANY_COLUMN)
        except CsvProblem as error:
            self.problems += [(None, f"{path.name}:{problem}") for problem in error.problems]
        except OSError as error:
            self.problems.append((None, f"{path.name} cannot be read: {error.strerror}"))
        return path.stem, None


def _person_accounts(found: SfdmuObject) -> Iterator[str]:
    """SFDMU inserts these accounts with other fields, and leaves out their contacts."""
    columns = [name.lower() for name in found.file.columns] if found.file is not None else []
    if found.name not in ("Account", "Contact") or "ispersonaccount" not in columns:
        return
    column = columns.index("ispersonaccount")
    count = sum(row[column].strip().lower() in ("true", "1") for row in source_rows(found))
    if count:
        rows = f"{quantity(count, 'row')} of person accounts (IsPersonAccount)"
        yield f"{found.name}.csv: {rows}, which are not supported; load them by an entry with csv"
