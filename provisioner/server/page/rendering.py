"""Renders the templates of the page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from provisioner.server.sign_in.cookie import signed_in

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.server.world import World


def page(
    world: World, request: Request, template: str, *, status: int = 200, **of: Any
) -> Response:
    """A page, with the csrf token of this sign-in for its forms. It is not stored anywhere."""
    found = signed_in(world, request)
    token = world.cookies.csrf_token(found) if found else ""
    text = _templates().get_template(template).render(csrf_token=token, **of)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("provisioner.server.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
