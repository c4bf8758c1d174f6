"""Fields that the platform sets: names of people, automatic numbers."""

from __future__ import annotations

import re
from typing import Any

from provisioner.emulator.objects.schema import ObjectType


def automatic_number(pattern: str, number: int) -> str:
    """A number in a display format: `A-{0000}` → `A-0042`; without braces only the number."""
    match = re.search(r"\{(0+)\}", pattern)
    if match is None:
        return str(number).zfill(len(pattern))
    return pattern[: match.start()] + str(number).zfill(len(match[1])) + pattern[match.end() :]


def fill(object_type: ObjectType, record: dict[str, Any]) -> None:
    """Set the fields that depend on others: names of people, compound addresses."""
    fields = object_type.fields
    if "LastName" in fields and "Name" in fields and not fields["Name"].is_createable:
        parts = [record.get("FirstName"), record.get("LastName")]
        record["Name"] = " ".join(part for part in parts if part) or None
    for name, field in fields.items():
        if field.type == "address":
            record[name] = _address(record, name.removesuffix("Address"))


def _address(record: dict[str, Any], prefix: str) -> dict[str, Any] | None:
    """The compound form of address fields; null when all of them are."""
    parts = {part[:1].lower() + part[1:]: record.get(prefix + part) for part in _ADDRESS}
    return parts if any(value is not None for value in parts.values()) else None


_ADDRESS = (
    "City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street",
)  # fmt: skip
