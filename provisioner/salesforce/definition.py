"""An org definition file → the fields of a ScratchOrgInfo, as the Salesforce CLI maps them.

What a definition may hold is checked elsewhere (`provisioner.config.definition`); here it is
only translated. Source: docs/reference/sign-up.md#definition-files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CALLBACK_URL = "http://localhost:1717/OauthRedirect"
"""What the CLI sends. A sign-up needs one; it fits the app only when the app has it, too."""

LONGEST_DESCRIPTION = 2000

_NOT_SENT = frozenset({"$schema", "settings", "objectSettings"})

_MAPPED_FEATURES = {"saleswave": "DevelopmentWave", "servicewave": "DevelopmentWave"}

_DROPPED_FEATURES = frozenset(
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
    """One sign-up that is asked for."""

    definition: Mapping[str, Any]  # the org definition file's content
    username: str
    consumer_key: str  # of the app whose key will open the org
    duration_days: int
    ownership_tag: str = ""  # the last line of Description


def sign_up_fields(signup: SignUp) -> dict[str, Any]:
    """The fields to insert as a ScratchOrgInfo.

    Unknown keys pass as fields, so that custom fields of the Dev Hub can be set. Ancestors of
    packages under development (Package2AncestorIds) are not looked up: such an org is for
    making package versions, and sent is what the CLI sends where there are none.
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
    if fields.get("HasSampleData") in ("true", "false"):  # texts, which Salesforce takes as well
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


def features(value: str | Iterable[str]) -> str:
    """Features as the sign-up takes them: joined by `;`, old names replaced or left out."""
    names = re.split(r"[;,]", value) if isinstance(value, str) else value
    kept = [n for n in map(str.strip, names) if n and n.lower() not in _DROPPED_FEATURES]
    return ";".join(_MAPPED_FEATURES.get(name.lower(), name) for name in kept)


def upper_first(text: str) -> str:
    """`text` with its first letter upper case, the others as they are."""
    return text[:1].upper() + text[1:]


def _with_upper_first(value: Any) -> Any:
    """Every key with its first letter upper case, at any depth."""
    if isinstance(value, Mapping):
        return {upper_first(key): _with_upper_first(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_upper_first(item) for item in value]
    return value


def described(own: str, ownership_tag: str) -> str:
    """A Description: `own` text, cut so that the ownership tag fits on the last line."""
    room = LONGEST_DESCRIPTION - len(ownership_tag) - 1
    return "\n".join(part for part in (own[:room].rstrip(), ownership_tag) if part)
