"""The object type of a custom object: its fields and its key prefix."""

from __future__ import annotations

from provisioner.emulator.objects.catalogue import audit_fields
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.type_table import TypeTable

_FIRST = {"mdt": "m", "e": "e", "x": "x"}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def next_key_prefix(types: TypeTable, name: str) -> str:
    """The first free one: `a00`, `a01`, …; `m00` for custom metadata, `e00` for platform events."""
    first = _FIRST.get(name.rpartition("__")[2], "a")
    taken = {prefix for prefix, _ in types.key_prefixes()}
    pairs = (first + left + right for left in _DIGITS for right in _DIGITS)
    return next(prefix for prefix in pairs if prefix not in taken)


def plain_type(types: TypeTable, name: str, label: str) -> ObjectType:
    """A custom object of which only the name is known: with a text name and the audit fields."""
    fields = {**audit_fields(), "Name": Field("Name", label="Name", length=80)}
    prefix, is_custom = next_key_prefix(types, name), "__" in name
    return ObjectType(name, prefix, label, f"{label}s", fields, is_custom=is_custom)
