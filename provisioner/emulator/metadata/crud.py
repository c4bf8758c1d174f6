"""CRUD-based calls: createMetadata, updateMetadata, upsertMetadata, deleteMetadata.

Each component is saved alone, by the rules of a deploy. Source: "CRUD-Based Calls" in the Metadata
API Developer Guide. The status codes of other refusals than those of names are not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from provisioner.emulator.api_versions import NEWEST
from provisioner.emulator.errors import NotEmulatedError, SoapFault
from provisioner.emulator.metadata.apply import Result, apply_packages
from provisioner.emulator.metadata.archive import Archive, pack
from provisioner.emulator.metadata.comparison import Package
from provisioner.emulator.metadata.component_types import (
    CHILD_TYPES,
    NAMED_BY_THEMSELVES,
    find_type,
)
from provisioner.emulator.metadata.components import Component, Contents, children_of
from provisioner.emulator.metadata.manifest import Manifest, Member
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.source_members import note_members
from provisioner.emulator.metadata.standard_components import find_standard
from provisioner.emulator.metadata.state import find
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import Element

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_VERSION = f"{NEWEST}.0"  # of the packages that the calls make
Mode = Literal["create", "update", "upsert"]


def save(org: EmulatedOrg, given: Element, mode: Mode, user_id: str) -> dict[str, Any]:
    """Save one component; its SaveResult, or UpsertResult.

    Raises:
        SoapFault: the type is missing or unknown.
        NotEmulatedError: a type with content, which these calls do not take.
    """
    kind = _type_of(given)
    name = given.value("fullName")
    exists = bool(find(org, kind, name) or find_standard(org, kind, name))
    if mode == "create" and exists:
        return _failed(name, "DUPLICATE_DEVELOPER_NAME", _in_use(kind, name))
    if mode == "update" and not exists:
        return _failed(name, "INVALID_CROSS_REFERENCE_KEY", _not_found(kind, name))
    component = _component(kind, name, given)
    more = {"created": not exists} if mode == "upsert" else {}
    return {**more, **_applied(org, component, user_id)}


def delete(org: EmulatedOrg, kind: str, name: str, user_id: str) -> dict[str, Any]:
    """Delete one component; its DeleteResult."""
    manifest = Manifest(version=_VERSION)
    manifest.add(Member(kind, name, 0, 0))
    package = Package("", Manifest(version=_VERSION), Contents())
    package.destructive["destructiveChanges.xml"] = manifest
    result = _run(org, package, {}, user_id)
    refused = [one for one in result.failures if one.component_type]
    if not refused:
        return {"fullName": name, "success": True}
    if refused[0].problem_type == "Warning":
        return _failed(name, "INVALID_CROSS_REFERENCE_KEY", _not_found(kind, name))
    return _failed(name, "DEPENDENCY_EXISTS", refused[0].problem)


def _type_of(given: Element) -> str:
    kind = given.attributes.get("xsi:type", "").rpartition(":")[2]
    declared = find_type(kind)
    if declared is None and kind not in CHILD_TYPES:
        raise SoapFault("INVALID_TYPE", f"Unknown type:{kind}")
    if declared is not None and declared.kind != "file":
        raise NotEmulatedError(f"a CRUD-based call for the type {kind}")
    return kind


def _component(kind: str, full_name: str, given: Element) -> Component:
    """The component as the file of a deploy would give it."""
    parent_type = CHILD_TYPES.get(kind)
    elements = [one for one in given.children if one.name != "fullName"]
    if parent_type is None:
        path = _path(kind, full_name)
        element = Element(kind, given.line, given.column, children=elements)
        return Component(kind, full_name, path, [path], element)
    parent_name, _, name = full_name.rpartition(".")
    parent = Component(parent_type, parent_name, _path(parent_type, parent_name))
    name = full_name if kind in NAMED_BY_THEMSELVES else name
    own_name = Element("fullName", given.line, given.column, name)
    element = Element(kind, given.line, given.column, children=[own_name, *elements])
    return Component(kind, full_name, parent.path, element=element, parent=parent)


def _path(kind: str, full_name: str) -> str:
    declared = find_type(kind)
    assert declared is not None
    return f"{declared.folder}/{full_name}.{declared.suffix}"


def _applied(org: EmulatedOrg, component: Component, user_id: str) -> dict[str, Any]:
    package = Package("", Manifest(version=_VERSION), Contents())
    package.chosen = [component, *children_of(component)]
    files = {}
    if component.parent is None and component.element is not None:
        files[component.path] = document(component.type, component.element.children)
    result = _run(org, package, files, user_id)
    problems = [one.problem for one in result.failures]
    if not problems:
        return {"fullName": component.full_name, "success": True}
    return _failed(component.full_name, _code(problems[0]), *problems)


def _run(org: EmulatedOrg, package: Package, files: dict[str, bytes], user_id: str) -> Result:
    archive = Archive(pack(files))
    options = DeployOptions(rollback_on_error=True)
    with org.store.lock:
        result = apply_packages(org, archive, [package], options, user_id)
        if not result.is_rolled_back:
            note_members(org, result.components, user_id)
    return result


def _failed(name: str, code: str, *messages: str) -> dict[str, Any]:
    return {"errors": list(_errors(code, messages)), "fullName": name, "success": False}


def _errors(code: str, messages: Iterable[str]) -> Iterable[dict[str, str]]:
    return ({"message": one, "statusCode": code} for one in messages)


def _code(problem: str) -> str:
    if problem.startswith(("Required field is missing", "Must specify")):
        return "REQUIRED_FIELD_MISSING"
    is_missing = problem.endswith((" found", "cannot be found"))
    return "INVALID_CROSS_REFERENCE_KEY" if is_missing else "FIELD_INTEGRITY_EXCEPTION"


def _in_use(kind: str, name: str) -> str:
    parent, _, own_name = name.rpartition(".")
    if kind == "CustomField":
        return f"There is already a field named {own_name.removesuffix('__c')} on {parent}."
    if kind == "CustomObject":
        return "That object name is already in use."
    return f"The name {name} is already in use by another {kind}."


def _not_found(kind: str, name: str) -> str:
    return f"In field: fullName - no {kind} named {name} found"
