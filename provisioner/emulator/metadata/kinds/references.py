"""Whether what a component refers to exists: objects, fields and components of the org."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.emulator.features import unknown_packages
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, missing
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.schema import Field

_CUSTOM = re.compile(r"(?:(?P<namespace>\w+?)__)?\w+?__(?:c|mdt|e|b|x|kav|pc|s)\Z")
_NAMESPACED = re.compile(r"(?P<namespace>[a-zA-Z]\w*?)__\w+")
_STANDARD = ("standard-", "standard__", "standard_")

_ALIASES = {"Activity": "Task", "CaseClose": "Case", "PersonAccount": "Account"}
"""Other names of objects in layouts and grants."""

METADATA_ONLY = frozenset({"Activity", "PersonAccount"})
"""Objects that the Metadata API has and the data APIs do not."""


def object_exists(context: DeployContext, name: str) -> bool:
    """Whether an object exists. Published objects that are not emulated are accepted."""
    if context.store.find_type(name) is not None or name in _ALIASES:
        return True
    match = _CUSTOM.match(name)
    if match is None:
        return "-" in name or catalogue.is_known(name)
    return _is_installed(context, match["namespace"])


def has_object(context: DeployContext, component: Component, name: str) -> bool:
    """Whether the object of a component exists; notes a problem if not.

    An object that Salesforce publishes and that the emulator does not emulate is named as such.
    """
    if context.store.find_type(name) is not None or name in _ALIASES:
        return True
    if catalogue.is_known(name) and "__" not in name:
        component.problem(not_emulated(name))
    else:
        component.problem(f"Entity of type 'CustomObject' named '{name}' cannot be found")
    return False


def not_emulated(object_name: str) -> str:
    """The problem of a standard object of which only the emulator does not know whether it exists.

    It is not one of Salesforce's texts.
    """
    return (
        f"The emulator does not emulate the standard object {object_name}; a real org may have it "
        f"(rehearse --assume object:{object_name})"
    )


def find_field(context: DeployContext, full_name: str) -> tuple[bool, Field | None]:
    """Whether `Object.Field` exists, and the field if it is in the schema."""
    object_name, _, name = full_name.partition(".")
    if name.endswith("__pc"):  # a person account shows the fields of its contact
        return find_field(context, f"Contact.{name.removesuffix('__pc')}__c")
    object_name = _ALIASES.get(object_name, object_name)
    known = context.store.find_type(object_name)
    match = _CUSTOM.match(name)
    if known is None:
        is_kept = context.find("CustomField", full_name) is not None
        is_other = match is not None and _is_installed(context, match["namespace"])
        return is_kept or is_other or (match is None and object_exists(context, object_name)), None
    field = known.find_field(name)
    if field is None and match is None and not known.is_custom:
        return True, None  # a standard field that is not emulated
    is_installed = match is not None and _is_installed(context, match["namespace"])
    return field is not None or is_installed, field


def component_exists(context: DeployContext, kind_name: str, name: str) -> bool:
    """Whether a component exists: deployed, standard, or of an installed namespace."""
    if context.find(kind_name, name) is not None or name.startswith(_STANDARD):
        return True
    if kind_name == "Layout" and "__" not in name.partition("-")[0]:
        return True  # the first layouts of standard objects are not all known
    match = _NAMESPACED.match(name)
    return match is not None and _is_installed(context, match["namespace"])


def _is_installed(context: DeployContext, namespace: str | None) -> bool:
    """Whether a package of this namespace is installed; its content may be unknown."""
    if not namespace:
        return False
    if namespace.lower() == (context.namespace or "").lower():
        return True
    packages = context.store.peek_rows("SubscriberPackage")
    wanted = namespace.lower()
    is_known = any((row.get("NamespacePrefix") or "").lower() == wanted for row in packages)
    return is_known or unknown_packages.is_accepted(context.org, namespace)


def check_references(
    context: DeployContext,
    component: Component,
    rows: Iterator[Element],
    field_name: str,
    kind_name: str,
) -> None:
    """The component in the child `field_name` of each of `rows` must exist."""
    for row in rows:
        at = row.find(field_name)
        if at is not None and at.text and not component_exists(context, kind_name, at.text):
            missing(component, field_name, kind_name, at.text, at)
