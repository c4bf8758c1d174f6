"""Refuses requests that another site sends in the name of a person (cross-site request forgery)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.errors import AccessError
from provisioner.server.sign_in.cookie import signed_in
from provisioner.server.sign_in.token_file import bearer

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request

    from provisioner.server.world import World

HEADER = "x-csrf-token"
FIELD = "csrf_token"
_SAFE = ("GET", "HEAD", "OPTIONS")


def require_own_form(world: World, request: Request, token: str = "") -> None:
    """Raises AccessError for a change that does not come from a page of this sign-in.

    `token` is the field FIELD of a form; a script sends the header HEADER. A request with a token
    in the header Authorization needs none, because no other site can send that; unless a reverse
    proxy adds that header.
    """
    if request.method in _SAFE or (bearer(request) and world.server.proxy is None):
        return
    require_same_origin(world, request)
    found = signed_in(world, request)
    if found is None:  # the proxy names the person: then the browser has to say which site asks
        _require_named_origin(request)
        return
    if not world.cookies.is_own_form(found, token or request.headers.get(HEADER, "")):
        raise AccessError(
            "this form is not from a page of your sign-in", hint="open the page again, and repeat"
        )


def _require_named_origin(request: Request) -> None:
    """Raises AccessError for a form without an origin. JSON of another site is not sent at all.

    Source: https://fetch.spec.whatwg.org/#cors-safelisted-request-header.
    """
    is_named = "origin" in request.headers or "sec-fetch-site" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not is_named and kind != "application/json":
        raise AccessError(
            "the request does not say which site has sent it",
            hint="send Content-Type: application/json, or use a browser that sends Origin",
        )


def require_same_origin(world: World, request: HTTPConnection) -> None:
    """Raises AccessError for a request that another site has sent."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    own = {world.server.url.rstrip("/"), f"{request.url.scheme}://{request.headers.get('host')}"}
    if site not in ("same-origin", "none") or (origin and origin not in own):
        raise AccessError("another site has sent this request", hint="use the page of this server")
