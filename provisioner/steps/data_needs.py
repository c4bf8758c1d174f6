"""The custom objects and fields that files of data use, with the file and line of the first use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.input_file import DATA, read_input
from provisioner.json_locations import JsonPath, locations
from provisioner.steps.components import FIELD, OBJECT, Need, is_custom
from provisioner.steps.data_plan import PlannedRecord

Where = Callable[[], str]
Used = dict[tuple[str, str], Where]
"""(object, field) → where it is first used; the field "" stands for the object itself."""

_RELATIONSHIP = re.compile(r"__r[.:].*", re.IGNORECASE | re.DOTALL)


def needs_of(used: Used, option: str) -> Iterator[Need]:
    """The needs of an option of a step. A column `Parent__r.Key__c` needs the field `Parent__c`."""
    for (name, field), where in used.items():
        column = _RELATIONSHIP.sub("__c", field)
        if not field and is_custom(name):
            yield Need(OBJECT, name, option, where)
        elif is_custom(column):
            yield Need(FIELD, f"{name}.{column}", option, where)


def used_by_records(records: Iterable[PlannedRecord], folder: Path, shown: Path) -> Used:
    """Of the records of a plan: `folder` contains their files, `shown` is its name in messages."""
    used: Used = {}
    for record in records:
        for path, node in record.located:
            name = str(node["attributes"]["type"])
            for field in ("", *node):
                if (name, field) not in used:
                    at = (*path, field) if field else (*path, "attributes", "type")
                    where = partial(_in_json, folder / record.file, shown / record.file, at)
                    used[name, field] = where
    return used


def used_by_tables(found: Mapping[str, Any], recipe: Path, shown: Path) -> Used:
    """Of the records that a Snowfakery recipe has generated."""
    tables = {each["table"]: each for each in found["tables"]}
    used: Used = {}
    for row in found["rows"]:
        table = tables[row["_table"]]
        for field in ("", *row):
            if field not in ("_table", "id"):
                where = partial(in_text, recipe, shown, field or table["object"])
                used.setdefault((table["object"], field), where)
    return used


def in_text(path: Path, shown: Path, name: str) -> str:
    """`file:line:column` of the first use of a name in a file; the file alone if there is none."""
    try:
        text = read_input(path, DATA).decode("utf-8-sig", "replace")
    except OSError:
        return str(shown)
    match = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    if match is None:
        return str(shown)
    start = text.rfind("\n", 0, match.start()) + 1
    line = text.count("\n", 0, start) + 1
    return f"{shown}:{line}:{match.start() - start + 1}"


def _in_json(path: Path, shown: Path, at: JsonPath) -> str:
    try:
        text = read_input(path, DATA).decode("utf-8-sig", "replace")
    except OSError:
        return str(shown)
    line, column = locations(text, {at}).get(at, (1, 1))
    return f"{shown}:{line}:{column}"
