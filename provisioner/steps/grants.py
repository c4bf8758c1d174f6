"""Gives users permission sets, groups of them and licences, as steps name them in pool.yaml.

Source: docs/reference/permission-sets.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind
from provisioner.salesforce import permission_sets
from provisioner.salesforce.permission_sets import GROUPS, LICENSES, SETS, Kind
from provisioner.steps.base import StepFailed

if TYPE_CHECKING:
    from provisioner.errors import SalesforceError
    from provisioner.salesforce.org import OrgClient

Found = Mapping[Kind, Mapping[str, str]]
"""What to assign: the ids by name, for each kind in the order of the assignments."""

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


def find(
    org: OrgClient, names: Mapping[Kind, Collection[str]], group_hint: str = _WRITE_GROUPS
) -> Found:
    """The ids of all names.

    Raises StepFailed for unknown ones, with the most similar names; for a permission set among
    groups; and for a group among permission sets, where `group_hint` says what to write instead.
    """
    found = {kind: permission_sets.matches(org, some, kind) for kind, some in names.items() if some}
    unknown = {kind: sorted(set(names[kind]) - ids.keys()) for kind, ids in found.items()}
    unknown = {kind: some for kind, some in unknown.items() if some}
    _refuse_groups([n for n, one in found.get(SETS, {}).items() if one.is_group], group_hint)
    if not unknown:
        return {kind: {name: one.id for name, one in some.items()} for kind, some in found.items()}
    _refuse_sets(org, unknown.get(GROUPS, []))
    raise StepFailed(
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


def groups_in_progress(org: OrgClient, names: Collection[str]) -> list[str]:
    """The groups that Salesforce has not calculated yet: `Sales (Outdated)`.

    Raises StepFailed for one that it could not calculate.
    """
    states = permission_sets.group_states(org, names)
    failed = sorted(name for name, state in states.items() if state == "Failed")
    if failed:
        raise StepFailed(
            f"the permission set group {', '.join(failed)} has the status Failed: its permissions "
            "could not be calculated",
            hint=_FAILED_GROUP,
        )
    return sorted(f"{name} ({state})" for name, state in states.items() if state != "Updated")


def assign(org: OrgClient, users: Mapping[str, str], found: Found) -> dict[Kind, int]:
    """Assign everything that the users do not have; how much of each kind was assigned.

    `users` are ids by persona, "" for the org's own user. Raises StepFailed for what Salesforce
    refuses, after everything of that kind was tried.
    """
    counts = {}
    for kind, ids in found.items():
        wanted = 0
        refused: dict[tuple[str, str], SalesforceError] = {}
        for persona, user in users.items():
            has = permission_sets.assigned(org, user, ids.values(), kind)
            missing = sorted(set(ids.values()) - has)
            wanted += len(missing)
            errors = permission_sets.assign(org, user, missing, kind) if missing else {}
            refused |= {(persona, one): error for one, error in errors.items()}
        if refused:
            raise _refusal(org, kind, ids, wanted, refused)
        counts[kind] = wanted
    return counts


def _refusal(
    org: OrgClient,
    kind: Kind,
    ids: Mapping[str, str],
    wanted: int,
    refused: Mapping[tuple[str, str], SalesforceError],
) -> StepFailed:
    names = {one: name for name, one in ids.items()}
    errors = list(refused.values())
    if all(permission_sets.NOT_UPDATED in str(error).lower() for error in errors):
        return _not_calculated(org, sorted({names[one] for _, one in refused}))
    kinds = {error.kind for error in errors}
    is_used_up = any(error.error_code == _NO_LICENSE_LEFT for error in errors)
    return StepFailed(
        f"{len(refused)} of {wanted} {kind.label}s were not assigned",
        details=[
            f"{f'{persona}: ' if persona else ''}{names[one]}: {error}"
            for (persona, one), error in refused.items()
        ],
        kind=ErrorKind.TRANSIENT if kinds == {ErrorKind.TRANSIENT} else ErrorKind.CONTENT,
        hint="the org has no free licence of this kind; assign it to fewer users" * is_used_up,
    )


def _not_calculated(org: OrgClient, names: list[str]) -> StepFailed:
    """The groups among permission sets that were refused because of their status.

    Salesforce recalculates a group after its deploy, usually within seconds; only then can it be
    assigned.
    """
    late = groups_in_progress(org, names)
    shown = ", ".join(late or names)  # all may be updated since the refusal
    return StepFailed(
        f"Salesforce has not calculated the permission set group yet: {shown}",
        kind=ErrorKind.TRANSIENT,
    )
