"""SourceMember: what has changed in a scratch org, as source tracking asks for it (Tooling)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.problems import Outcome

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

SOURCE_MEMBER = "SourceMember"


def note_members(org: EmulatedOrg, outcomes: Iterable[Outcome], user_id: str) -> None:
    """A row for each component that was deployed or deleted; orgs without tracking have none."""
    known = org.store.find_type(SOURCE_MEMBER)
    if known is None or org.is_hub:
        return
    counter = max(
        (row["RevisionCounter"] or 0 for row in org.store.peek_rows(SOURCE_MEMBER)),
        default=0,
    )
    for outcome in outcomes:
        if outcome.success and not (outcome.problem and outcome.problem_type == "Warning"):
            counter += 1
            _note(org, outcome, user_id, counter)


def _note(org: EmulatedOrg, outcome: Outcome, user_id: str, counter: int) -> None:
    user = org.store.peek("User", user_id)
    values = {
        "ChangedBy": user["Name"] if user else None,
        "IsNameObsolete": outcome.is_deleted,
        "IsNewMember": outcome.is_created,
        "LastModifiedDate": state.now(org),
        "MemberIdOrName": outcome.id or outcome.full_name,
        "MemberName": outcome.full_name,
        "MemberType": outcome.component_type,
        "RevisionCounter": counter,
        "RevisionNum": counter,
    }
    fields = org.store.types[SOURCE_MEMBER].fields
    row = {name: value for name, value in values.items() if name in fields}
    same = org.store.find_by(SOURCE_MEMBER, "MemberName", outcome.full_name)
    known = next((one for one in same if one["MemberType"] == outcome.component_type), None)
    if known is None:
        org.store.add(SOURCE_MEMBER, row, user_id=user_id)
    else:
        org.store.set_fields(SOURCE_MEMBER, known["Id"], row)
