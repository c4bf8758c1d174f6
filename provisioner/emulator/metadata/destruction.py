"""Deletions: deletes from the org what destructiveChanges*.xml names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.emulator.metadata.comparison import failure
from provisioner.emulator.metadata.component_rows import RECORDS, remove_visible_row
from provisioner.emulator.metadata.component_types import reported_type
from provisioner.emulator.metadata.composition import parts_of
from provisioner.emulator.metadata.external_apps.elements import APP, TYPES
from provisioner.emulator.metadata.external_apps.parts import parts_of as parts_of_app
from provisioner.emulator.metadata.field_types import compound_parts
from provisioner.emulator.metadata.kinds.custom_fields import TWINS
from provisioner.emulator.metadata.kinds.registry import DeployContext
from provisioner.emulator.metadata.manifest import Manifest, Member
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.problems import Outcome, Problem
from provisioner.emulator.metadata.standard_components import can_be_deleted, find_standard
from provisioner.emulator.metadata.state import StoredComponent


def destroy(
    context: DeployContext, manifest: Manifest, path: str, options: DeployOptions
) -> Iterator[Outcome]:
    """Delete the members of a manifest; a missing one is only a warning, named after the manifest.

    A warning fails a deploy unless the deploy ignores warnings. Users report this for missing
    components by users of the Salesforce CLI (its issues 1534 and 2559), which is why clients
    send ignoreWarnings with deletions.
    """
    leaving = {(member.type, member.name.lower()) for member in manifest.members}
    for member in sorted(manifest.members, key=lambda one: one.type == APP):  # parts before it
        stored = _find(context, member)
        page = _page_with(context, member, leaving) if stored else None
        if page is not None:
            text = f"Referenced by a component instance inside the Lightning page {page}"
            problem = Problem(f"{text} : Lightning Page.")
            yield failure(member.type, member.name, path, problem)
        elif stored is None:
            text = f"No {member.type} named: {member.name} found"
            file_name = path.rpartition("/")[2]
            warning = Outcome(member.type, file_name, path, problem=text)
            warning.problem_type = "Warning"
            warning.is_warning_fatal = not options.ignore_warnings
            yield warning
        else:
            yield _delete(context, member, stored, path, options)


def _find(context: DeployContext, member: Member) -> StoredComponent | None:
    """The component of a member: a deployed one, or one of those that each new org has."""
    stored = context.find(member.type, member.name)
    if stored is not None:
        return stored
    standard = find_standard(context.org, member.type, member.name)
    return standard if standard and can_be_deleted(standard) else None


def _page_with(context: DeployContext, member: Member, leaving: set[tuple[str, str]]) -> str | None:
    """The label of a Lightning page that uses a Lightning component and stays in the org.

    Source: the tests of plugin-deploy-retrieve, "a failed delete will NOT delete files locally".
    """
    if member.type not in ("LightningComponentBundle", "AuraDefinitionBundle"):
        return None
    names = {f"c:{member.name}".lower(), member.name.lower()}
    for (kind, name), page in context.org.components.items():
        if kind != "FlexiPage" or (kind, name) in leaving or page.element is None:
            continue
        if any(one.text.lower() in names for one in page.element.within("componentName")):
            return str(page.element.value("masterLabel") or page.full_name)
    return None


def _delete(
    context: DeployContext,
    member: Member,
    stored: StoredComponent,
    path: str,
    options: DeployOptions,  # noqa: ARG001 - purgeOnDelete makes no difference to what is seen
) -> Outcome:
    forget(context, stored)
    kind = reported_type(member.type, stored.file_name)
    return Outcome(kind, member.name, path, id=stored.id, is_changed=True, is_deleted=True)


def forget(context: DeployContext, stored: StoredComponent) -> None:
    """Remove a component with its records; the caller rolls back."""
    remover = _REMOVERS.get(stored.type)
    if remover is not None:
        remover(context, stored)
    elif stored.type in RECORDS:
        _remove_record(context, stored)
    remove_visible_row(context.org, stored)
    key = stored.type, stored.full_name.lower()
    if stored.is_standard:
        context.org.removed_components.add(key)
        context.store.on_undo(lambda: context.org.removed_components.discard(key))
    else:
        del context.org.components[key]
        context.store.on_undo(lambda: context.org.components.update({key: stored}))


def _remove_record(context: DeployContext, stored: StoredComponent) -> None:
    type_name = RECORDS[stored.type]
    if type_name == "PermissionSet":
        for row in context.store.find_by("PermissionSetAssignment", "PermissionSetId", stored.id):
            context.store.remove("PermissionSetAssignment", row["Id"])
    if context.store.peek(type_name, stored.id) is not None:
        context.store.remove(type_name, stored.id)


def _remove_object(context: DeployContext, stored: StoredComponent) -> None:
    known = context.store.find_type(stored.full_name)
    if known is None or not known.is_custom:
        return
    context.store.remove_type(known.name)
    prefix = f"{stored.full_name.lower()}."
    for kind, name in list(context.org.components):
        if name.startswith(prefix) and kind != "CustomLabel":
            del context.org.components[kind, name]


def _remove_field(context: DeployContext, stored: StoredComponent) -> None:
    object_name, _, name = stored.full_name.rpartition(".")
    for target in TWINS.get(object_name, (object_name,)):
        known = context.store.find_type(target)
        field = known.find_field(name) if known else None
        if known is not None and field is not None:
            for one in (field, *compound_parts(field)):
                context.store.remove_field(known.name, one.name)


def _remove_with_parts(context: DeployContext, stored: StoredComponent) -> None:
    for part in parts_of(context.org, stored):
        forget(context, part)


def _remove_app(context: DeployContext, stored: StoredComponent) -> None:
    """With an External Client App its parts are deleted, and the access to it (inferred)."""
    for kind in TYPES:
        for part in list(parts_of_app(context.org, kind, stored.full_name)):
            forget(context, part)
    for row in context.store.find_by("SetupEntityAccess", "SetupEntityId", stored.id):
        context.store.remove("SetupEntityAccess", row["Id"])


_REMOVERS: dict[str, Callable[[DeployContext, StoredComponent], None]] = {
    APP: _remove_app,
    "CustomObject": _remove_object,
    "CustomField": _remove_field,
    "CustomLabels": _remove_with_parts,
    "DigitalExperienceBundle": _remove_with_parts,
}
