"""What the deletion of a record does to the records that refer to it.

Source: childRelationships of recorded describes (`described.py`); for the start of the refusal's
text SalesforceFoundation/EDA#458.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.described import described
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.schema import ObjectType

if TYPE_CHECKING:
    from provisioner.emulator.objects.rows import Rows


def cascading(parent: ObjectType, child: ObjectType) -> Collection[str]:
    """The fields of a child type by which its records are deleted with a parent."""
    masters = tuple(child.properties.get("master_fields", ()))
    known = described(parent.name)
    if known is None:
        return masters
    own = (name.partition(".") for name, kinds in known.children.items() if "cascade" in kinds)
    return (*masters, *(field for name, _, field in own if name == child.name))


def refuse_needed(store: Rows, parent: ObjectType, record: Record) -> None:
    """Records that a child needs cannot be deleted. Raises RecordError: DELETE_FAILED."""
    known = described(parent.name)
    for child, kinds in known.children.items() if known else ():
        name, _, field = child.partition(".")
        is_needed = kinds == ("restricted",)  # with `cascade`, only some are, as active contracts
        found = store.find_by(name, field, record["Id"]) if is_needed else []
        if found:
            raise _refusal(parent, record, store.types[name], found)


def _refusal(
    parent: ObjectType, record: Record, child: ObjectType, found: list[Record]
) -> RecordError:
    listed = ", ".join(str(one.get(child.name_field or "Id")) for one in found)
    text = (
        f"Your attempt to delete {record.get(parent.name_field or 'Id')} could not be completed "
        f"because it is associated with the following {child.label_plural.lower()}.: {listed}\n"
    )
    return RecordError("DELETE_FAILED", text)
