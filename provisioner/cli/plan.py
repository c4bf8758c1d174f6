"""`provisioner plan`: shows what a build would do now, why, and what it costs."""

from __future__ import annotations

from provisioner.cli.build import PoolsArgument
from provisioner.cli.invocation import Invocation


def command(call: Invocation, pools: PoolsArgument = None) -> None:
    """Show what a build would do now, why, and what it costs.

    The command reads the Dev Hub's limits and package versions, and changes nothing. Its forecast
    uses the times that `check --probe` has measured.
    """
    from provisioner.builder.planning import preview
    from provisioner.builder.selection import select_pools
    from provisioner.cli.pools import warn_of_broken
    from provisioner.ledger import open_ledger
    from provisioner.report.estimate import estimate
    from provisioner.report.plan import plan_document, plan_text

    config = call.load()
    chosen = select_pools(config, pools)
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        config, plans = preview(config, chosen, ledger, call.output.warn)
        facts = ledger.facts(config.facts_subject)
        cost = estimate(config, plans, ledger.runs(limit=20), facts)
        warn_of_broken(call, ledger)
    finally:
        ledger.close()
    call.output.result(plan_text(config, plans, cost), plan_document(config, plans, cost))
