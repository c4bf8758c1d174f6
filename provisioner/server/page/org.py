"""The page of one org: its claim, its lease, how to get in, and what it contains."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from provisioner.access.claims import require_change
from provisioner.access.visible import visible_org
from provisioner.report.manifest import contents_by_fingerprint
from provisioner.report.org_content import SINGLE, org_content
from provisioner.server.page.leases import CLAIM_LEASES, DONE, EXTENSIONS
from provisioner.server.page.rendering import page
from provisioner.server.page.viewer import viewer_of
from provisioner.server.protection import targets_of_orgs

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provisioner.ledger.base import Org
    from provisioner.server.page.viewer import Viewer
    from provisioner.server.world import World

READ_RUNS = 100  # in which the contents of an org are searched


async def org_page(world: World, request: Request) -> Response:
    """The org, and what its owner can do with it."""
    viewer = await viewer_of(world, request)
    username = request.path_params["username"]
    org = await run_in_threadpool(visible_org, world, viewer.person, username)
    content = await run_in_threadpool(_content, viewer, org)
    done = DONE.get(request.query_params.get("done", ""), "")
    targets = targets_of_orgs([org.instance_url] if viewer.owns(org) else [])
    return page(
        world, request, "org.html", viewer=viewer, targets=targets, org=org, done=done, **content
    )


async def release_page(world: World, request: Request) -> Response:
    """Asks before an org is released."""
    viewer = await viewer_of(world, request)
    username = request.path_params["username"]
    org = await run_in_threadpool(visible_org, world, viewer.person, username)
    require_change(world, viewer.person, org)
    pool = world.config.pools.get(org.pool)
    return page(
        world,
        request,
        "release.html",
        viewer=viewer,
        org=org,
        may_reuse=bool(pool and pool.reuse),
        now=await run_in_threadpool(world.ledger.now),
    )


def _content(viewer: Viewer, org: Org) -> dict[str, Any]:
    ledger = viewer.world.ledger
    contents = contents_by_fingerprint(ledger.runs(limit=READ_RUNS))
    return {
        "now": ledger.now(),
        "contents": contents,
        "card": org_content(org, contents, is_complete=bool(org.available_at or not org.error)),
        "single": SINGLE,
        "leases": CLAIM_LEASES,
        "extensions": EXTENSIONS,
        "claim_key": f"page-{secrets.token_urlsafe(12)}",
        "once": secrets.token_urlsafe(12),
    }
