"""Deletes orgs that are failed, released, expired or past their lease, and orphans.

An *orphan* is a scratch org that has this project's ownership tag and no row in the ledger, or only
that of a deleted org: the ledger was lost, or a sign-up arrived after its build had been stopped.
Orgs without this project's tag are never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.ledger.base import TO_DELETE, UNFINISHED, Ledger, Org, State
from provisioner.steps.persona_names import is_persona, user_rows
from provisioner.upkeep.deletion import delete_orgs, mark_for_deletion
from provisioner.upkeep.ownership_tag import project_identity, read_tag

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.broken import BrokenRow
    from provisioner.salesforce.active_orgs import ActiveOrg
    from provisioner.salesforce.hub import DevHub


NOT_CLAIMED = UNFINISHED | {State.AVAILABLE}


@dataclass(frozen=True)
class Reaped:
    """One org, why it is to be deleted, and why it could not be deleted (yet)."""

    org: Org  # of an orphan: made from its record on the Dev Hub
    reason: str
    is_orphan: bool = False
    left_because: str = ""


def to_reap(
    rows: Sequence[Org],
    now: datetime,
    gone: Sequence[Org] = (),
    *,
    kept: bool = False,
    removed: Collection[str] = (),
) -> list[Reaped]:
    """The orgs that `reap` deletes, by their rows; unfinished orgs are left to the next build.

    `gone` are rows whose orgs are deleted according to the Dev Hub. `kept`: also failed orgs that
    were kept for inspection. `removed`: also the available and unfinished orgs of these pools.
    """
    deleted = {org.username for org in gone}
    found = [
        (org, "no longer on the Dev Hub" if org.username in deleted else _reason(org, now, kept))
        for org in rows
    ]
    is_left = {org.username for org, reason in found if not reason and org.state in NOT_CLAIMED}
    found += [
        (org, f"pool.yaml does not have the pool {org.pool}")
        for org in rows
        if org.pool in removed and org.username in is_left
    ]
    return [Reaped(org, reason) for org, reason in found if reason]


def _reason(org: Org, now: datetime, kept: bool) -> str:
    is_expired = org.expires_at is not None and org.expires_at <= now
    if org.state in TO_DELETE and (kept or not org.kept or is_expired):
        state = f"{org.state}, kept" if org.kept else str(org.state)
        first_line = org.error.partition("\n")[0]
        return f"{state}: {first_line}" if first_line else state
    if org.state in (State.AVAILABLE, State.CLAIMED) and is_expired:
        return f"expired at {org.expires_at:%Y-%m-%d %H:%M} UTC"
    if org.state is State.CLAIMED and org.lease_until and _has_ended(org, org.lease_until, now):
        return f"the lease of {org.owner} ended at {org.lease_until:%Y-%m-%d %H:%M} UTC"
    return ""


def _has_ended(org: Org, lease_until: datetime, now: datetime) -> bool:
    """Whether a lease has ended. One that ends before the org was available has a wrong time."""
    is_possible = org.available_at is None or lease_until > org.available_at
    return is_possible and lease_until <= now


def rows_for(config: PoolFile, active: Sequence[ActiveOrg], ledger: Ledger) -> list[Org]:
    """All rows that are not deleted, and the rows of deleted orgs that are in `active`."""
    rows = ledger.orgs()
    known, project = {row.username for row in rows}, project_identity(config)
    missing = [org for org in active if org.username not in known]
    tags = {org.username: read_tag(org.description) for org in missing}
    ours = [name for name, tag in tags.items() if tag is not None and tag.project == project]
    return rows + (ledger.find(ours) if ours else [])


def orphans(
    config: PoolFile,
    active: Sequence[ActiveOrg],
    rows: Sequence[Org],
    broken: Sequence[BrokenRow],
) -> list[tuple[ActiveOrg, Org]]:
    """Active orgs with this project's tag and without an open row; with rows made from the tag.

    `active` must have been read before `rows` (`rows_for`): a build commits a row before it signs
    up the org, so an org in `active` of a running build is in `rows`. `broken` are rows that could
    not be read: their orgs are no orphans. If the username of one cannot be read, the row may be
    that of any org, and no org is an orphan.
    """
    if any(not row.username for row in broken):
        return []
    unread = {row.username.lower() for row in broken}
    active = [org for org in active if org.username.lower() not in unread]
    known = {row.username: row for row in rows}
    by_sign_up = {row.signup_id for row in rows if row.signup_id and row.state is not State.DELETED}
    project = project_identity(config)
    found = []
    for org in active:
        tag = read_tag(org.description)
        if tag is None or tag.project != project or org.sign_up.id in by_sign_up:
            continue
        row = known.get(org.username)
        if row is not None and row.state is not State.DELETED:
            continue
        found.append(
            (
                org,
                Org(
                    username=org.username,
                    pool=tag.pool,
                    state=State.FAILED,
                    run=tag.run,
                    definition=tag.definition,
                    fingerprint=tag.fingerprint,
                    signup_id=org.sign_up.id,
                    org_id=org.sign_up.org_id,
                    login_url=org.sign_up.login_url,
                    instance_url=org.sign_up.login_url,
                    users=user_rows(org.username, filter(is_persona, tag.users.split(","))),
                ),
            )
        )
    return found


def orphan_reasons(found: Sequence[tuple[ActiveOrg, Org]], rows: Sequence[Org]) -> list[Reaped]:
    """Why each orphan is to be deleted."""
    closed: Mapping[str, Org] = {row.username: row for row in rows}
    reaped = []
    for org, row in found:
        if org.username in closed:
            reason = "orphan: deleted according to the ledger, but active on the Dev Hub"
        elif org.is_signed_up:
            reason = "orphan: it has this project's ownership tag, but no row in the ledger"
        else:
            reason = "orphan: its sign-up is in progress, but it has no row in the ledger"
        reaped.append(Reaped(row, reason, is_orphan=True))
    return reaped


def reap(hub: DevHub, ledger: Ledger, found: Sequence[Reaped], now: datetime) -> list[Reaped]:
    """Delete them, with a few Dev Hub requests for all; skip an org that changed meanwhile."""
    marked = []
    for item in found:
        if (
            item.is_orphan
            or (org := mark_for_deletion(ledger, item.org, item.reason, now=now)) is None
        ):
            continue
        marked.append(org)
    by_name = {item.org.username: item for item in found}
    outcome = delete_orgs(hub, ledger, marked)
    done = [Reaped(org, by_name[org.username].reason) for org in outcome.deleted]
    done += [Reaped(org, by_name[org.username].reason, False, why) for org, why in outcome.left]
    return done + _delete_orphans(hub, [item for item in found if item.is_orphan])


def _delete_orphans(hub: DevHub, found: Sequence[Reaped]) -> list[Reaped]:
    """Delete orgs that have no row; one that is not active yet is left."""
    ready = [item for item in found if item.org.org_id]
    refused = hub.delete_orgs([item.org.org_id for item in ready]) if ready else {}
    done = [Reaped(item.org, item.reason, True, refused.get(item.org.org_id, "")) for item in ready]
    early = "it is not active yet; run `provisioner reap` again later"
    return done + [Reaped(i.org, i.reason, True, early) for i in found if not i.org.org_id]
