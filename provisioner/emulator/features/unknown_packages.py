"""Packages with unknown contents: all names in their namespaces are accepted.

A rehearsal would otherwise fail at the first permission set or object of such a package. What is
accepted is reported once (`GET /_emulator/notes`).

Source: docs/reference/packages.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from provisioner.emulator import seeding
from provisioner.emulator.objects.custom_types import plain_type
from provisioner.emulator.objects.rules import TYPE_MAKERS
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.soql.hooks import QueryView, on_query

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_OBJECT = re.compile(r"([A-Za-z]\w{0,14}?)__(\w+?)__(c|mdt|e)")
_FIELD = re.compile(r"([A-Za-z]\w{0,14}?)__(\w+?)__(c|pc|s)")


def accept(org: EmulatedOrg) -> None:
    """From now on, accept the names of the org's packages, whose contents are unknown."""
    org.has_unknown_package = True
    org.store.types.accept_fields(partial(_is_field, org.world.note, org.namespace))


def is_accepted(org: EmulatedOrg, namespace: str) -> bool:
    """Whether a component of this namespace may exist undescribed; notes that it is accepted."""
    if org.has_unknown_package and namespace.lower() != (org.namespace or "").lower():
        _note(org.world.note, namespace)
        return True
    return False


def _is_field(note: Callable[[str], None], own_namespace: str | None, name: str) -> bool:
    match = _FIELD.fullmatch(name)
    if match is None or match[1].lower() == (own_namespace or "").lower():
        return False
    _note(note, match[1])
    return True


def _object(org: EmulatedOrg, name: str) -> ObjectType | None:
    match = _OBJECT.fullmatch(name)
    if match is None or not is_accepted(org, match[1]):
        return None
    return plain_type(org.store.types, name, match[2].replace("_", " "))


TYPE_MAKERS.append(_object)


@on_query("PermissionSet")
def _permission_sets(org: EmulatedOrg, view: QueryView) -> None:
    for filters in view.branches:
        for namespace in filters.get("NamespacePrefix", ()):
            for name in filters.get("Name", ()) if namespace else ():
                _add_permission_set(org, str(namespace), str(name))


def _add_permission_set(org: EmulatedOrg, namespace: str, name: str) -> None:
    known = org.store.find_by("PermissionSet", "Name", name)
    is_known = any(row["NamespacePrefix"] == namespace for row in known)
    if not is_known and is_accepted(org, namespace):
        seeding.permission_set(org, name, namespace=namespace)


def _note(note: Callable[[str], None], namespace: str) -> None:
    note(
        f"The emulator does not know what the package with the namespace {namespace} contains; "
        f"names that begin with {namespace}__ are accepted. A packages file can say what it "
        "contains (rehearse --packages FILE)."
    )
