"""The standard objects of hubs and scratch orgs, read from compact tables beside this file.

A table is text. `[Account 001 owned]` starts an object: name, key prefix, words. Each following
line is a field: name, type (with length or precision,scale), words.

Words of objects: `owned` (has OwnerId), `tooling` (served by the Tooling API only), `both`
(by both APIs), `setup` (mixed DML), `bare` (no audit fields), `nocreate`, `noupdate`,
`nodelete`, `master=Field`, `plural=Word`.
Words of fields: `required`, `ro` (read-only), `fixed` (createable, not updateable), `late`
(updateable, not createable), `nofilter`, `unique`, `external`, `lookup` (may replace the
record's id in a relationship), `to=Type,Type` (`to=*`: any), `rel=Name`, `kids=Name`,
`auto=PATTERN`, `default=VALUE`, and last `values=A|B` (`values!=` is restricted).

The facts (names, types, lengths, access, relationships) are those of the published Object
Reference; fields that require further features or licences are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from provisioner.emulator.objects.schema import NUMERIC, Field, ObjectType

_AUDIT = """
IsDeleted boolean ro
CreatedDate datetime ro
CreatedById reference ro to=User rel=CreatedBy
LastModifiedDate datetime ro
LastModifiedById reference ro to=User rel=LastModifiedBy
SystemModstamp datetime ro
"""
_OWNER = "OwnerId reference to=User,Group rel=Owner"
_LENGTHS = {"phone": 40, "url": 255, "email": 80, "picklist": 255, "textarea": 255, "id": 18}


def org_types() -> dict[str, ObjectType]:
    """A fresh set of the types of any org: standard objects, setup objects, tooling."""
    return {
        name: copy_of(known)
        for table in ("standard", "setup", "tooling")
        for name, known in _table(table).items()
    }


def hub_types() -> dict[str, ObjectType]:
    """A fresh set of the types of a Dev Hub."""
    return org_types() | {name: copy_of(known) for name, known in _table("hub").items()}


@cache
def not_emulated() -> frozenset[str]:
    """Names, in lower case, of standard objects that exist on the platform but not here."""
    text = (files(__package__) / "not_emulated.txt").read_text(encoding="utf-8")
    return frozenset(text.lower().split())


def copy_of(object_type: ObjectType) -> ObjectType:
    """A copy whose fields and properties may be changed."""
    return replace(
        object_type, fields=dict(object_type.fields), properties=dict(object_type.properties)
    )


def audit_fields(*, owned: bool = True) -> dict[str, Field]:
    """The fields that every record has: Id, audit fields and, when `owned`, OwnerId."""
    lines = ["Id id ro", *([_OWNER] if owned else []), *_AUDIT.strip().splitlines()]
    return {parsed.name: parsed for parsed in map(_field, lines)}


def label_of(name: str) -> str:
    """`LastName` → `Last Name`, `AccountId` → `Account ID`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r" Id$", " ID", spaced)


@cache
def _table(name: str) -> dict[str, ObjectType]:
    text = (files(__package__) / f"{name}_objects.txt").read_text(encoding="utf-8")
    return {parsed.name: parsed for parsed in _objects(text)}


def _objects(text: str) -> Iterator[ObjectType]:
    for block in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        head, *lines = block.splitlines()
        name, prefix, *words = head.rstrip("]").split()
        yield _object(name, prefix, words, [one for one in lines if one and one[0] != "#"])


def _object(name: str, prefix: str, words: list[str], lines: list[str]) -> ObjectType:
    given = _words(words)
    fields = audit_fields(owned="owned" in given) if "bare" not in given else {}
    if {"setup", "tooling", "both"} & given.keys():
        fields.pop("IsDeleted", None)  # they have no recycle bin
    fields.setdefault("Id", _field("Id id ro"))
    for line in lines:
        parsed = _field(line)
        fields[parsed.name] = parsed
    label = label_of(name)
    return ObjectType(
        name=name,
        key_prefix=prefix if prefix != "-" else "",
        label=label,
        label_plural=given.get("plural", f"{label}s").replace("_", " "),
        fields=fields,
        is_tooling="tooling" in given,
        is_createable="nocreate" not in given,
        is_updateable="noupdate" not in given,
        is_deletable="nodelete" not in given,
        is_setup="setup" in given,
        properties=_properties(given, lines),
    )


def _properties(given: dict[str, str], lines: list[str]) -> dict[str, Any]:
    """Properties for which ObjectType has no attribute, by the names that the store uses."""
    words = [(line.split()[0], _words(line.partition(" values")[0].split())) for line in lines]
    return {
        "autonumber": {name: by["auto"] for name, by in words if "auto" in by},
        "id_lookup": frozenset(name for name, by in words if "lookup" in by),
        "in_tooling": "both" in given,
        "master_fields": tuple(given["master"].split(",")) if "master" in given else (),
    }


def _field(line: str) -> Field:
    head, _, values = line.partition(" values")
    name, kind, *words = head.split()
    given = _words(words)
    kind, _, size = kind.partition(":")
    is_read_only = "ro" in given or "auto" in given
    first, _, second = size.partition(",")
    return Field(
        name=name,
        type=kind,
        label=label_of(name),
        length=int(first) if first and kind not in NUMERIC else _LENGTHS.get(kind, 255),
        is_required="required" in given,
        is_createable=not is_read_only and "late" not in given,
        is_updateable=not is_read_only and "fixed" not in given,
        is_filterable="nofilter" not in given,
        is_unique="unique" in given,
        is_external_id="external" in given,
        default=_default(kind, given.get("default")),
        reference_to=tuple(given["to"].split(",")) if given.get("to", "*") != "*" else (),
        relationship_name=given.get("rel", ""),
        child_relationship_name=given.get("kids", ""),
        picklist=tuple(values.lstrip("!=").split("|")) if values else (),
        is_restricted_picklist=values.startswith("!"),
        precision=int(first) if first and kind in NUMERIC else 18,
        scale=int(second or 0),
    )


def _words(words: list[str]) -> dict[str, str]:
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _default(kind: str, text: str | None) -> Any:
    if text is None:
        return False if kind == "boolean" else None
    if kind == "boolean":
        return text == "true"
    return int(text) if kind in NUMERIC else text.replace("_", " ")
