"""What only the whole of a pool.yaml shows, once all of its parts are valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.config.model import PoolFile
from provisioner.config.step_needs import need_findings
from provisioner.declare.options import Finding
from provisioner.ledger.facts import HubFacts
from provisioner.plain_text import quantity

FactsOf = Callable[[PoolFile], HubFacts]
"""What is known of the Dev Hub of a pool.yaml."""


def whole_findings(config: PoolFile, facts_of: FactsOf | None) -> Iterator[Finding]:
    """Warnings: what no step brings, and with `facts_of` sizes that the Dev Hub does not allow."""
    yield from need_findings(config)
    if facts_of is not None:
        yield from _hub_findings(config, facts_of(config))


def _hub_findings(config: PoolFile, facts: HubFacts) -> Iterator[Finding]:
    wanted = sum(pool.size for pool in config.pools.values())
    for most, kept, key, noun, more in (
        (facts.active_limit, config.limits.keep_active, "keep_active", "active scratch org", ""),
        (facts.daily_limit, config.limits.keep_daily, "keep_daily", "sign-up", " in 24 hours"),
    ):
        if most is None or not wanted:
            continue
        allowed = f"the Dev Hub allows {quantity(most, noun)}{more}"
        if most <= kept:
            text = f"leaves none for the pools: {allowed}; write less"
            yield Finding(f"limits.{key}", text, is_warning=True)
        elif wanted > most - kept:
            reserved = f", and limits.{key} reserves {kept}" if kept else ""
            text = f"the pools want {quantity(wanted, 'org')}, but {allowed}"
            advice = f"write sizes of at most {most - kept} together"
            yield Finding("pools", f"{text}{reserved}; {advice}", is_warning=True)
