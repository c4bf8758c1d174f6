"""SourceMember: the changes of a scratch org, for source tracking (Tooling)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.problems import Outcome

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

SOURCE_MEMBER = "SourceMember"
_FILE_TYPES = {
    "AuraDefinitionBundle": "AuraDefinition",
    "LightningComponentBundle": "LightningComponentResource",
}


def note_members(org: EmulatedOrg, outcomes: Iterable[Outcome], user_id: str) -> None:
    """Add a row for each deployed or deleted component, if the org tracks its source."""
    known = org.store.find_type(SOURCE_MEMBER)
    if known is None or org.is_hub:
        return
    counter = max(
        (row["RevisionCounter"] or 0 for row in org.store.peek_rows(SOURCE_MEMBER)),
        default=0,
    )
    for outcome in outcomes:
        if not outcome.success or outcome.problem_type == "Warning":
            continue
        for kind, name in _members(outcome):
            counter += 1
            _note(org, outcome, (kind, name), user_id, counter)


def _members(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Type and name of each row of a component: bundles also have one for each file."""
    yield outcome.component_type, outcome.full_name
    file_type = _FILE_TYPES.get(outcome.component_type)
    if file_type is not None:
        for path in outcome.files:
            yield file_type, path.partition("/")[2]


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
