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
    found = _unknown(object_name).get(field_name.lower())
    if found is not None:
        raise NotEmulatedError(f"field {object_name}.{found}")


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
    return {
        name.lower(): name
        for name in catalogue.elsewhere_fields(object_name)
        if name not in _BY_METADATA and not any(fnmatchcase(name, one) for one in patterns)
    }
