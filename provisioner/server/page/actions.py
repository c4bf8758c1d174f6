"""What the buttons do. Each is a form, and its answer leads to a page: a reload repeats nothing.

A form that gives a credential works once: its field `once` is remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from provisioner.access import claims
from provisioner.access.visible import visible_org
from provisioner.declare.duration import parse_duration
from provisioner.errors import NoOrgError, UsageError
from provisioner.ledger.base import State
from provisioner.salesforce.singleaccess import single_use_link
from provisioner.server.page.viewer import viewer_of
from provisioner.server.sign_in.own_form import FIELD, require_own_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from provisioner.ledger.base import Org
    from provisioner.login import Session
    from provisioner.server.page.viewer import Viewer
    from provisioner.server.world import World

REMEMBERED = 10_000  # forms that were used
NO_TOKEN_LEFT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class UsedForms:
    """Remembers which forms were used. Safe to use from several threads; bounded in memory."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def use(self, once: str) -> None:
        """Raises UsageError for a form that was used before, or has no such field."""
        with self._lock:
            if not once or len(once) > 100 or once in self._used:
                raise UsageError(
                    "this link has been used; each works once",
                    code="used",
                    hint="go back to the page of the org, reload it, and use the new one there",
                )
            self._used[once] = None
            if len(self._used) > REMEMBERED:
                self._used.popitem(last=False)


_USED = UsedForms()


async def claim(world: World, request: Request) -> Response:
    """Claim an org of a pool, or a named one."""
    viewer, form = await _own_form(world, request)

    def act() -> str:
        try:
            return _address(_claimed(viewer, form).username, "claimed")
        except NoOrgError as error:
            if error.code == NoOrgError.default_code:
                error.hint = "the first page shows when an org is ready; claim it then"
            raise

    return RedirectResponse(await run_in_threadpool(act), 303)


def _claimed(viewer: Viewer, form: Mapping[str, str]) -> Org:
    return claims.claim(
        viewer.world,
        viewer.person,
        pool=form.get("pool", ""),
        username=form.get("username", ""),
        purpose=form.get("purpose", "").strip(),
        lease=_lease(form),
        idempotency_key=form.get("claim_key", ""),
    )


async def extend(world: World, request: Request) -> Response:
    """Let the lease of a claim end later."""
    viewer, form = await _own_form(world, request)

    def act() -> str:
        lease = _lease(form)
        if lease is None:
            raise UsageError("lease is missing", code="bad_request", hint="choose a duration")
        username = request.path_params["username"]
        return _address(claims.extend(world, viewer.person, username, lease).username, "extended")

    return RedirectResponse(await run_in_threadpool(act), 303)


async def release(world: World, request: Request) -> Response:
    """End a claim; the page before has asked for a confirmation."""
    viewer, form = await _own_form(world, request)
    username, reuse = request.path_params["username"], form.get("reuse") == "yes"

    def act() -> str:
        org = claims.release(world, viewer.person, username, reuse=reuse)
        return f"/?done={'reused' if org.state is State.AVAILABLE else 'released'}"

    return RedirectResponse(await run_in_threadpool(act), 303)


async def open_in_browser(world: World, request: Request) -> Response:
    """Lead the browser into the org by a link that works once; it is in no page and no log."""

    def link(session: Session) -> Response:
        found = single_use_link(session.instance_url, session.access_token)
        return RedirectResponse(found, 303, headers=NO_TOKEN_LEFT)

    return await _with_session(world, request, link)


async def session(world: World, request: Request) -> Response:
    """A new session as plain text, for a browser without JavaScript; nothing stores it."""

    def text(session: Session) -> Response:
        lines = "".join(f"{name}: {value}\n" for name, value in session.as_json().items())
        return PlainTextResponse(lines, headers=NO_TOKEN_LEFT)

    return await _with_session(world, request, text)


async def _with_session(
    world: World, request: Request, answer: Callable[[Session], Response]
) -> Response:
    viewer, form = await _own_form(world, request)
    username = request.path_params["username"]

    def act() -> Response:
        visible_org(world, viewer.person, username)
        _USED.use(form.get("once", ""))
        return answer(claims.session(world, viewer.person, username))

    return await run_in_threadpool(act)


async def _own_form(world: World, request: Request) -> tuple[Viewer, Mapping[str, str]]:
    """Who sends a form of a page of ours, and its fields. Raises AccessError."""
    viewer = await viewer_of(world, request)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    require_own_form(world, request, form.get(FIELD, ""))
    return viewer, form


def _lease(form: Mapping[str, str]) -> timedelta | None:
    """The duration of a form; None for one until the org expires. Raises UsageError."""
    text = form.get("lease", "")
    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise UsageError(
            f"lease: {error}", code="bad_request", hint="write it as 8h or 1d"
        ) from None


def _address(username: str, done: str) -> str:
    return f"/orgs/{quote(username, safe='@')}?done={done}"
