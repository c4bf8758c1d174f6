"""What the Dev Hub has left before and after a probe; not every user can read its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.hub_reading import left_for_us
from provisioner.builder.planning import without_limits
from provisioner.errors import HubLimitError, SalesforceError
from provisioner.salesforce.hub_limits import is_refused

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import Allowance
    from provisioner.salesforce.hub import DevHub, HubLimits


@dataclass(frozen=True)
class Quota:
    """The limits, and what they leave for the pools; None if this user cannot read them."""

    limits: HubLimits | None = None
    allowance: Allowance | None = None

    def require_one(self, *, is_second: bool = False) -> None:
        """Raise HubLimitError when no sign-up is left for the pools.

        `is_second`: the probe has sent one already.
        """
        if self.allowance is None or self.allowance.left > 0:
            return
        limit = self.allowance.limit
        raise HubLimitError(
            f"the probe needs a {'second ' if is_second else ''}sign-up, and the Dev Hub's "
            f"{limit.partition('_')[0]} scratch org limit leaves none for the pools"
            + ("" if is_second else "; nothing was spent"),
            code=limit,
            hint="wait, delete scratch orgs that are not needed, or lower limits.keep_*",
        )

    def spent(self, later: Quota) -> int | None:
        """Sign-ups of the daily limit that were used until `later`; None when it is unknown."""
        if self.limits is None or later.limits is None:
            return None
        used = self.limits.daily_remaining - later.limits.daily_remaining
        return used if used >= 0 else None  # others of the last 24 hours no longer count


def read_quota(config: PoolFile, hub: DevHub) -> Quota:
    """Read the limits.

    Raises SalesforceError when that fails, and when this user may not read them although pool.yaml
    keeps sign-ups for people.
    """
    try:
        limits = hub.limits()
    except SalesforceError as error:
        if not is_refused(error):
            raise
        without_limits(config, error)
        return Quota()
    return Quota(limits, left_for_us(config, limits))
