"""The parts of an app among the components of an org."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.emulator.metadata.external_apps.elements import APP
from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def apps_of(org: EmulatedOrg) -> list[StoredComponent]:
    """The External Client Apps of an org."""
    return list(_of_type(org, APP))


def part_of(org: EmulatedOrg, part_type: str, app: str) -> StoredComponent | None:
    """The part of this type that an app has."""
    return next(parts_of(org, part_type, app), None)


def parts_of(org: EmulatedOrg, part_type: str, app: str) -> Iterator[StoredComponent]:
    """The parts of this type that name an app."""
    for one in _of_type(org, part_type):
        parent = one.element.value("externalClientApplication") if one.element else ""
        if parent.lower() == app.lower():
            yield one


def _of_type(org: EmulatedOrg, component_type: str) -> Iterator[StoredComponent]:
    for one in list(org.components.values()):
        if isinstance(one, StoredComponent) and one.type == component_type:
            yield one
