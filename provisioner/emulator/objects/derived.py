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
        if name.endswith("__c") and field.type in ("address", "location"):
            record[name] = _custom(record, name, field.type)
        elif field.type == "address":
            record[name] = _address(record, name.removesuffix("Address"))


def _address(record: dict[str, Any], prefix: str) -> dict[str, Any] | None:
    """The compound form of address fields; null when all of them are."""
    parts = {part[:1].lower() + part[1:]: record.get(prefix + part) for part in _ADDRESS}
    return parts if any(value is not None for value in parts.values()) else None


def _custom(record: dict[str, Any], name: str, kind: str) -> dict[str, Any] | None:
    """The compound form of a custom address or location; null when all of its parts are."""
    base = name.removesuffix("__c")
    wanted = _CUSTOM_ADDRESS if kind == "address" else ("Latitude", "Longitude")
    parts = {part[:1].lower() + part[1:]: record.get(f"{base}__{part}__s") for part in wanted}
    if all(value is None for value in parts.values()):
        return None
    return parts if kind == "location" else {**parts, "country": None, "state": None}


_CUSTOM_ADDRESS = (
    "City", "CountryCode", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "StateCode",
    "Street",
)  # fmt: skip
_ADDRESS = (
    "City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street",
)  # fmt: skip
