"""SourceMember: the changes of a scratch org, for source tracking (Tooling)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.component_types import TRACKED_PARTS
from provisioner.emulator.metadata.problems import Outcome
from provisioner.emulator.metadata.profiles import ADMIN, STANDARD_PROFILES, SUBJECT_TYPES
from provisioner.emulator.metadata.tracked_names import FILE_TYPES, tracked_names

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

SOURCE_MEMBER = "SourceMember"


def note_members(org: EmulatedOrg, outcomes: Iterable[Outcome], user_id: str) -> None:
    """Add a row for each changed or deleted component, if the org tracks its source.

    What a deploy leaves as it was gets no new revision. A change of a component about which
    profiles say something also changes the administrators' profile (forcedotcom/cli#3612, and
    the tests "tracking" of plugin-deploy-retrieve).
    """
    if org.store.find_type(SOURCE_MEMBER) is None or org.is_hub:
        return
    changed = [one for one in outcomes if one.success and _is_change(one)]
    members = [(one, *member) for one in changed for member in _members(org, one)]
    if any(one.component_type in SUBJECT_TYPES for one in changed):
        members += [(one, "Profile", ADMIN) for one in _administrators(org, changed)]
    for revision, (outcome, kind, name) in enumerate(members, _last_revision(org) + 1):
        _note(org, outcome, (kind, name), user_id, revision)


def _is_change(outcome: Outcome) -> bool:
    return outcome.problem_type != "Warning" and (outcome.is_changed or outcome.is_deleted)


def _administrators(org: EmulatedOrg, changed: list[Outcome]) -> Iterator[Outcome]:
    """The change of their profile, unless the deploy itself has it."""
    if not any((one.component_type, one.full_name) == ("Profile", ADMIN) for one in changed):
        rows = org.store.find_by("Profile", "Name", STANDARD_PROFILES[ADMIN])
        for row in rows:
            yield Outcome("Profile", ADMIN, "", id=row["Id"], is_changed=True)


def _last_revision(org: EmulatedOrg) -> int:
    """Revisions only grow, although clients set the counter of a row back to 0."""
    rows = org.store.peek_rows(SOURCE_MEMBER)
    numbers = (row.get(name) or 0 for row in rows for name in ("RevisionCounter", "RevisionNum"))
    return max(numbers, default=0)


def _members(org: EmulatedOrg, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Type and name of each row of a component, with those of its parts if it is deleted."""
    yield from tracked_names(outcome)
    if outcome.is_deleted:
        yield from _parts(org, outcome)


def _parts(org: EmulatedOrg, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """The rows of the files of a bundle, and of the parts that are deleted with a component."""
    kind = outcome.component_type
    part_type = FILE_TYPES.get(kind) or TRACKED_PARTS.get(kind)
    prefixes = (f"{outcome.full_name}/", f"{outcome.full_name}.")
    for row in org.store.find_by(SOURCE_MEMBER, "MemberType", part_type) if part_type else ():
        is_part = kind == "CustomLabels" or row["MemberName"].startswith(prefixes)
        if is_part and not row["IsNameObsolete"]:
            yield str(part_type), row["MemberName"]


def _note(
    org: EmulatedOrg, outcome: Outcome, member: tuple[str, str], user_id: str, counter: int
) -> None:
    kind, name = member
    values = {
        "ChangedBy": to_15(user_id),
        "IsNameObsolete": outcome.is_deleted,
        "IsNewMember": outcome.is_created,
        "LastModifiedDate": state.now(org),
        "MemberIdOrName": outcome.id or name,
        "MemberName": name,
        "MemberType": kind,
        "RevisionCounter": counter,
        "RevisionNum": counter,
    }
    fields = org.store.types[SOURCE_MEMBER].fields
    row = {name: value for name, value in values.items() if name in fields}
    same = org.store.find_by(SOURCE_MEMBER, "MemberName", name)
    known = next((one for one in same if one["MemberType"] == kind), None)
    if known is None:
        org.store.add(SOURCE_MEMBER, row, user_id=user_id)
    else:
        org.store.set_fields(SOURCE_MEMBER, known["Id"], row)
