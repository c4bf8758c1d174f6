"""Apex classes and triggers: checked, then stored and visible as records."""

from __future__ import annotations

import re

from provisioner.emulator.api_versions import NEWEST
from provisioner.emulator.metadata.apex.tokens import ApexProblem
from provisioner.emulator.metadata.apex.tree import Unit
from provisioner.emulator.metadata.apex.units import read_class, read_trigger
from provisioner.emulator.metadata.components import META, Component
from provisioner.emulator.metadata.kinds.references import object_exists
from provisioner.emulator.metadata.kinds.registry import (
    DeployContext,
    check_root,
    kind,
    put_row,
)
from provisioner.emulator.metadata.kinds.stored import check_pair
from provisioner.emulator.metadata.problems import Problem

_SOBJECT = re.compile(r"(?:Schema\.)?(\w+__(?:c|mdt|e|b|x))\Z", re.IGNORECASE)
_NO_TRIGGERS = frozenset(
    {"PermissionSetAssignment", "PermissionSet", "Profile", "Organization", "ApexClass"}
)


@kind("ApexClass")
def apply_class(context: DeployContext, component: Component) -> None:
    """Check a class. Salesforce's text for a name that differs from the file's is not known."""
    unit = _compile(context, component)
    if unit is None:
        return
    token = unit.name_token
    if token is not None and unit.name.lower() != component.full_name.lower():
        text = f"Invalid class name: expected {component.full_name}, found {unit.name}"
        component.problems.append(Problem(text, token.line, token.column))
        return
    row_id = _put(context, component, {"BodyCrc": None})
    context.keep(component, own_id=row_id)


@kind("ApexTrigger")
def apply_trigger(context: DeployContext, component: Component) -> None:
    """Check a trigger; its object must exist and allow triggers."""
    unit = _compile(context, component)
    if unit is None:
        return
    target, name = unit.trigger_object, unit.name_token
    assert target is not None
    assert name is not None
    if unit.name.lower() != component.full_name.lower():
        text = f"Invalid trigger name: expected {component.full_name}, found {unit.name}"
        component.problems.append(Problem(text, name.line, name.column))
    elif target.text in _NO_TRIGGERS:
        text = f"SObject type does not allow triggers: {target.text}"
        component.problems.append(Problem(text, name.line, name.column))
    else:
        row_id = _put(context, component, {"TableEnumOrId": target.text})
        context.keep(component, own_id=row_id)


def _compile(context: DeployContext, component: Component) -> Unit | None:
    """The unit, with problems noted on the component; None when there are any."""
    _check_description(component)
    if component.problems:
        return None
    read = read_class if component.type == "ApexClass" else read_trigger
    try:
        unit = read(component.body.decode("utf-8-sig", "replace"))
        check_types(context, unit)
    except ApexProblem as problem:
        component.problems.append(Problem(problem.text, problem.line, problem.column))
        return None
    return unit


def _check_description(component: Component) -> None:
    if not check_pair(component) or not check_root(component, component.type):
        return
    assert component.element is not None
    version = component.element.find("apiVersion")
    if version is None:
        component.problem("Required field is missing: apiVersion")
    elif not re.fullmatch(r"\d+\.0", version.text) or int(version.text[:-2]) > NEWEST:
        text = f"Invalid api version:{version.text}"
        problem = Problem(text, version.line, version.column, full_name=component.path + META)
        component.problems.append(problem)
    status = component.element.find("status")
    if status is not None and status.text not in ("Active", "Inactive", "Deleted"):
        text = f"'{status.text}' is not a valid value for the enum 'ApexCodeUnitStatus'"
        component.problem(text, status)


def check_types(context: DeployContext, unit: Unit) -> None:
    """Custom sObject types in the code must exist. Raises ApexProblem for the first missing one.

    Other types are not checked: the emulator does not know all of Apex's library.
    """
    for named in unit.types:
        match = _SOBJECT.match(named.name)
        if match is not None and not object_exists(context, match[1]):
            raise ApexProblem(f"Invalid type: {match[1]}", named.line, named.column)


def _put(context: DeployContext, component: Component, more: dict[str, object]) -> str:
    element = component.element
    assert element is not None
    body = component.body.decode("utf-8-sig", "replace")
    values = {
        "Name": component.full_name,
        "NamespacePrefix": context.namespace,
        "ApiVersion": float(element.value("apiVersion")),
        "Status": element.value("status", "Active"),
        "IsValid": True,
        "Body": body,
        "LengthWithoutComments": len(body),
        **more,
    }
    return put_row(context, component.type, "Name", values)
