"""Deploy zips and the metadata in them, as short as tests can read them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
Files = dict[str, str | bytes]


def zipped(files: Mapping[str, str | bytes], *, root: str = "") -> bytes:
    """A zip of these files, below a folder if `root` names one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(root + path, content)
    return buffer.getvalue()


def package_xml(members: Mapping[str, str], version: str = "66.0") -> str:
    """package.xml: type → members, separated by blanks."""
    types = "".join(
        "<types>" + "".join(f"<members>{one}</members>" for one in names.split(" "))
        + f"<name>{kind}</name></types>"
        for kind, names in members.items()
    )  # fmt: skip
    return f"<?xml version='1.0'?><Package {XMLNS}>{types}<version>{version}</version></Package>"


def package(members: Mapping[str, str], files: Mapping[str, str | bytes]) -> bytes:
    """A single package: its manifest and its files."""
    return zipped({"package.xml": package_xml(members), **files})


def custom_object(
    *fields: str, label: str = "Thing", sharing: str = "ReadWrite", more: str = ""
) -> str:
    """An object file with a text name."""
    return (
        f"<CustomObject {XMLNS}><label>{label}</label><pluralLabel>{label}s</pluralLabel>"
        "<nameField><label>Name</label><type>Text</type></nameField>"
        f"<sharingModel>{sharing}</sharingModel>{''.join(fields)}{more}</CustomObject>"
    )


def object_part(*parts: str) -> str:
    """An object file that only adds to a known object."""
    return f"<CustomObject {XMLNS}>{''.join(parts)}</CustomObject>"


def custom_field(name: str, kind: str = "Text", more: str = "<length>40</length>") -> str:
    """A `<fields>` element."""
    label = name.removesuffix("__c")
    return (
        f"<fields><fullName>{name}</fullName><label>{label}</label><type>{kind}</type>"
        f"{more}</fields>"
    )


def lookup(name: str, target: str, kind: str = "Lookup", children: str = "") -> str:
    """A relationship field."""
    relation = f"<relationshipName>{children}</relationshipName>" if children else ""
    return custom_field(name, kind, f"<referenceTo>{target}</referenceTo>{relation}")


def permission_set(*grants: str, label: str = "Reader") -> str:
    """A permission set file."""
    return f"<PermissionSet {XMLNS}><label>{label}</label>{''.join(grants)}</PermissionSet>"


def field_grant(name: str) -> str:
    """Read access to a field."""
    return (
        f"<fieldPermissions><editable>false</editable><field>{name}</field>"
        "<readable>true</readable></fieldPermissions>"
    )


def apex(name: str, body: str, *, version: str = "66.0", folder: str = "classes") -> Files:
    """A class (or, in folder `triggers`, a trigger) with its description."""
    kind, suffix = ("ApexClass", "cls") if folder == "classes" else ("ApexTrigger", "trigger")
    return {
        f"{folder}/{name}.{suffix}": body,
        f"{folder}/{name}.{suffix}-meta.xml": (
            f"<{kind} {XMLNS}><apiVersion>{version}</apiVersion><status>Active</status></{kind}>"
        ),
    }
