"""The rows of orgs that `check --probe` signs up: to be deleted from the start, and in no pool.

The row of such an org is `failed` before the sign-up is sent, so that the next `build` or `reap`
deletes what a killed probe leaves. No pool of pool.yaml can have the name of its pool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.ledger.base import TO_DELETE

if TYPE_CHECKING:
    from provisioner.ledger.base import Org

POOL = "check --probe"
REASON = "signed up by check --probe"


def is_probe(org: Org) -> bool:
    """Whether a probe has signed up this org."""
    return org.pool == POOL


def left_by_probes(rows: Iterable[Org]) -> list[Org]:
    """The orgs that a killed probe has left, or that could not be deleted at its end."""
    return [row for row in rows if is_probe(row) and row.state in TO_DELETE]
