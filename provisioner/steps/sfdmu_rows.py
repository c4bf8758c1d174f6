"""The rows of one job of an SFDMU script: matched with the org, lookups resolved."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from provisioner.salesforce.fields import Row, record_id
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.soql import equals, select
from provisioner.steps.base import StepFailed
from provisioner.steps.sfdmu_columns import NULL, Columns, Key, joined
from provisioner.steps.sfdmu_plan import Fields, Link, Stage, links_of
from provisioner.steps.sfdmu_script import SfdmuObject, SfdmuScript

SHOWN = 5  # missing parents in an error


class StageRows:
    """The rows of one job."""

    def __init__(
        self, stage: Stage, script: SfdmuScript, fields: Fields, known: KnownRecords
    ) -> None:
        self._stage = stage
        self._script = script
        self._records = known
        self._fields = fields
        self._columns = Columns(stage.target)
        self._missing: dict[str, int] = {}
        self._read: dict[str, Mapping[Key, str]] = {}  # field of a lookup → its parents
        self._linked: set[Key] = set()  # records whose lookups are filled in

    @cached_property
    def _plain(self) -> list[tuple[str, int]]:
        """Name and column of the fields that are sent as they are."""
        if self._stage.action == "link":
            return []
        linked = {link.field.name for link in self._links} | {
            link.field.name for link in self._all_links
        }
        found = []
        for name, column in self._columns.plain():
            field = self._fields[name.partition("$")[0].lower()]
            if field.name not in linked and self._is_sent(field.name):
                found.append((field.name, column))
        return found

    @cached_property
    def _all_links(self) -> list[Link]:
        return links_of(self._stage.target, self._fields, self._script)

    @cached_property
    def _links(self) -> list[Link]:
        return [link for link in self._stage.links if self._is_sent(link.field.name)]

    def _is_sent(self, name: str) -> bool:
        """Fields that the user cannot write are left out, as SFDMU does."""
        field = self._fields[name.lower()]
        if self._stage.action == "insert":
            return field.is_createable
        frozen = {each.lower() for each in self._stage.target.not_updated}
        return field.is_updateable and (self._stage.action == "link" or name.lower() not in frozen)

    def header(self) -> list[str]:
        """The columns of the job."""
        ids = [] if self._stage.action == "insert" else ["Id"]
        return [
            *ids,
            *(name for name, _ in self._plain),
            *(link.field.name for link in self._links),
        ]

    def rows(self) -> Iterator[list[str]]:
        """The rows that the org needs."""
        reader, known = self._columns.key_reader(), self._known()
        null = NULL if self._script.inserts_nulls and self._stage.action == "update" else ""
        if len(self.header()) <= (self._stage.action != "insert"):
            return  # only the id: there is nothing to update
        for row in self._source_rows():
            key = reader(row) if reader is not None else ""
            found = known.get(key, "")
            if self._stage.action == "insert" and found:
                continue
            if self._stage.action == "update" and not found:
                continue
            values = [row[column] or null for _, column in self._plain]
            linked = [self._resolved(link, row, null) for link in self._links]
            if self._stage.action == "link" and not self._is_linked(key, found, any(linked)):
                continue
            yield [*([found] if self._stage.action != "insert" else []), *values, *linked]

    def _is_linked(self, key: Key, found: str, has_lookup: bool) -> bool:
        """Whether a record gets its lookups now: it has some, and it is in the org.

        Raises StepFailed when it is uncertain which record it is.
        """
        if not has_lookup:
            return False
        what = ""
        if self._stage.target.keys == ("Id",):
            what = "records cannot be found by Id"
        elif not key:
            what = "a row has no value of the external id"
        elif key in self._linked:
            what = f"two rows have the external id {key[:60]!r}"
        if what:
            raise StepFailed(
                f"{self._stage.target.name}.csv: {what}, so lookups to records that are loaded "
                "later cannot be filled in",
                hint="write an externalId whose values are unique in the file",
            )
        self._linked.add(key)
        return bool(found)

    def refuse_missing(self) -> None:
        """Raise StepFailed when lookups refer to records that are not there."""
        if not self._missing:
            return
        lines = [f"{what} ({count} rows)" for what, count in self._missing.items()]
        more = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        raise StepFailed(
            f"{self._stage.target.name}.csv: lookups refer to records that the org does not have: "
            f"{lines[0]}",
            details=[*lines[1:SHOWN], *more],
        )

    def _resolved(self, link: Link, row: Sequence[str], null: str) -> str:
        cell = row[link.column]
        key = joined(cell.split(";"))
        if link.parent == "RecordType" and len(link.keys) == 1:
            key = key.partition(";")[0]  # older versions write `Partner;Account`
        if not key:
            return null
        if link.field.name not in self._read:
            self._read[link.field.name] = self._parents(link)
        found = self._read[link.field.name].get(key, "")
        if not found:
            assert self._stage.target.file is not None
            what = f"{self._stage.target.file.columns[link.column]} {cell[:60]!r}"
            self._missing[what] = self._missing.get(what, 0) + 1
        return found

    def _known(self) -> Mapping[Key, str]:
        """The records of the object that are in the org, by external id."""
        target = self._stage.target
        if target.operation == "Insert" and self._stage.action == "insert":
            return {}
        if target.keys == ("Id",):  # ids of another org
            return {}
        return self._records.by_key(target.name, target.keys)

    def _parents(self, link: Link) -> Mapping[Key, str]:
        """The records that a lookup may refer to, by what its column has."""
        condition = ""
        if link.parent == "RecordType":
            condition = equals("SobjectType", self._stage.target.name)
        if link.keys:
            return self._records.by_key(link.parent, link.keys, condition)
        parent = next(each for each in self._script.objects if each.name == link.parent)
        columns = Columns(parent)
        reader, ids = columns.key_reader(), columns.ids()
        if reader is None or ids is None:
            return {}
        found = self._records.by_key(parent.name, parent.keys)
        return {
            row[ids]: found[reader(row)]
            for row in source_rows(parent)
            if row[ids] and reader(row) in found
        }

    def _source_rows(self) -> Iterator[list[str]]:
        return source_rows(self._stage.target, self._stage)


def source_rows(target: SfdmuObject, stage: Stage | None = None) -> Iterator[list[str]]:
    """The rows of a CSV file, or of the slice of a stage. Raises StepFailed when it has changed."""
    assert target.file is not None
    for part in [stage.part] if stage else target.file.slices:
        lines = _lines(target.file.pieces(part))
        reader = csv.reader(lines, delimiter=target.file.delimiter, strict=True)
        try:
            next(reader)
            yield from (row for row in reader if row)
        except OSError as error:
            raise StepFailed(
                f"{target.name}.csv: {error.strerror}",
                hint="start the build again: it loads what the file contains now",
            ) from None


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """The lines of a text that comes in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (f"{line.decode()}\n" for line in lines)
    if rest:
        yield rest.decode()


