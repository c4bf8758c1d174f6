"""The jobs of an SFDMU script in one org: which objects first, which lookups afterwards.

An object comes after those that its lookups refer to. A lookup to the same object, or within a
cycle, is filled in by an update after all records are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from provisioner.salesforce.describe import FieldInfo
from provisioner.steps.base import StepFailed
from provisioner.steps.csv_file import Slice
from provisioner.steps.sfdmu_columns import Columns, Lookup
from provisioner.steps.sfdmu_script import SfdmuObject, SfdmuScript

Fields = Mapping[str, FieldInfo]
Action = Literal["update", "insert", "link"]


@dataclass(frozen=True)
class Link:
    """A lookup of an object, in an org: its field, the parent object, and where its key is."""

    field: FieldInfo
    parent: str
    column: int
    keys: tuple[str, ...]  # () when the column has ids of the source org


@dataclass(frozen=True)
class Stage:
    """What one job does: an action with a slice of the rows of an object."""

    target: SfdmuObject
    action: Action
    part: Slice
    links: tuple[Link, ...]  # that it sets


def links_of(target: SfdmuObject, fields: Fields, script: SfdmuScript) -> list[Link]:
    """The lookups of an object. Raises StepFailed for a field that the org does not have."""
    if target.file is None:
        return []
    columns = Columns(target)
    found = [_by_key(target, each, fields, script) for each in columns.lookups()]
    for name, column in columns.plain():
        field = _field(target, name.partition("$")[0], fields)
        if field.parents and _has_ids(field, script):
            parent = _parent(target, field, name.partition("$")[2], script)
            found.append(Link(field, parent, column, ()))
    return found


def _has_ids(field: FieldInfo, script: SfdmuScript) -> bool:
    """Whether the column of a lookup has ids of the source org that a file of the script has."""
    return any(
        each.name in field.parents and each.file is not None and Columns(each).ids() is not None
        for each in script.objects
    )


def _by_key(target: SfdmuObject, lookup: Lookup, fields: Fields, script: SfdmuScript) -> Link:
    field = _field(target, lookup.field, fields)
    if not field.parents:
        raise StepFailed(f"{target.name}.csv: {field.name} is no lookup in the org")
    parent = _parent(target, field, lookup.sobject, script)
    return Link(field, parent, lookup.column, lookup.keys)


def _field(target: SfdmuObject, name: str, fields: Fields) -> FieldInfo:
    found = fields.get(name.lower())
    if found is None:
        raise StepFailed(
            f"{target.name}.csv: {target.name} has no field {name} in the org",
            hint="check the field's name; if it exists, the user may not have access: assign a "
            "permission set, or deploy what grants it, in a step before this one",
        )
    return found


def _parent(target: SfdmuObject, field: FieldInfo, named: str, script: SfdmuScript) -> str:
    names = {each.name for each in script.objects}
    found = [named] if named else [each for each in field.parents if each in names]
    if len(found) == 1 and found[0] in field.parents:
        return found[0]
    if not found and len(field.parents) == 1:
        return field.parents[0]
    raise StepFailed(
        f"{target.name}.csv: {field.name} may refer to several objects; write the object in the "
        f"query: {field.name}${'User' if 'User' in field.parents else field.parents[0]}"
    )


def stages(script: SfdmuScript, links: Mapping[str, Sequence[Link]]) -> list[Stage]:
    """All jobs, in their order."""
    order = _order(script, links)
    position = {each.name: number for number, each in enumerate(order)}
    made: list[Stage] = []
    late: list[Stage] = []
    for target in order:
        if target.file is None:
            continue
        mine = links[target.name]
        here = position[target.name]
        early = tuple(link for link in mine if position.get(link.parent, -1) < here)
        rest = tuple(link for link in mine if link not in early)
        for part in target.file.slices:
            made += [Stage(target, action, part, early) for action in _actions(target)]
            late += [Stage(target, "link", part, rest)] if rest else []
    return [*made, *late]


def _actions(target: SfdmuObject) -> Iterator[Action]:
    """Records that are there are updated before others are inserted, so that no row is both."""
    if target.operation in ("Update", "Upsert") and not target.skips_existing:
        yield "update"
    if target.operation in ("Insert", "Upsert"):
        yield "insert"


def _order(script: SfdmuScript, links: Mapping[str, Sequence[Link]]) -> list[SfdmuObject]:
    left = list(script.objects)
    if script.keeps_order:
        return left
    order: list[SfdmuObject] = []
    while left:
        names = {each.name for each in left}
        free = (
            each
            for each in left
            if not ({link.parent for link in links[each.name]} & names - {each.name})
        )
        found = next(free, left[0])  # a cycle begins with the first object of the file
        order.append(found)
        left.remove(found)
    return order
