"""Orgs whose first session was lost with the process that held it: they are replaced.

Their tokens were in memory only (`provisioner.steps.login_app`), and nobody can revoke them or log
in any more. The rows fail before the plan is made, so that the plan deletes the orgs and counts
their successors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.builder.first_logins import has_first_session
from provisioner.builder.lifecycle import RowLostError
from provisioner.ledger.base import Org, State
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

WHY = "login app: the build that was setting it up has ended, and nobody can log in to the org"


def fail_lost(context: BuildContext, adopted: Sequence[Org]) -> list[Org]:
    """`adopted` without the orgs that nobody can log in to; their rows become failed."""
    lost = [org for org in adopted if org.state is State.BUILDING and has_first_session(org)]
    for org in lost:
        try:
            context.lifecycle.fail(org, WHY, kept=False)
        except RowLostError:
            continue
    if lost:
        orgs = quantity(len(lost), "org")
        context.reporter.warn(
            f"{orgs}: an earlier build was interrupted before the login app was complete; nobody "
            "can log in, so they are deleted and replaced, at the cost of one sign-up each"
        )
    return [org for org in adopted if org not in lost]
