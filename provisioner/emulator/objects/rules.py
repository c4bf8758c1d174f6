"""Rules: side effects of reading or changing records of some types.

Sign-up, permission set assignment and package install are implemented as rules: the resources
insert, update and delete records without special cases for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from provisioner.emulator.objects.records import Owner, Record

if TYPE_CHECKING:
    from provisioner.emulator.objects.rows import Rows
    from provisioner.emulator.objects.schema import ObjectType

Event = Literal[
    "before insert", "after insert", "before update", "after update", "before delete",
    "after delete",
]  # fmt: skip


@dataclass
class Change:
    """One change of one record, as rules get it."""

    store: Rows
    type: ObjectType
    record: Record  # as it will be; rules before the change may set fields; on delete as it was
    old: Record | None  # as it was; None on insert
    user_id: str
    given: frozenset[str] = frozenset()  # the fields that the client named


Rule = Callable[[Any, Change], None]
ReadRule = Callable[[Any, Record], None]
"""Both get the EmulatedOrg first; its class is in a layer above and cannot be named here."""

TypeMaker = Callable[[Any, str], "ObjectType | None"]
TYPE_MAKERS: list[TypeMaker] = []
"""Asked in turn for the type of a name that an org does not know; each gets the EmulatedOrg."""

RULES: dict[tuple[str, Event], list[Rule]] = defaultdict(list)
READ_RULES: dict[str, list[ReadRule]] = defaultdict(list)


def rule(type_name: str, event: Event) -> Callable[[Rule], Rule]:
    """Register a rule: it may raise RecordError to refuse the change (all of it is undone).

    A rule of the type `*` runs for records of every type.
    """

    def register(function: Rule) -> Rule:
        RULES[type_name, event].append(function)
        return function

    return register


def on_insert(type_name: str) -> Callable[[Rule], Rule]:
    """After the insert of a record of this type."""
    return rule(type_name, "after insert")


def on_update(type_name: str) -> Callable[[Rule], Rule]:
    """After the update of a record of this type."""
    return rule(type_name, "after update")


def on_delete(type_name: str) -> Callable[[Rule], Rule]:
    """After the delete of a record of this type."""
    return rule(type_name, "after delete")


def on_read(type_name: str) -> Callable[[ReadRule], ReadRule]:
    """Before records of this type are read, at most once per request and record.

    It is called with the org and the record. Operations that take time progress here: the rule
    polls their Progression, and notes the new state by `org.store.set_fields`.
    """

    def register(function: ReadRule) -> ReadRule:
        READ_RULES[type_name].append(function)
        return function

    return register


def run(org: Owner, event: Event, change: Change) -> None:
    """Run the rules of an event in the org of the record, those of any type first."""
    for function in (*RULES.get(("*", event), ()), *RULES.get((change.type.name, event), ())):
        function(org, change)


def fields_changed(change: Change) -> set[str]:
    """The names of the fields whose values an update changes."""
    before: dict[str, Any] = change.old or {}
    return {name for name, value in change.record.items() if before.get(name) != value}
