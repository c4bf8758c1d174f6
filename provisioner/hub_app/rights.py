"""What the app's permission set grants: the rights of a build, and no more.

Permission sets take no field permissions of the standard fields of these objects. Source:
docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

OBJECTS = {
    "ActiveScratchOrg": ("Delete", "Edit", "Read"),
    "ScratchOrgInfo": ("Create", "Delete", "Edit", "Read"),
}
USER_PERMISSIONS = ("ApiEnabled",)

ADMINISTRATOR = (
    "the user of the session needs Customize Application, Modify All Data, and Manage Profiles and "
    "Permission Sets, as a System Administrator has"
)
"""What a deploy of the app and its assignment need.

Source: docs/reference/external-client-apps.md#rights.
"""


def permissions_xml() -> str:
    """The elements of the permission set, in the order of the metadata reference."""
    return "".join([*map(_of_object, OBJECTS), *map(_of_user, USER_PERMISSIONS)])


def _of_object(name: str) -> str:
    granted = OBJECTS[name]
    flags = [
        (f"allow{action}", action in granted) for action in ("Create", "Delete", "Edit", "Read")
    ]
    lines = [f"        <{flag}>{str(value).lower()}</{flag}>\n" for flag, value in flags]
    lines += ["        <modifyAllRecords>false</modifyAllRecords>\n"]
    lines += [f"        <object>{name}</object>\n"]
    lines += ["        <viewAllRecords>false</viewAllRecords>\n"]
    return f"    <objectPermissions>\n{''.join(lines)}    </objectPermissions>\n"


def _of_user(name: str) -> str:
    return (
        "    <userPermissions>\n        <enabled>true</enabled>\n"
        f"        <name>{name}</name>\n    </userPermissions>\n"
    )
