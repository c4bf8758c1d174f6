"""Packages with unknown contents: all names in their namespaces are accepted.

A rehearsal would otherwise fail at the first permission set or object of such a package. What is
accepted is reported once (`GET /_emulator/notes`).

Source: docs/reference/packages.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.emulator import seeding
from provisioner.emulator.objects.custom_types import plain_type
from provisioner.emulator.objects.rules import TYPE_MAKERS
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.soql.hooks import QueryView, on_query

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_OBJECT = re.compile(r"([A-Za-z]\w{0,14}?)__(\w+?)__(c|mdt|e)")


def _object(org: EmulatedOrg, name: str) -> ObjectType | None:
    match = _OBJECT.fullmatch(name)
    if match is None or not _is_accepted(org, match[1]):
        return None
    _note(org, match[1])
    return plain_type(org.store.types, name, match[2].replace("_", " "), is_open=True)


TYPE_MAKERS.append(_object)


@on_query("PermissionSet")
def _permission_sets(org: EmulatedOrg, view: QueryView) -> None:
    for filters in view.branches:
        for namespace in filters.get("NamespacePrefix", ()):
            if namespace and _is_accepted(org, str(namespace)):
                for name in filters.get("Name", ()):
                    _add_permission_set(org, str(namespace), str(name))


def _add_permission_set(org: EmulatedOrg, namespace: str, name: str) -> None:
    known = org.store.find_by("PermissionSet", "Name", name)
    if not any(row["NamespacePrefix"] == namespace for row in known):
        _note(org, namespace)
        seeding.permission_set(org, name, namespace=namespace)


def _is_accepted(org: EmulatedOrg, namespace: str) -> bool:
    return org.has_unknown_package and namespace.lower() != (org.namespace or "").lower()


def _note(org: EmulatedOrg, namespace: str) -> None:
    org.world.note(
        f"The emulator does not know what the package with the namespace {namespace} contains; "
        f"names that begin with {namespace}__ are accepted. A packages file can say what it "
        "contains (rehearse --packages FILE)."
    )
