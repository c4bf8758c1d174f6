"""Deletes orgs for a build: the row first, then the org; and lists them with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.plan import Removal
from provisioner.upkeep.deletion import delete_orgs, mark_for_deletion

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org


def delete(context: BuildContext, removals: Sequence[Removal]) -> list[Org]:
    """Delete these orgs; returns those that are deleted. One that is claimed meanwhile is kept.

    What cannot be deleted now is reported, and stays marked for deletion.
    """
    now = context.now()
    wanted = {r.org.username: r.reason for r in removals}
    marked = [
        org
        for r in removals
        if (org := mark_for_deletion(context.ledger, r.org, r.reason, now=now))
    ]
    if not marked:
        return []
    outcome = delete_orgs(context.connections.hub, context.ledger, marked)
    context.progress.delete(Removal(org, wanted[org.username]) for org in outcome.deleted)
    for org, why in outcome.left:
        warn_not_deleted(context, org, why)
    return outcome.deleted


def warn_not_deleted(context: BuildContext, org: Org, why: str) -> None:
    """Report that an org is still there."""
    text = f"{org.username} could not be deleted; the next build or reap tries again: {why}"
    context.reporter.warn(text)


def why_deleted(org: Org) -> str:
    """Why an org that is marked for deletion is deleted: its error, or its state."""
    return org.error.partition("\n")[0] or org.state.value
