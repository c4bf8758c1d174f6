"""The routes of the page, and the views of signing in and out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from provisioner.errors import AccessError
from provisioner.server.cookies import LIFETIME, START
from provisioner.server.page import actions
from provisioner.server.page.org import org_page, release_page
from provisioner.server.page.overview import overview
from provisioner.server.page.rendering import page
from provisioner.server.page.runs import run_report
from provisioner.server.rates import TooManyRequestsError
from provisioner.server.refusals import record_refusal
from provisioner.server.sign_in.address import address_of
from provisioner.server.sign_in.cookie import signed_in
from provisioner.server.sign_in.oidc import CALLBACK
from provisioner.server.sign_in.own_form import FIELD, require_own_form, require_same_origin
from provisioner.server.sign_in.token_file import person_with

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.access.person import Person
    from provisioner.server.world import World


def routes(world: World) -> list[BaseRoute]:
    """The routes of the page."""
    views = (
        ("/", overview, "GET"),
        ("/claim", actions.claim, "POST"),
        ("/orgs/{username}", org_page, "GET"),
        ("/orgs/{username}/extend", actions.extend, "POST"),
        ("/orgs/{username}/release", release_page, "GET"),
        ("/orgs/{username}/release", actions.release, "POST"),
        ("/orgs/{username}/open", actions.open_in_browser, "POST"),
        ("/orgs/{username}/session", actions.session, "POST"),
        ("/runs/{run}", run_report, "GET"),
        ("/sign-in", _sign_in, "GET"),
        ("/sign-in/token", _sign_in_by_token, "POST"),
        ("/sign-in/provider", _to_provider, "POST"),
        (CALLBACK, _from_provider, "GET"),
        ("/sign-out", _sign_out, "POST"),
    )
    found: list[BaseRoute] = [
        Route(path, partial(view, world), methods=[method]) for path, view, method in views
    ]
    static = StaticFiles(packages=[("provisioner.server.page", "static")])
    return [*found, Mount("/static", static)]


async def _sign_in(world: World, request: Request) -> Response:
    return _sign_in_page(world, request)


def _sign_in_page(world: World, request: Request, problem: str = "", status: int = 200) -> Response:
    has_token_file = bool(world.local_token)
    return page(
        world,
        request,
        "sign_in.html",
        status=status,
        problem=problem,
        has_token_file=has_token_file,
        has_provider=world.identity_provider is not None,
        targets=["https:"],  # the provider may lead the browser to others before it comes back
    )


async def _sign_in_by_token(world: World, request: Request) -> Response:
    require_same_origin(world, request)
    given = str((await request.form()).get("token", "")).strip()
    try:
        person = person_with(world, request, given)
    except TooManyRequestsError:
        raise
    except AccessError as error:
        await run_in_threadpool(record_refusal, world, request, error.message)
        return _sign_in_page(world, request, "This is not the token of the file.", 403)
    return await run_in_threadpool(start, world, person)


async def _to_provider(world: World, request: Request) -> Response:
    """Send the browser to the identity provider."""
    require_same_origin(world, request)
    provider = world.identity_provider
    if provider is None:
        return _sign_in_page(world, request, "pool.yaml has no server.sign_in.", 404)
    url, kept = await run_in_threadpool(provider.start)
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        world.cookies.name_of_start,
        world.cookies.seal_text(kept),
        max_age=int(START.total_seconds()),
        secure=world.cookies.is_https,
        httponly=True,
        samesite="lax",  # the identity provider leads back to this server
    )
    return answer


async def _from_provider(world: World, request: Request) -> Response:
    """The browser comes back from the identity provider."""
    provider = world.identity_provider
    kept = world.cookies.open_text(request.cookies.get(world.cookies.name_of_start, ""))
    if provider is None or kept is None:
        raise AccessError("this sign-in was not started here", hint="start it again")
    address, returned = address_of(world, request), dict(request.query_params)
    person = await run_in_threadpool(provider.finish, kept, returned, address)
    answer = await run_in_threadpool(start, world, person)
    answer.delete_cookie(
        world.cookies.name_of_start, secure=world.cookies.is_https, httponly=True, samesite="lax"
    )
    return answer


def start(world: World, person: Person) -> Response:
    """The answer to a sign-in that has succeeded: the cookie, and the way to the page."""
    world.record(person, "sign-in")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        world.cookies.name,
        world.cookies.seal(person),
        max_age=int(LIFETIME.total_seconds()),
        secure=world.cookies.is_https,
        httponly=True,
        samesite="lax",
    )
    return answer


async def _sign_out(world: World, request: Request) -> Response:
    form = await request.form()
    require_own_form(world, request, str(form.get(FIELD, "")))
    found = signed_in(world, request)
    if found is not None:
        await run_in_threadpool(world.ended.end, world, found)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(
        world.cookies.name, secure=world.cookies.is_https, httponly=True, samesite="lax"
    )
    return answer
