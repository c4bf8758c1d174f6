"""Reads the limits of the Dev Hub for all builds that use it, and says what is left for this one.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.plan import Allowance

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger
    from provisioner.salesforce.hub import DevHub, HubLimits


@dataclass(frozen=True)
class SharedAllowance:
    """What this build may sign up."""

    granted: Allowance  # what the Dev Hub had left for all builds, less what is kept for people
    left: Allowance  # … less the sign-ups that it had not counted yet
    uncertain: int  # of them, how many it may have counted


def left_for_us(config: PoolFile, limits: HubLimits) -> Allowance:
    """`limits` of the Dev Hub, less what pool.yaml keeps for people."""
    return Allowance(
        daily=limits.daily_remaining - config.limits.keep_daily,
        active=limits.active_remaining - config.limits.keep_active,
    )


def shared_allowance(
    config: PoolFile, ledger: Ledger, hub: DevHub, hub_id: str, pools: Collection[str]
) -> SharedAllowance:
    """Request the limits, and store them in the ledger for all builds. Raises SalesforceError.

    Intents whose sign-ups were not acknowledged are looked up first, so that none of them is
    counted twice: one more request, after a build was killed or while others send sign-ups.
    """
    reading = ledger.start_reading(hub_id)
    known = received(hub, reading.unconfirmed)
    limits = hub.limits()
    ledger.record_reading(
        reading, daily=limits.daily_remaining, active=limits.active_remaining, known=known
    )
    found, keep = ledger.left(hub_id, pools), config.limits
    return SharedAllowance(
        left_for_us(config, limits),
        Allowance(found.daily - keep.keep_daily, found.active - keep.keep_active),
        found.uncertain,
    )


def received(hub: DevHub, usernames: Sequence[str]) -> set[str]:
    """Those of the usernames whose sign-ups the Dev Hub has received."""
    if not usernames:
        return set()
    by_name = {name.lower(): name for name in usernames}
    found = hub.signups([], usernames)
    return {by_name[s.username] for s in found if s.id and s.username in by_name}
