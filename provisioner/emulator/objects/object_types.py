"""The object types of one org: found by name or id, changed by deploys and packages."""

from __future__ import annotations

from dataclasses import replace

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.catalogue import StandardTypes
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.transactions import Transactions
from provisioner.emulator.objects.type_table import TypeTable


class ObjectTypes(Transactions):
    """Types by API name, of the data API and of tooling; `types` may be read by anybody."""

    def __init__(self, types: StandardTypes) -> None:
        super().__init__()
        self.types = TypeTable(types)
        self._names: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}

    def find_type(self, name: str) -> ObjectType | None:
        """A type by API name in any case, of either API; None when there is none."""
        if name in self.types:
            return self.types[name]
        if not self._names:
            self._names = {key.lower(): key for key in self.types}
        known = self._names.get(name.lower())
        return self.types.get(known) if known else self._unknown_type(name)

    def _unknown_type(self, name: str) -> ObjectType | None:  # noqa: ARG002 - see Store
        """A type for a name that nobody has defined; None where there is none."""
        return None

    def object_type(self, name: str, *, tooling: bool = False) -> ObjectType:
        """A type that the data API (or the Tooling API) serves; ApiError INVALID_TYPE else.

        A standard object that is not emulated is a NotEmulatedError (501).
        """
        found = self.find_type(name)
        if found is not None:
            in_tooling = found.is_tooling or bool(found.properties.get("in_tooling"))
            if in_tooling if tooling else not found.is_tooling:
                return found if tooling else _of_data_api(found)
        if found is None and catalogue.is_known(name):
            raise NotEmulatedError(f"sObject {name}")
        raise ApiError(
            400,
            "INVALID_TYPE",
            f"sObject type '{name}' is not supported. If you are attempting to use a custom "
            "object, be sure to append the '__c' after the entity name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
        )

    def add_type(self, object_type: ObjectType) -> None:
        """Add a type or replace it; undone with the transaction."""
        previous = self.types.get(object_type.name)
        self.types[object_type.name] = object_type
        self._names, self._prefixes = {}, {}
        if previous is None:
            self._remember(lambda: self.remove_type(object_type.name))
        else:
            self._remember(lambda: self.add_type(previous))

    def remove_type(self, name: str) -> None:
        """Remove a type; undone with the transaction."""
        removed = self.types.pop(name)
        self._names, self._prefixes = {}, {}
        self._remember(lambda: self.add_type(removed))

    def add_field(self, type_name: str, field: Field) -> None:
        """Add a field to a type (or replace it); undone with the transaction."""
        fields = self.types.own(type_name).fields
        previous = fields.get(field.name)
        fields[field.name] = field
        self._fields_changed(type_name)
        if previous is None:
            self._remember(lambda: self.remove_field(type_name, field.name))
        else:
            self._remember(lambda: self.add_field(type_name, previous))

    def remove_field(self, type_name: str, name: str) -> None:
        """Remove a field, which hides its values; undone with the transaction."""
        removed = self.types.own(type_name).fields.pop(name)
        self._fields_changed(type_name)
        self._remember(lambda: self.add_field(type_name, removed))

    def type_of_id(self, record_id: str) -> ObjectType | None:
        """The type that an id's first three characters name."""
        if not self._prefixes:
            prefixes: dict[str, str] = {}
            for prefix, known in self.types.key_prefixes():
                prefixes.setdefault(prefix, known)
            self._prefixes = prefixes
        name = self._prefixes.get(record_id[:3])
        return self.types[name] if name else None

    def _fields_changed(self, type_name: str) -> None:
        """Called after a change of the fields of a type."""


def _of_data_api(found: ObjectType) -> ObjectType:
    """The type without the fields that only the Tooling API has."""
    hidden = found.properties.get("tooling_fields")
    if not hidden:
        return found
    fields = {name: one for name, one in found.fields.items() if name not in hidden}
    return replace(found, fields=fields)
