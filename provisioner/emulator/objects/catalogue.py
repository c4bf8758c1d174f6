"""The standard objects of hubs and scratch orgs.

What the references publish is in `published_objects.txt` and `published_tooling_objects.txt`,
which `scripts/update-objects` writes. The lines of `corrections_objects.txt` replace published
ones: facts that the references leave out (defaults, values of picklists, names of child
relationships) or give otherwise than a recorded answer or a project that works.

A type that only some orgs have (`elsewhere`), and a type that nobody but the platform fills, is
known by name and not emulated, until a feature, a setting or an assumption adds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.table import (
    Block,
    Table,
    audit_fields,
    elsewhere_lines,
    field_of,
    label_of,
    parsed,
    words_of,
)

__all__ = ["audit_fields", "elsewhere_children", "elsewhere_fields", "elsewhere_type", "hub_types",
           "is_known", "label_of", "org_types", "other_fields", "published_targets"]  # fmt: skip

_PUBLISHED = (Table("published"), Table("published_tooling"))
_CORRECTIONS = Table("corrections")
_HUB = Table("hub")
_OF_SCRATCH_ORGS = frozenset({"SourceMember"})  # a Dev Hub does not track its source


class StandardTypes(Mapping[str, ObjectType]):
    """Types by name, each parsed when it is first asked for; shared by all orgs, never changed."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self._blocks = blocks
        self._parsed: dict[str, ObjectType] = {}

    def __getitem__(self, name: str) -> ObjectType:
        found = self._parsed.get(name)
        if found is None:
            found = self._parsed.setdefault(name, self._with_targets(parsed(self._blocks[name])))
        return found

    def _with_targets(self, object_type: ObjectType) -> ObjectType:
        """References name only types that every org has."""
        for name, one in object_type.fields.items():
            there = tuple(target for target in one.reference_to if target in self._blocks)
            if there != one.reference_to:
                object_type.fields[name] = replace(one, reference_to=there)
        return object_type

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def __contains__(self, name: object) -> bool:
        return name in self._blocks

    def key_prefixes(self) -> Iterator[tuple[str, str]]:
        """Key prefix and name of each type, without parsing any."""
        return ((block.key_prefix, name) for name, block in self._blocks.items())


@cache
def org_types() -> StandardTypes:
    """The types of any org: standard objects, setup objects, tooling."""
    return StandardTypes(_present())


@cache
def hub_types() -> StandardTypes:
    """The types of a Dev Hub."""
    own = {name: block for name, block in _present().items() if name not in _OF_SCRATCH_ORGS}
    return StandardTypes({**own, **_HUB.blocks})


def is_known(name: str) -> bool:
    """Whether a standard object of this name, in any case, exists on the platform."""
    return name.lower() in _known_names()


def elsewhere_type(name: str) -> ObjectType | None:
    """A standard object that not every org has, as an org has it without other features."""
    block = _everywhere().get(name)
    return parsed(block) if block and block.key_prefix else None


@cache
def elsewhere_fields(name: str) -> Mapping[str, Field]:
    """The fields of a standard object that not every org has, by name."""
    block = _everywhere().get(name)
    return {one.name: one for one in map(field_of, elsewhere_lines(block))} if block else {}


@cache
def published_targets(name: str) -> Mapping[str, tuple[str, ...]]:
    """Field → the objects that a lookup of a standard object may refer to, as published."""
    blocks = [table.blocks[name] for table in _PUBLISHED if name in table.blocks]
    found = (field_of(line) for block in blocks for line in block.lines())
    return {one.name: one.reference_to for one in found if one.reference_to}


@cache
def other_fields() -> Mapping[str, frozenset[str]]:
    """Object → the standard fields that some org has and the references leave out."""
    text = (files(__package__) / "other_fields.txt").read_text(encoding="utf-8")
    found: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, *fields = line.split()
            found[name] = found.get(name, frozenset()) | frozenset(fields)
    return found


@cache
def elsewhere_children() -> Mapping[tuple[str, str], str]:
    """Parent and relationship, in lower case → the child, also of those that are not here."""
    found: dict[tuple[str, str], str] = {}
    for name, block in _everywhere().items():
        for line in block.lines():
            given = words_of(line.partition(" values")[0].split()) if " kids=" in line else {}
            for parent in given.get("to", "").split(","):
                found.setdefault((parent.lower(), given.get("kids", "").lower()), name)
    return found


@cache
def _everywhere() -> dict[str, Block]:
    """All published blocks with the other tables laid over them."""
    blocks = {name: block for table in reversed(_PUBLISHED) for name, block in table.blocks.items()}
    for name, block in _CORRECTIONS.blocks.items():
        blocks[name] = block.over(blocks.get(name))
    return blocks


@cache
def _present() -> dict[str, Block]:
    """What every org has: what the tables name, and published objects that clients fill."""
    named = {name for name, block in _CORRECTIONS.blocks.items() if not block.is_elsewhere}
    return {
        name: block
        for name, block in _everywhere().items()
        if name in named or (name not in _HUB.blocks and _is_filled_by_clients(block))
    }


def _is_filled_by_clients(block: Block) -> bool:
    """Of others an empty answer would be wrong: the platform itself fills them."""
    words = block.words
    is_data = not {"nocreate", "elsewhere", "tooling"} & words.keys()
    return is_data and bool(block.key_prefix)


@cache
def _known_names() -> frozenset[str]:
    """Names, in lower case, of standard objects that orgs other than Dev Hubs may have.

    A published field refers only to objects that exist.
    """
    text = (files(__package__) / "not_emulated.txt").read_text(encoding="utf-8")
    blocks = [block for table in _PUBLISHED for block in table.blocks.values()]
    published = {name.lower() for one in blocks for name in (one.name, *one.targets())}
    return frozenset({*published, *text.lower().split()} - {name.lower() for name in _HUB.blocks})
