"""The share of a team in a pool, as `pool.yaml` declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.declare.options import Finding, option


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team's share of the orgs of a pool."""

    share: int = option(
        "orgs of the pool that this team can have", minimum=0, maximum=1000, example=30
    )
    lend: bool = option(
        "whether others may claim what the team does not use; the next build calls it back",
        default=False,
    )
    groups: tuple[str, ...] = option(
        "the groups of the sign-in that are this team; by default the group of the same name",
        default=(),
        is_single=True,
    )


def team_findings(teams: Mapping[str, Team], size: int) -> Iterable[Finding]:
    """Report shares that are more than the pool has."""
    total = sum(team.share for team in teams.values())
    if total > size:
        yield Finding("teams", f"the shares are {total} together, more than size ({size})")
