"""Gives users permission sets, groups of them and licences, as steps name them in pool.yaml.

Source: docs/reference/permission-sets.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from provisioner.errors import ErrorKind
from provisioner.salesforce import permission_sets
from provisioner.salesforce.permission_sets import (
    GROUPS,
    LICENSES,
    SETS,
    Assignment,
    Kind,
    Match,
    assignments,
    held,
    matching,
    refusals,
)
from provisioner.steps.base import StepFailed

if TYPE_CHECKING:
    from provisioner.errors import SalesforceError
    from provisioner.salesforce.batches import Batch
    from provisioner.salesforce.fields import Row
    from provisioner.salesforce.org import OrgClient
    from provisioner.salesforce.reads import Read

_NOT_FOUND = {
    SETS: "install or deploy it in an earlier step (install_package or deploy_source)",
    GROUPS: "install or deploy it in an earlier step (install_package or deploy_source)",
    LICENSES: "the edition or the features of the org definition, or a package, bring the licence",
}
_WRITE_GROUPS = "write assign_permission_sets: {{ groups: [{names}] }}"
_FAILED_GROUP = (
    "Setup, Permission Set Groups shows what is missing: a licence or feature of the "
    "org that one of its permission sets needs, or a permission that another requires"
)
_NO_LICENSE_LEFT = "LICENSE_LIMIT_EXCEEDED"


@dataclass(frozen=True)
class Found:
    """What the org has of what is wanted."""

    ids: Mapping[Kind, Mapping[str, str]]  # by name, kinds in the order of the assignments
    held: Collection[Assignment]  # what the users have
    late: Sequence[str]  # groups that Salesforce has not calculated yet: `Sales (Outdated)`


@dataclass(frozen=True)
class Wanted:
    """What users get: names by kind, in the order of the assignments."""

    names: Mapping[Kind, Collection[str]]
    usernames: Collection[str]
    group_hint: str = _WRITE_GROUPS  # what to write for a group among permission sets

    @property
    def reads(self) -> list[Read[Any]]:
        """What the org is asked; `found` gets the answers."""
        matches = [matching(self.names[kind], kind) for kind in self._kinds]
        objects = {kind.assignment: kind for kind in self._kinds}
        return [*matches, *(held(self.usernames, kind) for kind in objects.values())]

    def found(self, org: OrgClient, answers: Sequence[Any]) -> Found:
        """Raises StepFailed for unknown names, with the most similar ones; for a permission set
        among groups; for a group among permission sets; and for a group that has failed.
        """
        kinds = self._kinds
        matches: dict[Kind, dict[str, Match]] = dict(zip(kinds, answers, strict=False))
        unknown = {kind: sorted(set(self.names[kind]) - some.keys())
                   for kind, some in matches.items()}  # fmt: skip
        unknown = {kind: some for kind, some in unknown.items() if some}
        refuse = [name for name, one in matches.get(SETS, {}).items() if one.is_group]
        _refuse_groups(refuse, self.group_hint)
        if unknown:
            _refuse_sets(org, unknown.get(GROUPS, []))
            raise _unknown(org, unknown)
        return Found(
            {kind: {name: one.id for name, one in some.items()} for kind, some in matches.items()},
            set[Assignment]().union(*answers[len(kinds) :]),
            _late({name: one.status for name, one in matches.get(GROUPS, {}).items()}),
        )

    @property
    def _kinds(self) -> list[Kind]:
        return [kind for kind, names in self.names.items() if names]


def _unknown(org: OrgClient, unknown: Mapping[Kind, list[str]]) -> StepFailed:
    return StepFailed(
        "; ".join(f"{k.label}s not found in the org: {', '.join(n)}" for k, n in unknown.items()),
        details=_advices(org, unknown),
        hint="; ".join(dict.fromkeys(_NOT_FOUND[kind] for kind in unknown)),
    )


def _refuse_groups(names: list[str], hint: str) -> None:
    """A group can be assigned only once it is calculated, which is waited for under `groups`."""
    if names:
        shown = ", ".join(sorted(names))
        raise StepFailed(
            f"not a permission set but a permission set group: {shown}",
            hint=hint.format(names=shown),
        )


def _refuse_sets(org: OrgClient, names: list[str]) -> None:
    found = permission_sets.find(org, names) if names else {}
    if found:
        shown = ", ".join(sorted(found))
        raise StepFailed(
            f"not a permission set group but a permission set: {shown}",
            hint=f"write assign_permission_sets: {{ sets: [{shown}] }}",
        )


def _advices(org: OrgClient, unknown: Mapping[Kind, list[str]]) -> Iterator[str]:
    for kind, names in unknown.items():
        known = permission_sets.all_names(org, kind)
        yield from (advice(name, known) for name in names)


def advice(name: str, known: Collection[str]) -> str:
    """The most similar names, with or without namespace, in any case."""
    plain = {full.rpartition("__")[2].lower(): full for full in known}
    plain |= {full.lower(): full for full in known}
    near = [plain[match] for match in get_close_matches(name.lower(), plain, 3, 0.6)]
    if near:
        return f"{name}: did you mean {' or '.join(dict.fromkeys(near))}?"
    return f"{name}: no similar name; the org has {', '.join(sorted(known)[:10]) or 'none'}"


def _late(states: Mapping[str, str]) -> list[str]:
    """The groups that Salesforce has not calculated yet. Raises StepFailed for a failed one."""
    failed = sorted(name for name, state in states.items() if state == "Failed")
    if failed:
        raise StepFailed(
            f"the permission set group {', '.join(failed)} has the status Failed: its permissions "
            "could not be calculated",
            hint=_FAILED_GROUP,
        )
    return sorted(f"{name} ({state})" for name, state in states.items() if state != "Updated")


@dataclass(frozen=True)
class Assignments:
    """Everything of `found` that users do not have."""

    users: Mapping[str, str]  # ids by persona, "" for the org's own user
    found: Found
    sets: Mapping[str, Collection[str]] | None = None  # by persona; None: all, for each of them

    @property
    def batches(self) -> list[Batch]:
        """What is sent, kinds in their order."""
        return assignments([(kind, one) for kind, some in self._missing.items() for one in some])

    def counts(self, org: OrgClient, results: Sequence[Sequence[Row]]) -> dict[Kind, int]:
        """How much of each kind was assigned. Raises StepFailed for what Salesforce refuses."""
        refused = refusals(self.batches, results)
        for kind, some in self._missing.items():
            if errors := {one: refused[one] for one in some if one in refused}:
                raise self._refusal(org, kind, len(some), errors)
        return {kind: len(some) for kind, some in self._missing.items()}

    @property
    def _missing(self) -> dict[Kind, list[Assignment]]:
        return {
            kind: [
                one
                for persona, user in self.users.items()
                for one in (Assignment(user, what) for what in self._wanted(persona, ids))
                if one not in self.found.held
            ]
            for kind, ids in self.found.ids.items()
        }

    def _wanted(self, persona: str, ids: Mapping[str, str]) -> list[str]:
        names = ids if self.sets is None else self.sets[persona]
        return sorted({ids[name] for name in names})

    def _refusal(
        self, org: OrgClient, kind: Kind, wanted: int, refused: Mapping[Assignment, SalesforceError]
    ) -> StepFailed:
        names = {one: name for name, one in self.found.ids[kind].items()}
        personas = {user: f"{persona}: " * bool(persona) for persona, user in self.users.items()}
        errors = list(refused.values())
        if all(permission_sets.NOT_UPDATED in str(error).lower() for error in errors):
            return _not_calculated(org, sorted({names[one.what] for one in refused}))
        kinds = {error.kind for error in errors}
        is_used_up = any(error.error_code == _NO_LICENSE_LEFT for error in errors)
        return StepFailed(
            f"{len(refused)} of {wanted} {kind.label}s were not assigned",
            details=[
                f"{personas[one.user]}{names[one.what]}: {error}" for one, error in refused.items()
            ],
            kind=ErrorKind.TRANSIENT if kinds == {ErrorKind.TRANSIENT} else ErrorKind.CONTENT,
            hint="the org has no free licence of this kind; assign it to fewer users" * is_used_up,
        )


def _not_calculated(org: OrgClient, names: list[str]) -> StepFailed:
    """The groups among permission sets that were refused because of their status.

    Salesforce recalculates a group after its deploy, usually within seconds; only then can it be
    assigned.
    """
    late = _late(permission_sets.group_states(org, names))
    shown = ", ".join(late or names)  # all may be updated since the refusal
    return StepFailed(
        f"Salesforce has not calculated the permission set group yet: {shown}",
        kind=ErrorKind.TRANSIENT,
    )
