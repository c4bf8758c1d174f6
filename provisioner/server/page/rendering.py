"""Renders the templates of the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2
from starlette.responses import HTMLResponse, Response

from provisioner.plain_text import visible
from provisioner.server.page.moments import distance, exact, iso
from provisioner.server.pool_bar import activity, segments
from provisioner.server.protection import content_policy
from provisioner.server.sign_in.cookie import signed_in

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.server.page.viewer import Viewer
    from provisioner.server.world import World


def page(
    world: World,
    request: Request,
    template: str,
    *,
    status: int = 200,
    viewer: Viewer | None = None,
    targets: Iterable[str] = (),
    **of: Any,
) -> Response:
    """A page, with the csrf token of this sign-in for its forms. It is not stored anywhere.

    `targets` are hosts to which its forms may lead: a browser follows a form only to allowed ones.
    """
    found = signed_in(world, request)
    token = world.cookies.csrf_token(found) if found else ""
    text = _templates().get_template(template).render(csrf_token=token, viewer=viewer, **of)
    policy = content_policy(world, targets)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
    return HTMLResponse(text, status_code=status, headers=headers)


@cache
def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("provisioner.server.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    found.filters.update(
        exact=exact, iso=iso, shell=shlex.quote, path=lambda text: quote(text, safe="@")
    )
    found.globals.update(distance=distance, segments=segments, activity=activity)
    return found
