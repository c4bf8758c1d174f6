"""Bounds every request and protects every answer, before and after the application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from provisioner.config.notify import LOOPBACK
from provisioner.errors import UsageError
from provisioner.salesforce.hosts import DOMAINS, is_salesforce
from provisioner.server.connections import PIECE
from provisioner.server.rates import OF_ADDRESS, Rates
from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from provisioner.server.world import World

LONGEST_BODY = 64 * 1024  # bytes
OF_ANY_HOST = ("/healthz", "/readyz")
"""For load balancers and Kubernetes, which use the address of the machine; they say nothing."""


class TooLongError(UsageError):
    """The body of a request is too long."""

    default_code = "too_long"


class SlowClientError(Exception):
    """A client has sent only a part of a body, and then nothing for PIECE seconds."""


class Protection:
    """Middleware: refuses foreign hosts, long bodies and floods; adds the headers of security."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._rates = Rates(OF_ADDRESS)
        self._hosts = _own_hosts(world)
        self._headers = _headers(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, protected)
            return
        try:
            await self._app(scope, _bounded(receive), protected)
        except SlowClientError as error:
            await _error(408, "too_slow", str(error), "send it again")(scope, receive, protected)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = _name_of(host)
        is_own = host.lower() in self._hosts or name in self._hosts
        if not is_own and scope["path"] not in OF_ANY_HOST:
            return _error(421, "wrong_host", f"this is not {host[:100]!a}", "open server.url")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > LONGEST_BODY:
            return _error(413, "too_long", "the body is too long", "send less than 64 kB")
        address = address_of(self._world, HTTPConnection(scope))
        wait = self._rates.wait(address)
        if wait:
            answer = _error(429, "too_many_requests", "too many requests", "send fewer a second")
            answer.headers["Retry-After"] = str(int(wait) + 1)
            return answer
        return None


def _bounded(receive: Receive) -> Receive:
    """Also for a body without a length. Raises TooLongError, SlowClientError."""
    left, is_complete = LONGEST_BODY, False

    async def bounded() -> Message:
        nonlocal left, is_complete
        if is_complete:  # what follows is the end of the connection, which may be far away
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), PIECE)
        except TimeoutError:
            raise SlowClientError("the rest of the body has not arrived") from None
        if message["type"] == "http.request":
            is_complete = not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLongError("the body is too long", hint="send less than 64 kB")
        return message

    return bounded


def _name_of(host: str) -> str:
    """The name in a header Host, without the port; "" if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _own_hosts(world: World) -> frozenset[str]:
    """The names by which browsers may call this server: others may be made to point to it."""
    url = urlsplit(world.server.url)
    return frozenset({*LOOPBACK, *(name for name in (url.netloc, url.hostname) if name)})


def content_policy(world: World, targets: Iterable[str] = ()) -> str:
    """The content security policy. `targets` are the hosts to which an answer to a form may lead.

    Chromium applies `form-action` also to the redirects after a form.
    Source: https://www.w3.org/TR/CSP3/#directive-form-action.
    """
    provider = world.server.sign_in
    form = ["'self'", *([_origin(provider.issuer)] if provider else ()), *targets]
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {' '.join(form)}"
    )


def targets_of_orgs(instance_urls: Iterable[str]) -> list[str]:
    """The hosts to which the link into these orgs may lead: Salesforce's, or the org's own."""
    found: dict[str, None] = {}
    for url in instance_urls:
        host = urlsplit(url).hostname or ""
        if is_salesforce(host):
            found.update((f"https://*.{domain}", None) for domain in DOMAINS)
        elif host:
            found[_origin(url)] = None
    return list(found)


def _headers(world: World) -> dict[str, str]:
    """Source: https://owasp.org/www-project-secure-headers/."""
    found = {
        "Content-Security-Policy": content_policy(world),
        "Referrer-Policy": "same-origin",  # with no-referrer, forms have the origin `null`
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if world.is_https:
        found["Strict-Transport-Security"] = "max-age=31536000"
    return found


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _error(status: int, code: str, message: str, hint: str) -> JSONResponse:
    error = {"code": code, "message": message, "hint": hint}
    return JSONResponse({"error": error}, status_code=status)
