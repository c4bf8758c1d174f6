"""`assign_permission_sets`: permission sets, groups of them and licences, by API name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from provisioner.declare.options import Finding, option
from provisioner.plain_text import quantity
from provisioner.salesforce.batches import write
from provisioner.salesforce.permission_sets import GROUPS, LICENSES, SETS, Kind
from provisioner.salesforce.reads import answered
from provisioner.salesforce.users import named
from provisioner.steps import grants
from provisioner.steps.base import Done, Outcome, Pending, StartAgain, StepContext
from provisioner.steps.components import (
    NO_COMPONENTS,
    PERMISSION_SET,
    PERMISSION_SET_GROUP,
    Components,
    Need,
)
from provisioner.steps.persona_names import PERSONA
from provisioner.steps.personas import ids_of, usernames_of
from provisioner.steps.session_user import session_user_id

_WAIT = 2.0  # seconds; a group is usually calculated in one or two
_NAME = r"[A-Za-z]\w*"


@dataclass(frozen=True, kw_only=True)
class AssignPermissionSets:
    """Assigns permission set licences, permission sets and groups of them.

    They are for the user of the org, or for users that `create_users` has made. A group of `groups`
    that Salesforce has not calculated yet is waited for; one that `sets` names is an error.

    Safe to run twice: what a user has is queried first, and a second assignment, which Salesforce
    refuses, counts as done.
    """

    kind: ClassVar[str] = "assign_permission_sets"
    shorthand: ClassVar[str] = "sets"
    is_repeatable: ClassVar[bool] = True

    sets: tuple[str, ...] = option(
        "API names of permission sets; those of a package as ns__Name",
        default=(),
        minimum=1,
        pattern=_NAME,
        expects="an API name like Sales_Rep or ns__Sales_Rep",
        example=["Sales_Rep"],
    )
    groups: tuple[str, ...] = option(
        "API names of permission set groups; those of a package as ns__Name",
        default=(),
        minimum=1,
        pattern=_NAME,
        expects="an API name like Sales_Team or ns__Sales_Team",
        example=["Sales_Team"],
    )
    licenses: tuple[str, ...] = option(
        "developer names of permission set licences",
        default=(),
        minimum=1,
        pattern=_NAME,
        expects="a developer name like SalesConsoleUser",
        example=["SalesConsoleUser"],
    )
    users: tuple[str, ...] = option(
        "users that create_users has made, by persona; by default the user of the org",
        default=(),
        minimum=1,
        pattern=PERSONA,
        expects="the name of a persona like agent",
        example=["agent"],
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """A name that is listed twice is harmless, but a mistake."""
        if not (self.sets or self.groups or self.licenses):
            yield Finding("", "nothing is assigned; write sets, groups or licenses")
        for field in ("sets", "groups", "licenses", "users"):
            names = getattr(self, field)
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield Finding(f"{field}.{index}", f"{name} is listed twice", is_warning=True)

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """It brings nothing."""
        return NO_COMPONENTS

    def needs(self, directory: Path) -> Iterator[Need]:  # noqa: ARG002 - the contract
        """The permission sets and groups; licences come with the features of the org."""
        for field, kind in (("sets", PERMISSION_SET), ("groups", PERMISSION_SET_GROUP)):
            for index, name in enumerate(getattr(self, field)):
                yield Need(kind, name, f"{field}.{index}")

    def start(self, context: StepContext) -> Outcome:
        """Assign what the users do not have; licences first, because sets may need them."""
        org, usernames = context.org, {"": context.username}
        if self.users:
            usernames = usernames_of(context, self.users)
        wanted = grants.Wanted(self._names(), tuple(usernames.values()))
        if self.users:
            people, *answers = answered(org, [named(wanted.usernames), *wanted.reads])
            users = ids_of(usernames, dict(people))
        else:
            answers, users = answered(org, wanted.reads), {"": session_user_id(context)}
        found = wanted.found(org, answers)
        if found.late:
            groups = ", ".join(found.late)
            note = f"Salesforce has not calculated the permission set group yet: {groups}"
            return Pending(StartAgain(), note=note, wait=_WAIT)
        missing = grants.Assignments(users, found)
        counts = missing.counts(org, write(org, missing.batches))
        return Done(f"assigned {', '.join(quantity(n, kind.label) for kind, n in counts.items())}")

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Read and assign again; only a group is ever waited for."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """The names, and whom they are for."""
        return list(self._inputs())

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:  # noqa: ARG002 - the contract
        """The names; the content of none matters."""
        return [(part.decode(), b"") for part in self._inputs()]

    def _inputs(self) -> Iterator[bytes]:
        yield from (name.encode() for name in sorted(set(self.sets)))
        for field in ("groups", "licenses", "users"):
            for name in sorted(set(getattr(self, field))):
                yield f"{field} {name}".encode()

    def _names(self) -> Mapping[Kind, tuple[str, ...]]:
        return {LICENSES: self.licenses, SETS: self.sets, GROUPS: self.groups}
