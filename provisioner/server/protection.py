"""Bounds every request and protects every answer, before and after the application."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from provisioner.config.notify import LOOPBACK
from provisioner.salesforce.hosts import DOMAINS, is_salesforce
from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from provisioner.server.world import World

LONGEST_BODY = 64 * 1024  # bytes
PER_SECOND = 20.0  # requests of one address, in the long run …
AT_ONCE = 200.0  # … and at most at a time
MOST_ADDRESSES = 10_000  # that are remembered


class Rates:
    """How many requests each address may still send. Bounded in memory."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Count a request of `address` at the monotonic time `now`.

        Returns the seconds until the next one is allowed; 0 if this one is.
        """
        left, since = self._left.pop(address, (AT_ONCE, now))
        left = min(AT_ONCE, left + (now - since) * PER_SECOND)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / PER_SECOND


class Protection:
    """Middleware: refuses foreign hosts, long bodies and floods; adds the headers of security."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._rates = Rates()
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
        await self._app(scope, _bounded(receive), protected)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if host.lower() not in self._hosts and name not in self._hosts:
            return _error(421, "wrong_host", f"this is not {host[:100]!a}", "open server.url")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            return _error(413, "bad_request", "the body is too long", "send less than 64 kB")
        address = address_of(self._world, HTTPConnection(scope))
        wait = self._rates.wait(address, time.monotonic())
        if wait:
            answer = _error(429, "too_many_requests", "too many requests", "send fewer a second")
            answer.headers["Retry-After"] = str(int(wait) + 1)
            return answer
        return None


def _bounded(receive: Receive) -> Receive:
    """Also for a body without a length: the connection ends when it is too long."""
    left = LONGEST_BODY

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                return {"type": "http.disconnect"}
        return message

    return bounded


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
    if world.server.url.startswith("https://"):
        found["Strict-Transport-Security"] = "max-age=31536000"
    return found


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _error(status: int, code: str, message: str, hint: str) -> JSONResponse:
    error = {"code": code, "message": message, "hint": hint}
    return JSONResponse({"error": error}, status_code=status)
