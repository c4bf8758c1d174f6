"""Maps an org definition file to the fields of a ScratchOrgInfo, as the Salesforce CLI does.

`provisioner.config.org_definitions` checks the file. Source:
docs/reference/sign-up.md#definition-files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CALLBACK_URL = "http://localhost:1717/OauthRedirect"
"""The value that the CLI sends. A sign-up requires one, and the app must have the same one."""

LONGEST_DESCRIPTION = 2000

_NOT_SENT = frozenset({"$schema", "settings", "objectSettings"})

SNAPSHOT_EXCLUDES = ("edition", "features", "hasSampleData", "release", "sourceOrg")
"""Keys that a definition with `snapshot` cannot have: the snapshot determines them."""

MAPPED_FEATURES = {"saleswave": "DevelopmentWave", "servicewave": "DevelopmentWave"}

DROPPED_FEATURES = frozenset(
    {
        "expandedsourcetracking",
        "listcustomsettingcreation",
        "appnavcapabilities",
        "cmtrecordmanageddeletion",
        "editinsubtab",
        "oldnewrecordflowconsole",
        "oldnewrecordflowstd",
        "desktoplayoutstandardoff",
        "splitviewonstandardoff",
        "popoututilities",
    }
)


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """The request for one scratch org."""

    definition: Mapping[str, Any]  # the content of the org definition file
    username: str
    consumer_key: str  # of the app whose key logs in to the org
    duration_days: int
    ownership_tag: str = ""  # the last line of Description


def sign_up_fields(signup: SignUp) -> dict[str, Any]:
    """The fields of the ScratchOrgInfo to insert.

    Unknown keys become fields, so that custom fields of the Dev Hub can be set. Package ancestors
    are not looked up: Package2AncestorIds is empty, as the CLI sends it for a project without
    ancestors.
    """
    definition = {
        key: value
        for key, value in signup.definition.items()
        if key not in _NOT_SENT and value is not None
    }
    fields: dict[str, Any] = _with_upper_first(definition)
    fields.setdefault("OrgName", "Company")
    if "Features" in fields:
        fields["Features"] = features(fields["Features"])
    if isinstance(fields.get("Release"), str):
        fields["Release"] = fields["Release"].capitalize()
    if fields.get("HasSampleData") in ("true", "false"):  # Salesforce accepts these texts as well
        fields["HasSampleData"] = fields["HasSampleData"] == "true"
    fields.setdefault("Package2AncestorIds", "")
    description = described(str(fields.get("Description", "")), signup.ownership_tag)
    if description:
        fields["Description"] = description
    return fields | {
        "Username": signup.username.lower(),
        "DurationDays": signup.duration_days,
        "ConnectedAppConsumerKey": signup.consumer_key,
        "ConnectedAppCallbackUrl": CALLBACK_URL,
    }


def definition_from_snapshot(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The definition of an org that is signed up from a snapshot which `definition` has made.

    Keys that the snapshot determines are left out, and `template`, which needs an edition.
    """
    left_out = {*SNAPSHOT_EXCLUDES, "template"}
    kept = {key: value for key, value in definition.items() if key not in left_out}
    return {**kept, "snapshot": name}


def features(value: str | Iterable[str]) -> str:
    """Features in the format of a sign-up: joined by `;`, retired names replaced or dropped."""
    names = re.split(r"[;,]", value) if isinstance(value, str) else value
    kept = [n for n in map(str.strip, names) if n and n.lower() not in DROPPED_FEATURES]
    return ";".join(MAPPED_FEATURES.get(name.lower(), name) for name in kept)


def upper_first(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _with_upper_first(value: Any) -> Any:
    """`value` with the first letter of every key in upper case, at any depth."""
    if isinstance(value, Mapping):
        return {upper_first(key): _with_upper_first(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_upper_first(item) for item in value]
    return value


def described(own: str, ownership_tag: str) -> str:
    """A Description: `own` text, cut so that the ownership tag fits on the last line."""
    room = LONGEST_DESCRIPTION - len(ownership_tag) - 1
    return "\n".join(part for part in (own[:room].rstrip(), ownership_tag) if part)
