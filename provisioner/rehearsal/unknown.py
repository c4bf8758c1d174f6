"""What the emulator did not know when a rehearsal failed, although a real org may have it.

An emulated org has what the pool itself brings, and what the published references say. A real org
may have more: from a package, from another project, or set up by hand. The platform's own messages
name what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_COLUMN = re.compile(r"No such column '(\w+)' on (?:entity '|sobject of type )(\w+)")
_OBJECT = re.compile(
    r"sObject type '(\w+)' is not supported|Entity of type 'CustomObject' named '(\w+)'"
    r"|referenceTo value of '(\w+)' does not resolve|Invalid type: (?:Schema\.)?(\w+__\w+)"
    r"|not emulated: sObject (\w+)|not emulated: child relationship [\w.]+ to (\w+)"
)
_FIELD = re.compile(r"not emulated: field (\w+\.\w+)")
_OTHER = re.compile(r"not emulated: (?!sObject |child relationship |field )([^|\n]+)")
_COMPONENT = re.compile(r"In field: \w+ - no (\w+) named (.+?) found")
_PERMISSION_SETS = re.compile(r"permission sets not found in the org: ([^|\n]+)")
_KINDS = {
    "CustomField": "field", "CustomObject": "object", "PermissionSet": "permission-set",
    "Profile": "profile",
}  # fmt: skip
"""Metadata types whose assumption has a name of its own; of others it is the type."""

_SHOWN = 8


def assumptions(errors: Iterable[str]) -> list[str]:
    """The assumptions (`KIND:NAME`) with which these failures would not have occurred."""
    return list(dict.fromkeys(one for error in errors for one in _in(error)))


def _in(error: str) -> Iterator[str]:
    for field, object_name in _COLUMN.findall(error):
        yield f"field:{object_name}.{field}"
    yield from (f"field:{name}" for name in _FIELD.findall(error))
    for names in _OBJECT.findall(error):
        yield from (f"object:{name}" for name in names if name)
    for kind, name in _COMPONENT.findall(error):
        yield f"{_KINDS.get(kind, kind)}:{name}"
    for names in _PERMISSION_SETS.findall(error):
        yield from (f"permission-set:{name}" for name in names.strip().split(", "))


def advice(errors: Iterable[str]) -> list[str]:
    """Sentences that say so, and how to assume it; none where nothing is unknown."""
    errors = list(errors)
    other = dict.fromkeys(one.strip() for error in errors for one in _OTHER.findall(error))
    found = assumptions(errors)
    return [
        *([_advice(found)] if found else []),
        *(f"The emulator does not emulate {one}. A real org may accept it." for one in other),
    ]


def _advice(found: list[str]) -> str:
    found, more = found[:_SHOWN], len(found) - _SHOWN
    names = ", ".join(one.partition(":")[2] for one in found)
    names += f" and {more} more (--json lists them)" if more > 0 else ""
    options = " ".join(f"--assume '{one}'" if " " in one else f"--assume {one}" for one in found)
    return (
        f"The emulator does not know {names}, which a real org may have, for example from a "
        f"package. If yours does, run: provisioner rehearse {options}"
    )
