"""What a rehearsal assumes about its orgs: components that the emulator cannot know.

An assumption is text: `permission-set:NAME`, `object:NAME`, `field:OBJECT.NAME`, `feature:NAME`,
`profile:NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.emulator import seeding
from provisioner.emulator.features import schema
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
        if kind not in _KINDS or not re.fullmatch(_NAMES.get(kind, r".+"), name):
            forms = ", ".join(f"{one}:NAME" for one in _KINDS)
            raise ValueError(f"{text!r} is not an assumption; write {forms} (field:OBJECT.NAME)")
        return cls(kind, name)

    def apply(self, org: EmulatedOrg) -> None:
        """Add it, unless the org has it."""
        _KINDS[self.kind](org, self.name)


def _permission_set(org: EmulatedOrg, name: str) -> None:
    if not org.store.find_by("PermissionSet", "Name", name):
        seeding.permission_set(org, name)


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
}
_NAMES = {"object": r"\w+", "field": r"\w+\.\w+", "permission-set": r"\w+"}
