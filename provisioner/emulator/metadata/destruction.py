"""Deletions: deletes from the org what destructiveChanges*.xml names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.emulator.metadata.component_rows import remove_visible_row
from provisioner.emulator.metadata.kinds.custom_fields import TWINS
from provisioner.emulator.metadata.kinds.registry import DeployContext
from provisioner.emulator.metadata.manifest import Manifest, Member
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.problems import Outcome
from provisioner.emulator.metadata.state import StoredComponent

_RECORDS = {
    "ApexClass": "ApexClass",
    "ApexTrigger": "ApexTrigger",
    "PermissionSet": "PermissionSet",
    "PermissionSetGroup": "PermissionSetGroup",
    "Profile": "Profile",
    "RecordType": "RecordType",
}
"""Types whose components are records with the component's id."""


def destroy(
    context: DeployContext, manifest: Manifest, path: str, options: DeployOptions
) -> Iterator[Outcome]:
    """Delete the members of a manifest; a missing one is only a warning.

    A warning fails a deploy unless the deploy ignores warnings. Users report this for missing
    components by users of the Salesforce CLI (its issues 1534 and 2559), which is why clients
    send ignoreWarnings with deletions.
    """
    for member in manifest.members:
        stored = context.find(member.type, member.name)
        if stored is None:
            text = f"No {member.type} named: {member.name} found"
            warning = Outcome(member.type, member.name, path, problem=text)
            warning.problem_type = "Warning"
            warning.is_warning_fatal = not options.ignore_warnings
            yield warning
        else:
            yield _delete(context, member, stored, path, options)


def _delete(
    context: DeployContext,
    member: Member,
    stored: StoredComponent,
    path: str,
    options: DeployOptions,  # noqa: ARG001 - purgeOnDelete makes no difference to what is seen
) -> Outcome:
    remover = _REMOVERS.get(member.type)
    if remover is not None:
        remover(context, stored)
    elif member.type in _RECORDS:
        _remove_record(context, stored)
    remove_visible_row(context.org, stored)
    del context.org.components[stored.type, stored.full_name.lower()]
    return Outcome(member.type, member.name, path, id=stored.id, is_changed=True, is_deleted=True)


def _remove_record(context: DeployContext, stored: StoredComponent) -> None:
    type_name = _RECORDS[stored.type]
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
            context.store.remove_field(known.name, field.name)


_REMOVERS: dict[str, Callable[[DeployContext, StoredComponent], None]] = {
    "CustomObject": _remove_object,
    "CustomField": _remove_field,
}
