"""Compact tables of object types, and how they are read: a block only when it is asked for.

A table is text. `[Account 001 owned]` starts an object: name, key prefix, words. Each following
line is a field: name, type (with length or precision,scale), words. Lines `@N LIST` before the
first object name lists that occur often.

Words of objects: `owned` (has OwnerId; `owned=User`: never a queue), `tooling` (served by the
Tooling API only), `both` (by both APIs), `setup` (mixed DML), `bare` (no audit fields),
`nocreate`, `noupdate`, `nodelete`, `master=Field`, `plural=Word`, `elsewhere` (not in every org).
Words of fields: `required`, `ro` (read-only), `fixed` (createable, not updateable), `late`
(updateable, not createable), `nofilter`, `unique`, `external`, `lookup` (may replace the
record's id in a relationship), `to=Type,Type` (`to=*`: any), `rel=Name`, `kids=Name`,
`auto=PATTERN`, `default=VALUE`, `elsewhere` (not in every org), `intooling` (of an object in
both APIs, in the Tooling API only), and last `values=A|B` (`values!=` is restricted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from typing import Any

from provisioner.emulator.objects.described import described
from provisioner.emulator.objects.schema import NUMERIC, Field, ObjectType

_AUDIT = """
IsDeleted boolean ro
CreatedDate datetime ro
CreatedById reference ro to=User rel=CreatedBy
LastModifiedDate datetime ro
LastModifiedById reference ro to=User rel=LastModifiedBy
SystemModstamp datetime ro
"""
_OWNERS = "User,Group"  # a queue is a Group
_LENGTHS = {"phone": 40, "url": 255, "email": 80, "picklist": 255, "textarea": 255, "id": 18}


@dataclass(frozen=True)
class Block:
    """One object of a table; its lines are split when somebody asks for them."""

    name: str
    key_prefix: str
    words: Mapping[str, str]
    text: str  # the lines of fields
    lists: Mapping[str, str]  # what `@N` in them means
    below: Block | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether only some orgs have it."""
        return "elsewhere" in self.words

    def over(self, below: Block | None) -> Block:
        """This block laid over another one: its words and its lines win."""
        return replace(self, below=below)

    def targets(self) -> Iterator[str]:
        """The names of all objects to which its own fields refer."""
        for names in re.findall(r" to=(\S+)", self.text):
            yield from (self.lists[names[1:]] if names[0] == "@" else names).split(",")

    def lines(self) -> list[str]:
        """The lines of fields, those of the block below first."""
        text = self.text
        if "=@" in text:
            text = re.sub(r"=@(\d+)", lambda found: f"={self.lists[found[1]]}", text)
        lines = [one for one in text.splitlines() if one and one[0] != "#"]
        own = {line.partition(" ")[0].lower() for line in lines}
        below = self.below.lines() if self.below else []
        return [line for line in below if line.partition(" ")[0].lower() not in own] + lines


class Table:
    """A table beside this file. Reading it finds its objects and parses none."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def blocks(self) -> Mapping[str, Block]:
        """The objects by name, in the order of the table."""
        text = (files(__package__) / f"{self._name}_objects.txt").read_text(encoding="utf-8")
        head, *blocks = text.split("\n[")
        lists = dict(line[1:].split(" ", 1) for line in head.splitlines() if line[:1] == "@")
        return {block.name: block for block in (_block(one, lists) for one in blocks)}


def _block(text: str, lists: Mapping[str, str]) -> Block:
    first, _, lines = text.partition("\n")
    name, prefix, *words = first.rstrip("]").split()
    return Block(name, prefix if prefix != "-" else "", words_of(words), lines, lists)


def parsed(block: Block) -> ObjectType:
    """The type that a block describes, without the fields that only some orgs have."""
    given = block.words
    owners = (given["owned"] or _OWNERS) if "owned" in given else ""
    fields = audit_fields(owners=owners) if "bare" not in given else {}
    if {"setup", "tooling", "both"} & given.keys():
        fields.pop("IsDeleted", None)  # they have no recycle bin
    fields.setdefault("Id", field_of("Id id ro"))
    lines = [one for one in block.lines() if not _is_elsewhere(one)]
    fields |= {one.name: one for one in map(field_of, lines)}
    known = described(block.name)
    label = known.label if known else label_of(block.name)
    plural = given.get("plural", f"{label}s").replace("_", " ")
    labels = {"Id": f"{label} ID", **(known.labels if known else {})}
    for name in labels.keys() & fields.keys():
        fields[name] = replace(fields[name], label=labels[name])
    return ObjectType(
        name=block.name,
        key_prefix=block.key_prefix,
        label=label,
        label_plural=known.plural if known else plural,
        fields=fields,
        is_tooling="tooling" in given,
        is_createable="nocreate" not in given,
        is_updateable="noupdate" not in given,
        is_deletable="nodelete" not in given,
        is_setup="setup" in given,
        properties=_properties(given, lines),
    )


def elsewhere_lines(block: Block) -> Iterator[str]:
    """The lines of fields that only some orgs have."""
    return (line for line in block.lines() if _is_elsewhere(line))


def field_of(line: str) -> Field:
    """The field that a line describes."""
    head, _, values = line.partition(" values")
    name, kind, *words = head.split()
    given = words_of(words)
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


def audit_fields(*, owners: str = _OWNERS) -> dict[str, Field]:
    """The fields that every record has: Id, audit fields and, if it has `owners`, OwnerId."""
    owner = [f"OwnerId reference to={owners} rel=Owner"] if owners else []
    lines = ["Id id ro", *owner, *_AUDIT.strip().splitlines()]
    return {one.name: one for one in map(field_of, lines)}


def label_of(name: str) -> str:
    """`LastName` → `Last Name`, `AccountId` → `Account ID`, `IsDeleted` → `Deleted`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r" Id$", " ID", re.sub(r" Url\b", " URL", re.sub(r"^Is (?=[A-Z])", "", spaced)))


def words_of(words: list[str]) -> dict[str, str]:
    """`["ro", "rel=Owner"]` → `{"ro": "", "rel": "Owner"}`."""
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _is_elsewhere(line: str) -> bool:
    return " elsewhere" in line.partition(" values")[0]


def _properties(given: Mapping[str, str], lines: list[str]) -> dict[str, Any]:
    """Properties for which ObjectType has no attribute, by the names that the store uses."""
    words = [(line.split()[0], words_of(line.partition(" values")[0].split())) for line in lines]
    return {
        "autonumber": {name: by["auto"] for name, by in words if "auto" in by},
        "id_lookup": frozenset(name for name, by in words if "lookup" in by),
        "in_tooling": "both" in given,
        "tooling_fields": frozenset(name for name, by in words if "intooling" in by),
        "master_fields": tuple(given["master"].split(",")) if "master" in given else (),
    }


def _default(kind: str, text: str | None) -> Any:
    if text is None:
        return False if kind == "boolean" else None
    if kind == "boolean":
        return text == "true"
    return int(text) if kind in NUMERIC else text.replace("_", " ")
