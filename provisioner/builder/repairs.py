"""Repairs rows of the ledger that cannot be read or changed, before a build plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from provisioner.upkeep.builders import of_other_builds

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext


def repair(context: BuildContext, pools: Collection[str]) -> None:
    """Repair the rows of this build's `pools`, and of pools that nobody builds; report all.

    Another build may be writing to the rows of its pools.
    """
    ledger = context.ledger
    rows = ledger.orgs()
    found = {row.pool for row in ledger.broken() if row.pool}
    leave = of_other_builds(context.config, ledger, found, pools)
    for row in ledger.repair(rows, leave=leave):
        text = f"{row.name}: repaired its broken row in the ledger: {row.why}"
        context.reporter.warn(text)
    for row in ledger.broken():
        context.reporter.warn(str(row))
