"""Record types and business processes."""

from __future__ import annotations

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.references import has_object
from provisioner.emulator.metadata.kinds.registry import (
    DeployContext,
    kind,
    missing,
    put_row,
)
from provisioner.emulator.objects.schema import Field

_WITH_PROCESS = frozenset({"Case", "Lead", "Opportunity", "Solution"})


@kind("BusinessProcess")
def apply_business_process(context: DeployContext, component: Component) -> None:
    """A process of Case, Lead, Opportunity or Solution needs at least one value."""
    element = component.element
    assert element is not None
    if next(element.every("values"), None) is None:
        component.problem("Required field is missing: values")
    if not component.problems:
        context.keep(component)


@kind("RecordType")
def apply_record_type(context: DeployContext, component: Component) -> None:
    """A record type becomes a RecordType record and gives its object a RecordTypeId."""
    element = component.element
    assert element is not None
    object_name = component.full_name.partition(".")[0]
    if not element.value("label"):
        component.problem("Must specify a non-empty label for the RecordType")
    known = context.store.find_type(object_name)
    has_object(context, component, object_name)
    _check_process(context, component, object_name)
    _check_picklists(context, component, object_name)
    if component.problems:
        return
    row_id = put_row(context, "RecordType", "Id", _row(context, component, object_name))
    if known is not None and "RecordTypeId" not in known.fields:
        field = Field(
            "RecordTypeId",
            "reference",
            label="Record Type ID",
            reference_to=("RecordType",),
            relationship_name="RecordType",
        )
        context.store.add_field(known.name, field)
    context.keep(component, own_id=row_id)


def _row(context: DeployContext, component: Component, object_name: str) -> dict[str, object]:
    element = component.element
    assert element is not None
    known = context.find("RecordType", component.full_name)
    row: dict[str, object] = {
        "Id": known.id if known else None,
        "Name": element.value("label"),
        "DeveloperName": component.name,
        "SobjectType": object_name,
        "Description": element.value("description") or None,
        "IsActive": element.flag("active", default=True),
        "NamespacePrefix": context.namespace,
    }
    if known is None:
        row["Id"] = context.org.world.ids.new("012")
    return row


def _check_process(context: DeployContext, component: Component, object_name: str) -> None:
    element = component.element
    assert element is not None
    process = element.find("businessProcess")
    if process is not None and process.text:
        name = f"{object_name}.{process.text}"
        if context.find("BusinessProcess", name) is None:
            missing(component, "businessProcess", "BusinessProcess", name, process)
    elif object_name in _WITH_PROCESS:
        component.problem("Required field is missing: businessProcess")


def _check_picklists(context: DeployContext, component: Component, object_name: str) -> None:
    """The custom picklist fields of a record type must exist."""
    element, known = component.element, context.store.find_type(object_name)
    assert element is not None
    for values in element.every("picklistValues"):
        name = values.find("picklist")
        if name is None or known is None or not name.text.endswith("__c"):
            continue
        if known.find_field(name.text) is None:
            full_name = f"{object_name}.{name.text}"
            missing(component, "picklist", "CustomField", full_name, name)
