"""Applies the shares of teams to a claim: before it, and after it, because others claim as well."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.claim.unusable import UNCLAIMED
from provisioner.config.unknown_pool import did_you_mean
from provisioner.errors import NoOrgError, UsageError
from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.shares import Shares

if TYPE_CHECKING:
    from provisioner.config.model import Pool
    from provisioner.config.team import Team

_READ = (State.AVAILABLE, State.CLAIMED)


class TeamShares:
    """The shares that a claim of `team` ("": of none) has to keep to."""

    def __init__(
        self, ledger: Ledger, pools: Collection[str] | Mapping[str, Pool], team: str
    ) -> None:
        self._ledger = ledger
        known_pools = pools if isinstance(pools, Mapping) else {}
        self._teams: dict[str, Mapping[str, Team]] = {
            name: pool.teams for name, pool in known_pools.items() if pool.teams
        }
        self._pools = tuple(pools)
        self._team = team
        self._why = ""  # why the last claim was not allowed
        known = {name for teams in self._teams.values() for name in teams}
        if team and team not in known:
            raise UsageError(
                f"no pool has a team {team}",
                code="unknown_team",
                hint=did_you_mean(team, known) or "`teams` of a pool in pool.yaml lists them",
            )

    def claim(self, wanted: Claim, now: datetime) -> Org | None:
        """What `Ledger.claim` gives within the shares; None when they allow no org now."""
        self._why = ""
        for pool in self._pools_of(wanted):
            allowed = self._allowed(replace(wanted, pool=pool), now)
            org = allowed and self._ledger.claim(allowed, now=now)
            if org and self._is_kept(org, now):
                return org
        return None

    def refusal(self) -> NoOrgError | None:
        """The error when the shares, and not a lack of orgs, are the reason."""
        if not self._why:
            return None
        return NoOrgError(
            f"no scratch org is left for this claim: {self._why}",
            code="share_used_up",
            hint="release an org of the team; name your team with --team; or pass --wait 10m",
        )

    def _pools_of(self, wanted: Claim) -> Iterator[str]:
        """The pool of the claim; each one when it names none and pools have teams."""
        if wanted.username and self._teams:
            row = self._ledger.get(wanted.username)
            yield row.pool if row and not wanted.pool else wanted.pool
        elif wanted.pool or not self._teams:
            yield wanted.pool
        else:
            yield from self._pools

    def _allowed(self, wanted: Claim, now: datetime) -> Claim | None:
        teams = self._teams.get(wanted.pool)
        if teams is None:
            return wanted
        rows = self._ledger.orgs(pool=wanted.pool, states=_READ)
        key = wanted.idempotency_key
        if key and any(row.idempotency_key == key and row.owner for row in rows):
            return wanted  # it gets the org that it already holds
        team = self._team if self._team in teams else ""
        decision = Shares(teams, rows, now).decide(team)
        if not decision.is_allowed:
            self._why = decision.why
            return None
        return replace(wanted, team=team, lender=decision.lender, is_entitled=decision.is_own)

    def _is_kept(self, org: Org, now: datetime) -> bool:
        """Whether the shares are kept with this claim too; else it is given back."""
        teams = self._teams.get(org.pool)
        if teams is None:
            return True
        rows = self._ledger.orgs(pool=org.pool, states=_READ)
        if Shares(teams, rows, now).is_kept(org):
            return True
        note = f"claim undone: another claim has used up the shares of the pool {org.pool}"
        self._ledger.move(org, State.AVAILABLE, note=note, **UNCLAIMED)
        time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - not both again at the same moment
        self._why = "others have claimed at the same moment"
        return False
