"""What an export.json of SFDMU says, without problems."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.steps.csv_file import CsvFile


@dataclass(frozen=True)
class SfdmuObject:
    """One object of the file, with the rows of its CSV file."""

    name: str
    operation: str  # Insert, Update, Upsert, Readonly
    fields: tuple[
        str, ...
    ]  # of the query, without Id and excluded ones; a lookup may have `$Object`
    keys: tuple[str, ...]  # the fields of the external id
    file: CsvFile | None  # None for Readonly
    skips_existing: bool = False
    not_updated: frozenset[str] = frozenset()
    keywords: tuple[str, ...] = ()  # of the query, in lower case: all, readonly_false, type_date
    selected: frozenset[str] = frozenset()  # those of `fields` that only a keyword stands for


@dataclass(frozen=True)
class SfdmuScript:
    """What a file says, without problems."""

    objects: tuple[SfdmuObject, ...]
    content: bytes
    keeps_order: bool
    inserts_nulls: bool
