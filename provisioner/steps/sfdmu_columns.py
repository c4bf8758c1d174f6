"""Which columns of an SFDMU CSV file hold fields, lookups, and the external id.

A lookup `AccountId` is in the column `Account.Name`, where Name is the external id of accounts, or
`Account.$$Key1__c$Key2__c` for one of several fields, with values `A;B`. Source:
docs/reference/data.md#sfdmu.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.steps.sfdmu_script import SfdmuObject

Key = str
"""The values of an external id, those that are not empty, with `;` between them; "" is no key."""

NULL = "#N/A"
_COMPLEX = "$$"


@dataclass(frozen=True)
class Lookup:
    """A lookup of the query: its field, the object if it is named, and where the key is."""

    field: str
    sobject: str  # "" if the query does not name it
    column: int
    keys: tuple[str, ...]  # fields of the parent; () when the column has ids of the source org


class Columns:
    """The columns of one object's file."""

    def __init__(self, found: SfdmuObject) -> None:
        assert found.file is not None
        self._object = found
        self._at: Mapping[str, int] = {
            name.lower(): index for index, name in enumerate(found.file.columns)
        }

    @staticmethod
    def plain_fields(columns: Sequence[str]) -> Iterator[str]:
        """The fields that `SELECT all` means: all columns that are fields, and all lookups."""
        for name in columns:
            relationship, dot, _ = name.partition(".")
            if dot:
                yield _lookup_field(relationship)
            elif name.lower() not in ("id", "errors", "old id") and "$" not in name:
                yield name

    def problems(self) -> Iterator[str]:
        """Fields of the query, and parts of the external id, that have no column."""
        for field in self._object.fields:
            if self._plain(field) is None and self.lookup(field) is None:
                yield f"the column {field.partition('$')[0]} of the query is missing"
        if self._object.operation in ("Update", "Upsert") and self.key_reader() is None:
            yield f"the column of the external id {';'.join(self._object.keys)} is missing"

    def plain(self) -> Iterator[tuple[str, int]]:
        """The fields that are no lookup by key, with their columns."""
        for field in self._object.fields:
            column = self._plain(field)
            if column is not None and self.lookup(field) is None:
                yield field, column

    def lookups(self) -> Iterator[Lookup]:
        """The lookups that a column finds by the external id of the parent."""
        found = map(self.lookup, self._object.fields)
        yield from (each for each in found if each is not None)

    def lookup(self, field: str) -> Lookup | None:
        """The column with the external id of a lookup's parent; None without."""
        name, _, sobject = field.partition("$")
        prefix = f"{_relationship(name)}.".lower()
        for column, index in self._at.items():
            if column.startswith(prefix):
                assert self._object.file is not None
                suffix = self._object.file.columns[index][len(prefix) :]
                return Lookup(name, sobject, index, _key_fields(suffix))
        return None

    def ids(self) -> int | None:
        """The column with the ids of the source org."""
        return self._at.get("id")

    def key_reader(self) -> Callable[[Sequence[str]], Key] | None:
        """Reads the external id of a row; None when a part of it has no column."""
        keys = self._object.keys
        name = f"{_COMPLEX}{'$'.join(keys)}".lower()
        whole = self._at.get(name, self._at.get(f"{self._object.name.lower()}.{name}"))
        if whole is not None:
            return lambda row: joined(row[whole].split(";"))
        columns = [self._at.get(key.lower()) for key in keys]
        found = [column for column in columns if column is not None]
        if len(found) != len(keys):
            return None
        return lambda row: joined(row[column] for column in found)

    def _plain(self, field: str) -> int | None:
        return self._at.get(field.partition("$")[0].lower())


def joined(values: Iterable[str]) -> Key:
    """The external id of a record with these values; SFDMU leaves out empty ones as well."""
    return ";".join(value for value in values if value not in ("", NULL))


def _relationship(field: str) -> str:
    """`Account` of AccountId, `Parent__r` of Parent__c."""
    if field.lower().endswith("__c"):
        return f"{field[:-3]}__r"
    return field[:-2] if field.endswith("Id") else field


def _lookup_field(relationship: str) -> str:
    """The field of a relationship."""
    return f"{relationship[:-3]}__c" if relationship.endswith("__r") else f"{relationship}Id"


def _key_fields(suffix: str) -> tuple[str, ...]:
    """The fields of the parent's external id: of `Name` or `$$Key1__c$Key2__c`."""
    if suffix.startswith(_COMPLEX):
        return tuple(part for part in suffix[len(_COMPLEX) :].split("$") if part)
    return (suffix,)
