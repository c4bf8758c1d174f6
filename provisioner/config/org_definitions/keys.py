"""Checks the keys of an org definition, and which of them exclude each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.checks import nearest
from provisioner.config.org_definitions.found import Found, at, warning_at
from provisioner.salesforce.definition import SNAPSHOT_EXCLUDES

EDITIONS = ("Developer", "Enterprise", "Group", "Professional")
PARTNER_EDITIONS = tuple(f"Partner {edition}" for edition in EDITIONS)
RELEASES = ("current", "preview", "previous")

REFUSED: Mapping[str, str] = {
    "orgPreferences": "is no longer supported by Salesforce; write the same under settings",
    "durationDays": "is not allowed in a definition; set duration_days of the pool",
    "package2AncestorIds": "is computed and must not be written; remove it",
}
TYPES: Mapping[str, tuple[type, ...]] = {
    "adminEmail": (str,),
    "country": (str,),
    "description": (str,),
    "edition": (str,),
    "features": (str, list),
    "hasSampleData": (bool,),
    "language": (str,),
    "namespace": (str,),
    "objectSettings": (dict,),
    "orgName": (str,),
    "release": (str,),
    "settings": (dict,),
    "snapshot": (str,),
    "sourceOrg": (str,),
    "template": (str,),
    "username": (str,),
}
_WORDS = {str: "a text", list: "a list of texts", bool: "true or false", dict: "an object"}
_PATTERNS: Mapping[str, tuple[str, str]] = {
    "adminEmail": (r"[^@\s]+@[^@\s]+", "is not an e-mail address; sign-ups would fail with S-1006"),
    "country": (
        r"[A-Za-z]{2}",
        "is not a code of two letters such as US or DE; sign-ups would fail with S-2006",
    ),
    "namespace": (
        r"(?=.{1,15}$)[A-Za-z](?:_?[A-Za-z0-9])*",
        "is not a namespace: at most 15 letters, digits and single underscores, first a letter; "
        "sign-ups would fail with C-1017",
    ),
    "sourceOrg": (
        r"00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?",
        "is not an org id; write the id (00D…) of the org that has the shape",
    ),
}
"""Keys whose values Salesforce refuses unless they match (docs/reference/sign-up.md)."""

_LONG_ID = 18
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def key_problems(definition: Mapping[str, Any]) -> Iterator[Found]:
    """The problems of single keys, then of keys that exclude or need each other."""
    for key, value in definition.items():
        yield from _key_problems(key, value)
    definition = {key: value for key, value in definition.items() if value is not None}
    yield from _edition_problems(definition)
    if "snapshot" in definition:
        for key in SNAPSHOT_EXCLUDES:
            if key in definition:
                yield at(key, "is not allowed with snapshot, which determines it; remove it")
    features = definition.get("features")
    if isinstance(features, list) and not all(isinstance(name, str) for name in features):
        yield at("features", "has an entry that is not a text; write each name in quotes")


def _key_problems(key: str, value: Any) -> Iterator[Found]:
    if key[:1].isupper():
        lower = key[:1].lower() + key[1:]
        yield at(key, f"must start with a lower-case letter; write {lower}")
    elif key in REFUSED:
        yield at(key, REFUSED[key])
    elif key in TYPES:
        if value is None:
            yield warning_at(key, "is null and has no effect; the Salesforce CLI warns about it")
        elif key == "hasSampleData" and value in ("true", "false"):
            text = f"is a text, which Salesforce accepts; write {value} without quotes"
            yield warning_at(key, text)
        elif not isinstance(value, TYPES[key]):
            wanted = " or ".join(_WORDS[kind] for kind in TYPES[key])
            yield at(key, f"has the wrong type; write {wanted}")
        else:
            yield from _value_problems(key, value)
    elif not key.startswith("$") and not key.endswith("__c"):
        near = nearest(key, TYPES)
        if near:
            text = f"is unknown and sent to the Dev Hub as a field; did you mean {near}?"
            yield warning_at(key, text)


def _value_problems(key: str, value: Any) -> Iterator[Found]:
    if key == "sourceOrg" and len(value) == _LONG_ID:
        text = f"has {_LONG_ID} characters; Salesforce documents the first 15: {value[:15]}"
        yield warning_at(key, text)
    if key in _PATTERNS:
        pattern, message = _PATTERNS[key]
        if not re.fullmatch(pattern, value) and not (key == "namespace" and not value):
            yield at(key, message)
    elif key == "release" and value.lower() not in RELEASES:
        yield at(key, f"is not a release; write one of: {', '.join(RELEASES[1:])}")
    elif key == "edition" and value not in EDITIONS + PARTNER_EDITIONS:
        near = nearest(value, EDITIONS + PARTNER_EDITIONS)
        advice = f"did you mean {near}?" if near else f"known: {', '.join(EDITIONS)}"
        text = f"{value[:40]!r} is not an edition that Salesforce documents; {advice}"
        yield warning_at(key, text)
    elif key == "language" and not _LANGUAGE.fullmatch(value):
        yield warning_at(key, "is not a language code such as en_US, de or pt_BR")
    elif key == "username":
        yield warning_at(key, "is not used: each org of a pool gets a username of its own")


def _edition_problems(definition: Mapping[str, Any]) -> Iterator[Found]:
    if "snapshot" in definition:
        return
    if "sourceOrg" in definition:
        if "edition" in definition:
            yield at("edition", "is not allowed with sourceOrg, which determines it; remove it")
    elif definition.get("template") and not definition.get("edition"):
        yield warning_at("template", "is used without edition; the Salesforce CLI warns about it")
    elif not any(key.lower() == "edition" for key in definition):
        yield Found((), 'the key edition is missing; write "edition": "Developer"')
