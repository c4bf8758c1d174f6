"""Indexes of records by the value of a field, created at first use and then updated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.ids import folded


def _key(value: Any) -> Any:
    """Text is compared without regard to case; an id with regard to it."""
    return folded(value) if isinstance(value, str) else value


class Indexes:
    """Value → record ids, per type and field."""

    def __init__(self) -> None:
        self._by_field: dict[str, dict[str, dict[Any, dict[str, None]]]] = {}

    def find(
        self, type_name: str, field_name: str, value: Any, rows: Mapping[str, Mapping[str, Any]]
    ) -> list[str]:
        """The ids of the records whose field has the value, in order of creation."""
        fields = self._by_field.setdefault(type_name, {})
        if field_name not in fields:
            index: dict[Any, dict[str, None]] = {}
            for record_id, row in rows.items():
                index.setdefault(_key(row.get(field_name)), {})[record_id] = None
            fields[field_name] = index
        return list(fields[field_name].get(_key(value), ()))

    def add(self, type_name: str, record: Mapping[str, Any]) -> None:
        """Add a stored record."""
        for name, index in self._by_field.get(type_name, {}).items():
            index.setdefault(_key(record.get(name)), {})[record["Id"]] = None

    def remove(self, type_name: str, record: Mapping[str, Any]) -> None:
        """Remove a record that is deleted or replaced."""
        for name, index in self._by_field.get(type_name, {}).items():
            index.get(_key(record.get(name)), {}).pop(record["Id"], None)

    def forget(self, type_name: str) -> None:
        """Drop the indexes of a type whose fields have changed; the next use creates them again."""
        self._by_field.pop(type_name, None)
