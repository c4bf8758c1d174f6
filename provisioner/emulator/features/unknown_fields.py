"""Standard fields that exist in some orgs, and of which the emulator does not know in which."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.features.table import known_features
from provisioner.emulator.objects import catalogue

_BY_METADATA = frozenset({"RecordTypeId"})  # an object has it with its first record type


def refuse_unknown_field(object_name: str, field_name: str) -> None:
    """Raise NotEmulatedError for a published field that no known feature or setting adds.

    Whether an org has such a field is not known, so INVALID_FIELD would be a guess.
    """
    found = unknown_field(object_name, field_name)
    if found is not None:
        raise NotEmulatedError(f"field {object_name}.{found}")


def refuse_unknown_relationship(object_name: str, name: str) -> None:
    """The same for a relationship to a parent: `Entitlement` belongs to `EntitlementId`."""
    refuse_unknown_field(object_name, f"{name}Id")


def refuse_unknown_children(object_name: str, name: str) -> None:
    """Raise NotEmulatedError for a published relationship to children that the org lacks."""
    child = catalogue.elsewhere_children().get((object_name.lower(), name.lower()))
    if child is not None:
        raise NotEmulatedError(f"child relationship {object_name}.{name} to {child}")


def unknown_field(object_name: str, field_name: str) -> str | None:
    """The right spelling of such a field; None for one that is nowhere published."""
    return _unknown(object_name).get(field_name.lower())


@cache
def _unknown(object_name: str) -> dict[str, str]:
    """The names of such fields of an object, by name in lower case."""
    patterns = [
        pattern
        for feature in known_features().values()
        for where, names in feature.fields
        if where in ("*", object_name)
        for pattern in names
    ]
    types = catalogue.org_types()
    known = {*_BY_METADATA, *(types[object_name].fields if object_name in types else ())}
    return {
        name.lower(): name
        for name in (
            *catalogue.other_fields().get(object_name, ()),
            *catalogue.elsewhere_fields(object_name),
        )
        if name not in known and not any(fnmatchcase(name, one) for one in patterns)
    }
