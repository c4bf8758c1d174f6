"""The first page: my orgs, the pools, what is being built, the last builds, all orgs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from provisioner.access.visible import sees_run
from provisioner.ledger.base import UNFINISHED, State
from provisioner.report.manifest import contents_by_fingerprint
from provisioner.report.status import summarise
from provisioner.report.summary import read_summary
from provisioner.server.live import digest
from provisioner.server.page.leases import CLAIM_LEASES, DONE
from provisioner.server.page.listing import SORTS, Query, listing
from provisioner.server.page.rendering import page
from provisioner.server.page.viewer import viewer_of
from provisioner.server.protection import targets_of_orgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from provisioner.server.page.viewer import Viewer
    from provisioner.server.world import World

LISTED_RUNS = 8
READ_RUNS = 30  # for the contents of orgs, and for builds that were not idle


async def overview(world: World, request: Request) -> Response:
    """The first page."""
    viewer = await viewer_of(world, request)
    content = await run_in_threadpool(_content, viewer, request.query_params)
    targets = targets_of_orgs(org.instance_url for org in content["mine"])
    return page(world, request, "overview.html", viewer=viewer, targets=targets, **content)


def _content(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Reads the orgs and the runs once each."""
    world = viewer.world
    everything = world.ledger.orgs()
    orgs = [org for org in everything if viewer.sees(org.pool)]
    runs = world.ledger.runs(limit=READ_RUNS)
    sizes = {pool.name: pool.size for pool in world.config.pools.values() if viewer.sees(pool.name)}
    builders = {org.builder_id for org in orgs if org.state in UNFINISHED}
    seen = [run for run in runs if sees_run(world, viewer.person, run)]
    built = [run for run in seen if read_summary(run).is_of_interest]
    return {
        "now": world.ledger.now(),
        "digest": digest(orgs),
        "pools": summarise(sizes, orgs, (), world.ledger.waiters()),
        "mine": sorted((org for org in orgs if viewer.owns(org)), key=SORTS["lease"][1]),
        "unfinished": [org for org in orgs if org.state in UNFINISHED],
        "running": [run for run in runs if run.finished_at is None and run.id in builders],
        "runs": [(run, read_summary(run)) for run in (built or seen)[:LISTED_RUNS]],
        "contents": contents_by_fingerprint(runs),
        "listed": listing(orgs, Query.of(parameters)),
        "total": len(orgs),
        "sorts": SORTS,
        "states": [state for state in State if state is not State.DELETED],
        "leases": CLAIM_LEASES,
        "claim_key": f"page-{secrets.token_urlsafe(12)}",
        "done": DONE.get(parameters.get("done", ""), ""),
    }
