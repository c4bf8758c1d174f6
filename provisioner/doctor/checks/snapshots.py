"""The Dev Hub has org snapshots, and the user may make them, for pools with the marker `snapshot`.

Without snapshots a build works: it builds every org in full. So nothing here is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.builder.snapshot_names import marker, prefix
from provisioner.builder.snapshot_survey import RENEW
from provisioner.builder.unused_snapshots import is_ours
from provisioner.doctor.result import Result, ok, warning
from provisioner.errors import SalesforceError
from provisioner.plain_text import quantity
from provisioner.salesforce.describe import object_access
from provisioner.salesforce.org_snapshots import OrgSnapshots

if TYPE_CHECKING:
    from datetime import date

    from provisioner.config.model import PoolFile
    from provisioner.doctor.examination import Examination
    from provisioner.salesforce.hub_limits import HubLimits
    from provisioner.salesforce.org_snapshots import OrgSnapshot

_NEEDED = ("Read", "Create", "Delete")
_IN_FULL = "orgs are built in full"


def applies(config: PoolFile) -> bool:
    """Whether a pool has the marker."""
    return any(marker(pool) is not None for pool in config.pools.values())


def examine(examination: Examination) -> Iterator[Result]:
    """A query and a describe. Raises SalesforceError for errors that are not about snapshots."""
    client = examination.connections.hub.client
    try:
        start = prefix(examination.config)
        ours = [one for one in OrgSnapshots(client).named(start) if is_ours(one, start)]
    except SalesforceError as error:
        if error.code != "snapshots_unavailable":
            raise
        yield warning(f"no org snapshots, so {_IN_FULL} ({error.message})", error.hint)
        return
    who = examination.config.dev_hub.username
    rights = object_access(client, "OrgSnapshot").rights
    lacking = [right for right in _NEEDED if right not in rights]
    if lacking:
        yield warning(
            f"{who} lacks {', '.join(lacking)} on Org Snapshots (OrgSnapshot), so {_IN_FULL}",
            f"in a permission set of {who}, Object Settings, Org Snapshots: {', '.join(lacking)}",
        )
    yield from _left(examination.limits)
    yield from _ours(ours, examination.now.date())


def _left(limits: HubLimits | None) -> Iterator[Result]:
    """What is left of the allowances, where the Dev Hub says so."""
    if limits is None or limits.active_snapshots is None or limits.daily_snapshots is None:
        return
    text = f"{limits.active_snapshots} active and {limits.daily_snapshots} daily ones left"
    if limits.active_snapshots and limits.daily_snapshots:
        yield ok(text)
    else:
        yield warning(
            f"{text}: a build cannot make a new one",
            "wait until tomorrow, or delete org snapshots that are not needed: `sf org list "
            "snapshot`, `sf org delete snapshot`",
        )


def _ours(ours: list[OrgSnapshot], today: date) -> Iterator[Result]:
    """The snapshots of this pool.yaml, and those that failed."""
    good = [one for one in ours if not one.has_failed]
    shown = ", ".join(_shown(one, today) for one in sorted(good, key=lambda one: one.name))
    count = quantity(len(good), "org snapshot") if good else "no org snapshot"
    yield ok(f"{count} of this pool.yaml{f': {shown}' if shown else ' yet'}")
    for one in ours:
        if one.has_failed:
            yield warning(
                f"{one.name}: its status is {one.status}{f': {one.error}' if one.error else ''}",
                "a build deletes it; correct what the error names",
            )


def _shown(snapshot: OrgSnapshot, today: date) -> str:
    if snapshot.expires is None:
        return f"{snapshot.name} ({snapshot.status})"
    soon = ", renewed by the next build" if snapshot.expires <= today + RENEW else ""
    return f"{snapshot.name} ({snapshot.status} until {snapshot.expires}{soon})"
