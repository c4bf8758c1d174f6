"""A pool as a bar, and what is done in an org: for the page and for its live changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import State
from provisioner.report.summary import mapping, texts

if TYPE_CHECKING:
    from provisioner.ledger.base import Org
    from provisioner.report.status import PoolStatus

_WAITS = {State.INTENDED: "waits for its sign-up", State.SIGNING_UP: "signing up"}


def segments(pool: PoolStatus) -> list[dict[str, Any]]:
    """The parts of the bar with their place in per cent: `kind`, `count`, `x`, `width`.

    `wanted` are the orgs that are neither available nor built yet.
    """
    wanted = max(0, (pool.size or 0) - pool.available - pool.building)
    counts = {
        "available": pool.available,
        "building": pool.building,
        "wanted": wanted,
        "claimed": pool.claimed,
        "failed": pool.failed,
    }
    total = sum(counts.values()) or 1
    found, start = [], 0.0
    for kind, count in counts.items():
        width = 100 * count / total
        part = {"kind": kind, "count": count, "x": round(start, 3), "width": round(width, 3)}
        found.append(part)
        start += width
    return found


def activity(org: Org, contents: Mapping[str, Any]) -> str:
    """What is done in an unfinished org: `step 2 of 5: deploy_source`; "" for a finished one.

    `contents` has the titles of the steps, by fingerprint, if an earlier build recorded them.
    """
    if org.state is not State.BUILDING:
        return _WAITS.get(org.state, "")
    titles = texts(mapping(contents, org.fingerprint), "steps")
    if not titles:
        return f"step {org.step + 1}"
    if org.step >= len(titles):
        return "verification"
    return f"step {org.step + 1} of {len(titles)}: {titles[org.step]}"
