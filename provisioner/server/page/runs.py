"""The HTML report of a build, as `provisioner report --html` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from provisioner.access.visible import visible_record
from provisioner.redaction import redact
from provisioner.report.forms import FORMS
from provisioner.report.html.style import policy
from provisioner.server.page.viewer import viewer_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.server.page.viewer import Viewer
    from provisioner.server.world import World


async def run_report(world: World, request: Request) -> Response:
    """The report of one run, for those who see all pools that it has built."""
    viewer = await viewer_of(world, request)
    text = await run_in_threadpool(_report, viewer, request.path_params["run"])
    security = f"{policy()}; frame-ancestors 'none'"  # the report has its style inside
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": security}
    return HTMLResponse(text, headers=headers)


def _report(viewer: Viewer, run: str) -> str:
    record = visible_record(viewer.world, viewer.person, run)
    return redact(FORMS["html"](record, viewer.world.ledger))
