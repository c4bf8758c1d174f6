"""The table of component kinds, and the context in which a kind is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.archive import Archive
from provisioner.emulator.metadata.component_rows import put_visible_row
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import (
    METADATA_NAMESPACE,
    TOOLING_NAMESPACE,
    Element,
)

if TYPE_CHECKING:
    from provisioner.emulator.objects.store import Store
    from provisioner.emulator.org import EmulatedOrg


@dataclass
class DeployContext:
    """The org to which components are deployed, and the files of the package."""

    org: EmulatedOrg
    user_id: str
    archive: Archive
    root: str = ""
    namespace: str | None = None  # of a package that is being installed
    api_version: str = ""  # of package.xml
    ignores_warnings: bool = False

    @property
    def store(self) -> Store:
        """The org's types and records."""
        return self.org.store

    def find(self, component_type: str, full_name: str) -> StoredComponent | None:
        """A component of the org, including those applied earlier in this deploy."""
        return state.find(self.org, component_type, full_name)

    def keep(self, component: Component, *, own_id: str = "") -> StoredComponent:
        """Store a component; `own_id` is given if its id is that of a record."""
        known, now = self.find(component.type, component.full_name), state.now(self.org)
        stored = StoredComponent(
            type=component.type,
            full_name=component.full_name if known is None else known.full_name,
            file_name=component.path,
            id=own_id or (known.id if known else state.component_id(self.org, component.type)),
            created=known.created if known else now,
            created_by=known.created_by if known else self.user_id,
            modified=now,
            modified_by=self.user_id,
            element=component.element,
            body=component.body.decode("utf-8-sig", "replace"),
            namespace=self.namespace,
            files=self._files(component),
        )
        state.keep(self.org, stored)
        put_visible_row(self.org, stored)
        return stored

    def _files(self, component: Component) -> dict[str, bytes]:
        """The files of a component, for a retrieve; orgs with the same content share it."""
        paths = {path: self.root + path for path in component.paths}
        found = {path: self.archive.read(full) for path, full in paths.items()
                 if full in self.archive}  # fmt: skip
        return {path: self.org.world.shared(content) for path, content in found.items()}


Kind = Callable[[DeployContext, Component], None]
"""Applies a component: notes problems on it, or changes the org and stores the component."""

KINDS: dict[str, Kind] = {}

_ORDER = """
Settings GlobalValueSet StandardValueSet CustomLabels CustomLabel StaticResource
CustomObject CustomField BusinessProcess RecordType FieldSet Index ValidationRule
CompactLayout ListView WebLink SharingReason CustomPermission Queue Group Role
CustomMetadata ApexClass ApexTrigger ApexComponent ApexPage LightningMessageChannel
LightningComponentBundle AuraDefinitionBundle QuickAction
(others)
Flow CustomTab FlexiPage Layout CustomApplication
ExternalClientApplication ExtlClntAppOauthSettings ExtlClntAppGlobalOauthSettings
PermissionSet MutingPermissionSet PermissionSetGroup Profile
ExtlClntAppOauthConfigurablePolicies ExtlClntAppConfigurablePolicies
"""
_RANKS = {name: rank for rank, name in enumerate(_ORDER.split())}
"""The order of application: types come after those to which they refer."""


def kind(*component_types: str) -> Callable[[Kind], Kind]:
    """Register the function for these types; list its module in `kinds.loaded`."""

    def register(function: Kind) -> Kind:
        for name in component_types:
            KINDS[name] = function
        return function

    return register


def ordered(components: Iterable[Component]) -> list[Component]:
    """Components in the order of application; roll-up summaries after what they summarize."""
    found = sorted(components, key=_rank)
    summaries = {one.full_name.lower(): one for one in found if _summarized(one) is not None}
    if not summaries:
        return found
    fields = [one for one in found if one.type == "CustomField"]
    before = found[: found.index(fields[0])]
    after = found[len(before) + len(fields) :]
    added: dict[str, Component] = {}
    for one in summaries.values():
        _add_summary(one, summaries, added)
    plain = [one for one in fields if one.full_name.lower() not in summaries]
    return [*before, *plain, *added.values(), *after]


def _add_summary(
    one: Component, summaries: Mapping[str, Component], added: dict[str, Component]
) -> None:
    """Add a summary behind the one that it summarizes; a ring ends where it began."""
    line = [one]
    while (inner := summaries.get(_summarized(line[-1]) or "")) and inner not in line:
        line.append(inner)
    for each in reversed(line):
        added.setdefault(each.full_name.lower(), each)


def _summarized(component: Component) -> str | None:
    """What a roll-up summary summarizes, in lower case; None for other components."""
    element = component.element
    if component.type != "CustomField" or element is None or element.value("type") != "Summary":
        return None
    return element.value("summarizedField").lower()


def _rank(component: Component) -> tuple[int, str]:
    return _RANKS.get(component.type, _RANKS["(others)"]), component.full_name


def put_row(context: DeployContext, type_name: str, key: str, values: Mapping[str, Any]) -> str:
    """Add or update the record of a component; "" if the org has no such type.

    `key` is the field of `values` by which the record is found; values without a field in the
    type are left out.
    """
    known = context.store.find_type(type_name)
    if known is None:
        return ""
    row = {name: value for name, value in values.items() if name in known.fields}
    found = context.store.find_by(type_name, key, values[key])
    if found:
        context.store.set_fields(type_name, found[0]["Id"], row)
        return str(found[0]["Id"])
    return context.store.add(type_name, row, user_id=context.user_id)


def check_root(component: Component, name: str) -> bool:
    """Whether a component has a file with the root element `name`; notes a problem if not."""
    element = component.element
    if element is None:
        return False
    if element.name != name:
        component.problem(f"Error parsing file: Unexpected element {element.name}", element)
        return False
    namespace = element.attributes.get("xmlns", METADATA_NAMESPACE)
    if namespace not in (METADATA_NAMESPACE, TOOLING_NAMESPACE):
        text = f"Error parsing file: Unexpected namespace {namespace}, expected"
        component.problem(f"{text} {METADATA_NAMESPACE}", element)
        return False
    return True


def missing(component: Component, field_name: str, kind_name: str, name: str, at: Element) -> None:
    """Note a missing reference, in the platform's words."""
    component.problem(f"In field: {field_name} - no {kind_name} named {name} found", at)
