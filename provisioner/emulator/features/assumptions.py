"""What a rehearsal assumes about its orgs: components that the emulator cannot know.

An assumption is text: `permission-set:NAME`, `object:NAME`, `field:OBJECT.NAME`, `feature:NAME`,
`profile:NAME`, or `TYPE:NAME` with a type of the Metadata API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.emulator import seeding
from provisioner.emulator.features import schema
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.component_types import type_names
from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.custom_types import plain_type
from provisioner.emulator.objects.schema import Field

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


@dataclass(frozen=True)
class Assumption:
    """One component that is added to every new scratch org."""

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Assumption:
        """The assumption that `text` means. Raises ValueError if it is not one."""
        kind, _, name = text.partition(":")
        is_known = kind in _KINDS or kind in type_names()
        if not is_known or not re.fullmatch(_NAMES.get(kind, r".+"), name):
            forms = ", ".join(f"{one}:NAME" for one in _KINDS)
            raise ValueError(
                f"{text!r} is not an assumption; write {forms} (field:OBJECT.NAME), or TYPE:NAME "
                "with a type of the Metadata API"
            )
        return cls(kind, name)

    def apply(self, org: EmulatedOrg) -> None:
        """Add it, unless the org has it."""
        if add := _KINDS.get(self.kind):
            add(org, self.name)
        if self.kind in type_names():
            state.keep_without_file(org, self.kind, self.name, user_id=org.admin_id)


def _permission_set(org: EmulatedOrg, name: str) -> None:
    if not org.store.find_by("PermissionSet", "Name", name):
        seeding.permission_set(org, name)
        state.keep_without_file(org, "PermissionSet", name, user_id=org.admin_id)


def _record_type(org: EmulatedOrg, name: str) -> None:
    object_name, _, developer_name = name.partition(".")
    row = {"SobjectType": object_name, "DeveloperName": developer_name, "Name": developer_name}
    org.store.add("RecordType", {**row, "IsActive": True})


def _profile(org: EmulatedOrg, name: str) -> None:
    if not org.store.find_by("Profile", "Name", name):
        license_id = org.store.find_by("UserLicense", "Name", "Salesforce")[0]["Id"]
        seeding.profile(org, name, license_id)


def _object(org: EmulatedOrg, name: str) -> None:
    if org.store.find_type(name) is None and not schema.add_object(org, name):
        org.store.add_type(plain_type(org.store.types, name, catalogue.label_of(name)))


def _field(org: EmulatedOrg, name: str) -> None:
    object_name, _, field_name = name.partition(".")
    _object(org, object_name)
    known = org.store.find_type(object_name)
    assert known is not None
    if known.find_field(field_name) is None:
        published = catalogue.elsewhere_fields(known.name).get(field_name)
        org.store.add_field(known.name, published or Field(field_name, label=field_name))


def _feature(org: EmulatedOrg, name: str) -> None:
    schema.enable_or_note(org, name)


_KINDS: Mapping[str, Callable[[EmulatedOrg, str], None]] = {
    "permission-set": _permission_set,
    "object": _object,
    "field": _field,
    "feature": _feature,
    "profile": _profile,
    "RecordType": _record_type,
}
_NAMES = {
    "object": r"\w+", "field": r"\w+\.\w+", "permission-set": r"\w+", "RecordType": r"\w+\.\w+",
}  # fmt: skip