class KnownRecords:
    """The records that the org has, each query sent once until the next job changes them."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        self._found: dict[str, dict[Key, str]] = {}

    def by_key(self, sobject: str, keys: Sequence[str], condition: str = "") -> Mapping[Key, str]:
        """The ids of the records of an object, by the values of some fields; the first of equals.

        Records without any of these values are left out.
        """
        conditions = [condition] if condition else []
        columns = dict.fromkeys(["Id", *keys])
        soql = f"{select(', '.join(columns), sobject, *conditions)} ORDER BY Id"
        if soql not in self._found:
            found: dict[Key, str] = {}
            for key, record in self._org.query_as(soql, lambda row: _keyed(row, keys)):
                if key:
                    found.setdefault(key, record)
            self._found[soql] = found
        return self._found[soql]

    def forget(self) -> None:
        """A job is about to change records."""
        self._found.clear()


def _keyed(row: Row, keys: Sequence[str]) -> tuple[Key, str]:
    return joined(_text(row, key) for key in keys), record_id(row, "Id")


def _text(row: Row, key: str) -> str:
    """A value as CSV files have it; `Account.Name` is in the record of the parent."""
    value: object = row
    for part in key.split("."):
        if not isinstance(value, Mapping):
            return ""
        value = next((v for name, v in value.items() if name.lower() == part.lower()), None)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
