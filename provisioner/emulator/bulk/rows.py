"""CSV columns and rows → values of a record: relationship columns, `#N/A`, booleans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.emulator.bulk.csv_text import CsvError
from provisioner.emulator.describe.fields import soap_type
from provisioner.emulator.errors import RecordError
from provisioner.emulator.features.unknown_fields import unknown_field
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.store import Store
from provisioner.emulator.objects.values import convert
from provisioner.emulator.soql.names import parent_type

NULL = "#N/A"
_TRUE = frozenset({"yes", "y", "true", "on", "1"})
_FALSE = frozenset({"no", "n", "false", "off", "0"})

Column = Callable[[str, dict[str, Any]], None]


def columns(store: Store, object_type: ObjectType, header: Sequence[str]) -> list[Column]:
    """How each column of a header sets a value; CsvError for an unknown field."""
    return [_column(store, object_type, name.strip(), number) for number, name in enumerate(header)]


def values_of(
    row: Sequence[str], header: Sequence[str], setters: Sequence[Column]
) -> dict[str, Any]:
    """The values of a row; an empty cell is left out, `#N/A` is null."""
    if len(row) != len(header):
        text = f"The row has {len(row)} values, the header has {len(header)} columns"
        raise RecordError("CLIENT_INPUT_ERROR", text)
    values: dict[str, Any] = {}
    for cell, setter in zip(row, setters, strict=True):
        if cell != "":
            setter(cell, values)
    return values


@dataclass(frozen=True)
class _Plain:
    field: Field
    number: int  # of the column, from 0

    def __call__(self, cell: str, values: dict[str, Any]) -> None:
        values[self.field.name] = None if cell == NULL else _typed(self.field, cell, self.number)


@dataclass(frozen=True)
class _Related:
    """`Account.Ext__c`, or `Who:Contact.Ext__c` where there are several parent types."""

    reference: Field
    parent: str
    key: str

    def __call__(self, cell: str, values: dict[str, Any]) -> None:
        if cell == NULL:
            values[self.reference.name] = None
        else:
            parent = {"attributes": {"type": self.parent}, self.key: cell}
            values[self.reference.relationship_name] = parent


def _column(store: Store, object_type: ObjectType, name: str, number: int) -> Column:
    head, dot, key = name.partition(".")
    if not dot:
        field = object_type.find_field(name)
        if field is not None:
            return _Plain(field, number)
        raise _unknown(object_type, name)
    relationship, _, wanted = head.partition(":")
    reference = object_type.find_relationship(relationship)
    if reference is None:
        raise _unknown(object_type, f"{relationship}Id", name)
    parent = store.find_type(wanted) if wanted else parent_type(store, reference)
    found = parent.find_field(key) if parent is not None else None
    if parent is None or found is None or parent.name not in reference.reference_to:
        raise _unknown(object_type, name)
    return _Related(reference, parent.name, found.name)


def _unknown(object_type: ObjectType, field_name: str, column: str = "") -> CsvError:
    """The refusal of a column; a published field that only some orgs have is named as such."""
    found = unknown_field(object_type.name, field_name)
    if found is not None:
        return CsvError(f"not emulated: field {object_type.name}.{found}")
    return CsvError(f"InvalidBatch : Field name not found : {column or field_name}")


def _typed(field: Field, cell: str, number: int) -> Any:
    """A cell converted for the field. Raises RecordError in the recorded words.

    Source: failed results that amp-labs/connectors recorded.
    """
    if field.type == "boolean":
        word = cell.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
    else:
        try:
            return convert(field, cell)
        except RecordError as error:
            if error.code != "JSON_PARSER_ERROR":
                raise
    raise RecordError(
        "INVALID_FIELD",
        f"Failed to deserialize field at col {number}. Due to, '{cell}' is not a valid value for "
        f"the type {soap_type(field)}",
        [field.name],
    )
