"""CustomObject: new object types, and settings of existing ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.references import METADATA_ONLY, not_emulated
from provisioner.emulator.metadata.kinds.registry import DeployContext, check_root, kind
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.catalogue import audit_fields
from provisioner.emulator.objects.custom_types import next_key_prefix
from provisioner.emulator.objects.schema import Field, ObjectType

SUFFIXES = ("__c", "__mdt", "__e", "__b", "__x", "__kav")
SHARING_MODELS = frozenset(
    {"Private", "Read", "ReadSelect", "ReadWrite", "ReadWriteTransfer", "FullAccess"}
    | {"ControlledByParent", "ControlledByCampaign", "ControlledByLeadOrContact"}
)


@kind("CustomObject")
def apply_custom_object(context: DeployContext, component: Component) -> None:
    """Create an object type, or change label and sharing of an existing one."""
    if not check_root(component, "CustomObject"):
        return
    assert component.element is not None
    known = context.store.find_type(component.full_name)
    if known is None and component.full_name.endswith(SUFFIXES):
        _check_new(component, component.element)
        if not component.problems:
            context.store.add_type(_new_type(context, component))
    elif known is not None:
        _change(context, known, component)
    elif component.full_name not in METADATA_ONLY:
        _refuse(component)
    if not component.problems:
        context.keep(component)


def _refuse(component: Component) -> None:
    """A deploy creates custom objects only; a standard object exists or not.

    The text for one that does not exist is in forcedotcom/cli#155.
    """
    if catalogue.is_known(component.full_name):
        component.problem(not_emulated(component.full_name))
    else:
        component.problem("Invalid fullName, must end in a custom suffix ( for ex. __c )")


def _check_new(component: Component, element: Element) -> None:
    what = "CustomObject"
    if not element.value("label"):
        component.problem(f"Must specify a non-empty label for the {what}")
    needs_plural = component.full_name.endswith(("__c", "__e", "__b"))
    if needs_plural and not element.value("pluralLabel") + element.value("customSettingsType"):
        component.problem(f"Must specify a non-empty pluralLabel for the {what}")
    name_field = element.find("nameField")
    if _needs_name_field(component.full_name, element) and (
        name_field is None or name_field.value("type") not in ("Text", "AutoNumber")
    ):
        component.problem("Must specify a nameField of type Text or AutoNumber", name_field)
    _check_sharing(component, element)


def _needs_name_field(full_name: str, element: Element) -> bool:
    return full_name.endswith("__c") and not element.value("customSettingsType")


def _check_sharing(component: Component, element: Element) -> None:
    model = element.find("sharingModel")
    if model is None:
        return
    if model.text not in SHARING_MODELS:
        text = f"'{model.text}' is not a valid value for the enum 'SharingModel'"
        component.problem(text, model)
        return
    is_detail = any(one.value("type") == "MasterDetail" for one in element.every("fields"))
    is_controlled = model.text == "ControlledByParent"
    if is_detail and not is_controlled:
        text = f"Cannot set sharingModel to {model.text} on a CustomObject with a MasterDetail"
        component.problem(f"{text} relationship field", model)
    elif is_controlled and not is_detail and component.full_name.endswith("__c"):
        text = "Cannot set sharingModel to ControlledByParent on a CustomObject without a"
        component.problem(f"{text} MasterDetail relationship field", model)


def _new_type(context: DeployContext, component: Component) -> ObjectType:
    element, name = component.element, component.full_name
    assert element is not None
    is_metadata = name.endswith("__mdt")
    is_controlled = element.value("sharingModel") == "ControlledByParent"
    fields = audit_fields() if not is_metadata and not is_controlled else audit_fields(owners="")
    own, properties = _name_fields(name, element)
    fields.update(own)
    return ObjectType(
        name=name,
        key_prefix=next_key_prefix(context.store.types, name),
        label=element.value("label"),
        label_plural=element.value("pluralLabel") or element.value("label"),
        fields=fields,
        is_custom=True,
        is_createable=not is_metadata,
        is_updateable=not is_metadata,
        is_deletable=not is_metadata,
        properties={**properties, **_properties(element)},
    )


def _properties(element: Element) -> dict[str, Any]:
    names = ("sharingModel", "customSettingsType", "deploymentStatus", "visibility")
    return {name: element.value(name) for name in names if element.value(name)}


def _name_fields(full_name: str, element: Element) -> tuple[dict[str, Field], dict[str, Any]]:
    """The name fields of an object type, and their properties."""
    if full_name.endswith("__mdt"):
        names = ("DeveloperName", "MasterLabel", "Label", "Language", "NamespacePrefix")
        fields = {name: _text(name, name != "NamespacePrefix") for name in names}
        fields["QualifiedApiName"] = _text("QualifiedApiName", required=False)
        fields["IsProtected"] = Field("IsProtected", "boolean", is_createable=False)
        return fields, {}
    name_field = element.find("nameField")
    label = name_field.value("label") if name_field else "Name"
    if name_field is not None and name_field.value("type") == "AutoNumber":
        pattern = name_field.value("displayFormat") or "{0}"
        own = Field("Name", label=label, length=80, is_createable=False, is_updateable=False)
        return {"Name": own}, {"autonumber": {"Name": pattern}}
    fields = {"Name": Field("Name", label=label or "Name", length=80)}
    if element.value("customSettingsType") == "Hierarchy":
        fields["SetupOwnerId"] = Field(
            "SetupOwnerId",
            "reference",
            reference_to=("Organization", "Profile", "User"),
            relationship_name="SetupOwner",
        )
    return fields, {}


def _text(name: str, required: bool) -> Field:
    return Field(name, is_required=required, is_createable=False, is_updateable=False)


def _change(context: DeployContext, known: ObjectType, component: Component) -> None:
    element = component.element
    assert element is not None
    if known.is_custom and not element.value("label"):
        component.problem("Must specify a non-empty label for the CustomObject")
    _check_model_only(component, element)
    if component.problems:
        return
    changed = replace(
        known,
        label=element.value("label", known.label),
        label_plural=element.value("pluralLabel", known.label_plural),
        properties={**known.properties, **_properties(element)},
    )
    if changed != known:
        context.store.add_type(changed)


def _check_model_only(component: Component, element: Element) -> None:
    model = element.find("sharingModel")
    if model is not None and model.text not in SHARING_MODELS:
        text = f"'{model.text}' is not a valid value for the enum 'SharingModel'"
        component.problem(text, model)
