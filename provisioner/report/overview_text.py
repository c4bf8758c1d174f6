"""What a build is doing, in words: for the live view and for the lines of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.ledger.base import State
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.builder.events import OrgEvent
    from provisioner.builder.overview import OrgOverview, Overview, PoolOverview


def what_happens(event: OrgEvent) -> str:
    """`install_package (2/5)`, `load_data (3/5): 20 of 50 rows`, `failed at deploy_source: …`."""
    if event.state is State.AVAILABLE:
        return "available"
    if event.state is State.FAILED:
        return f"failed at {event.note}"
    position = f" ({event.position}/{event.steps})" if event.steps else ""
    if event.is_retry:
        return f"{event.step}: retrying: {event.note}"
    if event.note:
        return f"{event.step}: {event.note}"
    if event.state is State.INTENDED:
        return f"{event.step} requested"
    if event.state is State.SIGNING_UP:
        return f"{event.step} in progress"
    return f"{event.step}{position}"


def pool_text(pool: PoolOverview) -> str:
    """`34 of 50 available, 10 in progress, 5 waiting for the canary, 1 failed`."""
    parts = [f"{pool.available} of {pool.size} available"]
    if pool.in_progress:
        parts.append(f"{pool.in_progress} in progress")
    parts += waiting_text(pool.waiting)
    if pool.failed:
        parts.append(f"{pool.failed} failed")
    return ", ".join(parts)


def waiting_text(waiting: Mapping[str, int]) -> list[str]:
    """`["5 waiting for the canary", "2 waiting for a sign-up slot"]`."""
    return [f"{count} waiting for {what}" for what, count in waiting.items() if count]


def overview_text(overview: Overview, now: datetime) -> str:
    """One line about all pools, and when the build is expected to end; `now` is local time."""
    pools = "; ".join(f"{pool.name}: {pool_text(pool)}" for pool in overview.pools)
    end = f"; expected end {clock(now, overview.ends_in)}" if overview.ends_in is not None else ""
    return f"{pools}{end}"


def steps_text(overview: Overview) -> str:
    """`sign-up 4 · install_package 3`: how many orgs are at each step, in the order of steps."""
    first: dict[str, int] = {}
    for org in overview.orgs:
        first[org.step] = min(org.position, first.get(org.step, org.position))
    counts = Counter(org.step for org in overview.orgs)
    return " · ".join(f"{step} {counts[step]}" for step in sorted(first, key=first.__getitem__))


def org_text(org: OrgOverview) -> str:
    """`load_data (3/5): 20 of 50 rows`."""
    position = f" ({org.position}/{org.steps})" if org.steps else ""
    return f"{org.step}{position}" + (f": {org.note}" if org.note else "")


def cause_text(cause: Cause) -> str:
    """`3 orgs failed at deploy_source (pool.yaml:31): 2 components failed: X.cls:3:9: …`."""
    where = f" ({cause.location})" if cause.location else ""
    detail = f": {cause.details[0]}" if cause.details else ""
    orgs = quantity(cause.count, "org")
    return f"{orgs} failed at {cause.step}{where}: {cause.message}{detail}"


def totals_text(overview: Overview, now: datetime, *, is_short: bool = False) -> str:
    """The time, the expected end, and what the build has cost so far."""
    parts = [span(overview.seconds)]
    if overview.ends_in is not None and overview.orgs:
        parts.append(f"ends about {clock(now, overview.ends_in)}")
    if overview.sign_ups_left is not None:
        parts.append(f"{overview.sign_ups_left} sign-ups left today")
    requests = overview.requests
    parts.append(f"{requests.get('hub', 0):,} Dev Hub requests")
    if not is_short:
        parts.append(f"{requests.get('org', 0):,} scratch org requests")
    return " · ".join(parts)


def clock(now: datetime, seconds: float) -> str:
    """The time of day in so many seconds: `03:41`."""
    return f"{now + timedelta(seconds=seconds):%H:%M}"


def span(seconds: float) -> str:
    """`1:05`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
