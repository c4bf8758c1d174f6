"""The orgs and runs that a person may see: those of the pools in which they have a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.access.roles import Role
from provisioner.config.unknown_pool import did_you_mean
from provisioner.errors import NoOrgError
from provisioner.report.record import find_record, unknown_run
from provisioner.report.summary import read_summary

if TYPE_CHECKING:
    from provisioner.access.context import AccessContext
    from provisioner.access.person import Person
    from provisioner.ledger.base import Org, Run
    from provisioner.report.record import RunRecord


def visible_orgs(context: AccessContext, person: Person) -> list[Org]:
    """All orgs that are not deleted."""
    role = context.access.role
    return [org for org in context.ledger.orgs() if role(person, org.pool) >= Role.VIEWER]


def visible_org(context: AccessContext, person: Person, username: str) -> Org:
    """One org. Raises NoOrgError, which does not say whether such an org is in another pool."""
    org = context.ledger.get(username)
    if org is not None and context.access.role(person, org.pool) >= Role.VIEWER:
        return org
    known = [each.username for each in visible_orgs(context, person)]
    raise NoOrgError(
        f"the ledger has no scratch org {username}",
        code="unknown_username",
        hint=did_you_mean(username.lower(), known) or "list the orgs",
    )


def visible_runs(context: AccessContext, person: Person, limit: int) -> list[Run]:
    """The newest runs, at most `limit`. One without an end names no pools: it needs all of them."""
    return [run for run in context.ledger.runs(limit=limit) if sees_run(context, person, run)]


def visible_record(context: AccessContext, person: Person, run_id: str) -> RunRecord:
    """The record of a run. Raises NoOrgError for one that is unknown, or not for this person."""
    record = find_record(context.ledger, run_id)
    orgs = context.ledger.find(sorted({event.username for event in record.events}))
    pools = {org.pool for org in orgs} | {pool.name for pool in record.summary.pools}
    role = context.access.role
    if not pools:
        pools = set(context.config.pools)
    if any(role(person, pool) < Role.VIEWER for pool in pools):
        raise unknown_run(run_id)
    return record


def sees_run(context: AccessContext, person: Person, run: Run) -> bool:
    """Whether a person may see a run: they need a role in all its pools."""
    pools = [pool.name for pool in read_summary(run).pools] or list(context.config.pools)
    return all(context.access.role(person, pool) >= Role.VIEWER for pool in pools)
