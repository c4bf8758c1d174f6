"""The Dev Hub has scratch orgs left, for as many orgs as the pools want."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.builder.hub_reading import left_for_us
from provisioner.builder.planning import without_limits
from provisioner.doctor.result import Result, ok, problem, warning
from provisioner.errors import HubLimitError, SalesforceError
from provisioner.ledger.base import UNFINISHED, State
from provisioner.plain_text import quantity
from provisioner.salesforce.hub_limits import READ_LIMITS, is_refused

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.doctor.examination import Examination
    from provisioner.plan import Allowance
    from provisioner.salesforce.hub_limits import HubLimits


def examine(examination: Examination) -> Iterator[Result]:
    """One request. Raises SalesforceError when pool.yaml needs limits that cannot be read."""
    config = examination.config
    try:
        limits = examination.connections.hub.limits()
    except SalesforceError as error:
        if not is_refused(error):
            raise
        yield warning(without_limits(config, error), f"give the user {READ_LIMITS}")
        return
    examination.limits = limits
    ours = left_for_us(config, limits)
    yield ok(
        f"active scratch orgs: {limits.active_remaining} of {limits.active_max} left, "
        f"{ours.active} for the pools"
    )
    yield ok(
        f"daily scratch orgs: {limits.daily_remaining} of {limits.daily_max} left, "
        f"{ours.daily} for the pools"
    )
    yield from _compared(examination, limits, ours)


def _compared(examination: Examination, limits: HubLimits, ours: Allowance) -> Iterator[Result]:
    """What is left, and what the pools want."""
    config = examination.config
    wanted = sum(pool.size for pool in config.pools.values())
    if not wanted:
        return
    most = limits.active_max - config.limits.keep_active
    if ours.left == 0:
        yield problem(
            HubLimitError(
                f"the Dev Hub has no {ours.limit.partition('_')[0]} scratch orgs left for the "
                "pools",
                code=ours.limit,
                hint="wait, delete scratch orgs that are not needed, or lower limits.keep_*",
            )
        )
        return
    if wanted > most:
        yield warning(
            f"the pools want {quantity(wanted, 'org')}, but the Dev Hub allows {most} active ones "
            f"for them ({limits.active_max}, less limits.keep_active)",
            "lower the size of the pools, or limits.keep_active",
        )
        return
    missing = _missing(examination, config)
    if missing is not None and missing > ours.left:
        kind = ours.limit.partition("_")[0]
        yield warning(
            f"the pools want {quantity(wanted, 'org')}, of which {missing} must be built, but "
            f"the {kind} limit leaves {ours.left} now",
            "a build makes as many as are left; delete scratch orgs that are not needed, or wait",
        )
        return
    to_build = "" if missing is None else f", of which {missing} must be built"
    yield ok(f"the pools want {quantity(wanted, 'org')}{to_build}")


def _missing(examination: Examination, config: PoolFile) -> int | None:
    """How many orgs the pools have too few; None when the ledger could not be read."""
    if examination.rows is None:
        return None
    there = {State.AVAILABLE, *UNFINISHED}
    have = {
        name: sum(row.pool == name and row.state in there for row in examination.rows)
        for name in config.pools
    }
    return sum(max(0, pool.size - have[name]) for name, pool in config.pools.items())
