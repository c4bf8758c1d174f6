"""Repairs rows of the ledger that cannot be read or changed, before a build plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext


def repair(context: BuildContext, pools: Collection[str]) -> None:
    """Repair the rows of this build's `pools`, and of pools that nobody builds; report all.

    Another build may be writing to the rows of its pools. A pool that pool.yaml has is left to its
    own builds; one that it no longer has, only while it is locked.
    """
    ledger = context.ledger
    rows = ledger.orgs()
    others = {row.pool for row in ledger.broken() if row.pool} - {*pools}
    removed = others - {*context.config.pools}
    leave = others - (ledger.unlocked(removed) if removed else set())
    for row in ledger.repair(rows, leave=leave):
        text = f"{row.name}: repaired its broken row in the ledger: {row.why}"
        context.reporter.warn(text)
    for row in ledger.broken():
        context.reporter.warn(str(row))
