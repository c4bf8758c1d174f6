"""Deletes orgs for a build: the row first, then the org; and keeps a list of them, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.plan import Removal
from provisioner.upkeep.deletion import delete_orgs, mark_for_deletion

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org


def delete(context: BuildContext, removals: Sequence[Removal]) -> list[Org]:
    """Delete these orgs; those that are deleted. One that somebody has claimed meanwhile stays.

    What cannot be deleted now is told, and stays in a state of which nobody gets it.
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
    with context.lock:
        context.deleted += [Removal(org, wanted[org.username]) for org in outcome.deleted]
    for org, why in outcome.left:
        context.say(
            f"{org.username} could not be deleted; the next build or reap tries again: {why}",
            is_warning=True,
        )
    return outcome.deleted


def why_deleted(org: Org) -> str:
    """Why an org that is to be deleted anyway is: its error, or its state."""
    return org.error.partition("\n")[0] or org.state.value
