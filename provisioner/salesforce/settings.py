"""Converts `settings` and `objectSettings` of an org definition to a metadata package.

The package is like the CLI's, with package.xml at its root. Source:
docs/reference/sign-up.md#settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from provisioner.archive import zipped
from provisioner.salesforce.definition import upper_first

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_XML_NAME = re.compile(r"[A-Za-z_][\w.-]*")

_PROCESS_VALUES = {
    "Case": "New",
    "Lead": "Open - Not Contacted",
    "Opportunity": "Prospecting",
    "Solution": "Draft",
}
"""The objects whose record types need a business process, and the value of that process."""


class SettingsError(ValueError):
    """A key that cannot be the name of an XML element."""


@dataclass
class _Parts:
    """The files of the package by path, and its members by type."""

    files: dict[str, bytes] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)

    def add_members(self, type_name: str, *names: str) -> None:
        self.members.setdefault(type_name, []).extend(names)


def settings_package(definition: Mapping[str, Any], api_version: str) -> bytes | None:
    """The zip to deploy, or None when the definition has no settings. Raises SettingsError."""
    settings = definition.get("settings") or {}
    objects = definition.get("objectSettings") or {}
    if not settings and not objects:
        return None
    parts = _Parts()
    for key, value in settings.items():
        _add_settings(parts, upper_first(key), value)
    for key, value in objects.items():
        _add_object(parts, upper_first(key), value or {})
    return zipped({"package.xml": _manifest(parts.members, api_version), **parts.files})


def _add_settings(parts: _Parts, type_name: str, value: Any) -> None:
    """Add a settings file. Its name and member are the type without the first `Settings`."""
    name = type_name.replace("Settings", "", 1)
    parts.files[f"settings/{name}.settings"] = _document(type_name, [(type_name, value)])
    parts.add_members("Settings", name)


def _add_object(parts: _Parts, name: str, options: Mapping[str, Any]) -> None:
    """Add an object file with its sharing model and its default record type."""
    parts.add_members("CustomObject", name)
    content: dict[str, Any] = {}
    if options.get("sharingModel"):
        content["sharingModel"] = upper_first(options["sharingModel"])
    if options.get("defaultRecordType"):
        _add_record_type(parts, name, upper_first(options["defaultRecordType"]), content)
    parts.files[f"objects/{name}.object"] = _document("CustomObject", [("CustomObject", content)])


def _add_record_type(parts: _Parts, name: str, label: str, content: dict[str, Any]) -> None:
    record_type: dict[str, Any] = {"fullName": label, "label": label, "active": True}
    parts.add_members("RecordType", f"{name}.{label}")
    if name in _PROCESS_VALUES:
        process = f"{label}Process"
        value: dict[str, Any] = {"fullName": _PROCESS_VALUES[name]}
        if name != "Opportunity":
            value["default"] = True
        record_type["businessProcess"] = process
        content["businessProcesses"] = {"fullName": process, "isActive": True, "values": value}
        parts.add_members("BusinessProcess", f"{name}.{process}")
    content["recordTypes"] = record_type


def _manifest(members: Mapping[str, Iterable[str]], api_version: str) -> bytes:
    types = [{"members": list(names), "name": name} for name, names in members.items()]
    return _document("Package", [("Package", {"types": types, "version": api_version})])


def _document(root: str, content: Iterable[tuple[str, Any]]) -> bytes:
    top = ElementTree.Element("top")
    for name, value in content:
        _append(top, name, value)
    element = top[0] if len(top) else ElementTree.SubElement(top, root)
    element.set("xmlns", NAMESPACE)
    ElementTree.indent(element, "    ")
    text: bytes = ElementTree.tostring(element, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def _append(parent: ElementTree.Element, name: str, value: Any) -> None:
    """Append an element: objects become nested elements, lists repeated ones; null is left out."""
    if not _XML_NAME.fullmatch(name):
        raise SettingsError(f"{name!r} is not a valid name of a setting")
    if value is None:
        return
    if isinstance(value, list):
        for item in value:
            _append(parent, name, item)
        return
    element = ElementTree.SubElement(parent, name)
    if isinstance(value, Mapping):
        for key, item in value.items():
            _append(element, key, item)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
