"""From a request to its answer: path → fault → session → handler → envelope → request log."""

from __future__ import annotations

import gzip
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from provisioner.emulator import (
    api_versions,
    conditional,
    control,
    envelopes,
    media_types,
    misbehaviour,
    resources,
)
from provisioner.emulator.auto_assign import auto_assign
from provisioner.emulator.errors import ApiError, NotEmulatedError, SoapFault
from provisioner.emulator.exchange import Request, Response
from provisioner.emulator.request_log import LogEntry
from provisioner.emulator.request_parts import (
    form_of,
    login_of,
    soap_token_of,
    token_of,
    unpacked,
)
from provisioner.emulator.routing import ROUTES, UNKNOWN, Call, Reply, Route, route_names

if TYPE_CHECKING:
    from provisioner.emulator.sessions import Session
    from provisioner.emulator.world import World

_VERSION = re.compile(r"/services/data/v([^/]+)(?:/|$)")
_COMPRESS_FROM = 2048  # bytes


@dataclass
class _Found:
    """The route, the parameters and the token from the head of a request."""

    route: Route | None
    params: Mapping[str, str]
    problem: Exception | None = None
    token: str = ""


class Application:
    """The emulated service, without sockets: `respond` may be called from many threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._map = _routes()
        world.faults.routes = route_names()

    def respond(self, request: Request) -> Response:
        """The answer to a request. Raises DroppedError for a fault that closes the connection."""
        raw_path, _, query = request.target.partition("?")
        raw_path = re.sub(r"/{2,}", "/", raw_path).rstrip("/") or "/"
        path = unquote(raw_path)
        found = self._find(request, raw_path, path)
        if path.startswith(control.ROOT):
            return self._finish(self._handle(request, found, path, query)[0], request)
        org = self.world.org_of_token(found.token)
        number, status, label = self.world.log.next_number(), 0, org.label if org else ""
        name = found.route.name if found.route else UNKNOWN
        try:
            request_key = (name, request.method, path)
            login = login_of(request) if name == "oauth.token" and self.world.faults else ""
            with misbehaviour.around(self.world, request_key, label, found.token, login) as it:
                if it.reply is None:
                    reply, handled = self._handle(request, found, path, query)
                    label = handled or label
                    it.reply = reply
                it.acted()
            response = self._finish(it.reply, request)
            status = response.status
            return response
        finally:
            self.world.log.add(
                LogEntry(number, self.world.now(), label, name, request.method, path, status)
            )

    # --- request --------------------------------------------------------------------------

    def _find(self, request: Request, raw_path: str, path: str) -> _Found:
        try:
            method = "GET" if request.method == "HEAD" else request.method
            route, params = self._map.match(raw_path, method)
        except NotFound:
            problem: Exception = NotEmulatedError(f"{request.method} {path}")
            return _Found(None, {}, problem, token_of(request.headers))
        except MethodNotAllowed as error:
            problem = envelopes.method_not_allowed(request.method, error.valid_methods or ())
            return _Found(None, {}, problem, token_of(request.headers))
        decoded = {key: unquote(str(value)) for key, value in params.items()}
        token = soap_token_of(request) if route.access == "soap" else token_of(request.headers)
        return _Found(route, decoded, None, token)

    def _handle(self, request: Request, found: _Found, path: str, query: str) -> tuple[Reply, str]:
        """The reply of the handler, or of the error raised by it or on the way to it."""
        call: Call | None = None
        origin = self._origin(request)
        self.world.start_request(origin)
        try:
            version = _VERSION.match(path)
            if version and version[1] not in api_versions.KNOWN:
                raise api_versions.refusal(version[1])  # noqa: TRY301
            if found.route is None:
                raise found.problem or NotEmulatedError(path)  # noqa: TRY301
            call = self._call(request, found, path, query, origin)
            media_types.check(call)
            if found.route.access in ("session", "soap"):
                refusal = self._admit(call, found)
                if refusal is not None:
                    return refusal, ""
            with auto_assign(call):
                reply = found.route.handler(call)
        except Exception as error:  # noqa: BLE001 - a bug here must be a 500 to the client
            if path.startswith(control.ROOT) and isinstance(
                error, control.ControlError | ValueError | ApiError
            ):
                reply = control.refuse(error)
            else:
                reply = envelopes.of_error(error, path) or _bug(error)
        finally:
            self.world.end_request()
        if call is None or call.org is None:
            return reply, ""
        usage = f"api-usage={call.org.api_requests}/{self.world.limits.api}"
        return replace(
            reply, headers={"Sforce-Limit-Info": usage, **(reply.headers or {})}
        ), call.org.label

    def _call(self, request: Request, found: _Found, path: str, query: str, origin: str) -> Call:
        body = request.body
        if request.headers.get("content-encoding", "").lower() == "gzip":
            body = unpacked(body)
        form, files = form_of(request.headers.get("content-type", ""), body)
        return Call(
            world=self.world,
            method="GET" if request.method == "HEAD" else request.method,
            path=path,
            params=found.params,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            headers=request.headers,
            body=body,
            base_url=origin,
            form=form,
            files=files,
        )

    def _origin(self, request: Request) -> str:
        """The emulator's address as the client wrote it, or its own if that is not a loopback name.

        (A client that routes `login.salesforce.com` to the emulator must not be sent to the real
        host with its next request.)
        """
        host = request.headers.get("host", "")
        if re.match(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\Z", host):
            return f"{request.scheme}://{host}"
        return self.world.url

    def _admit(self, call: Call, found: _Found) -> Reply | None:
        """Set the call's org and user; the refusal when the token has no active session."""
        org = self.world.org_of_token(found.token)
        if org is not None and org.is_over():
            return envelopes.deleted_org()
        session: Session | None = self.world.session(found.token)
        is_soap = found.route is not None and found.route.access == "soap"
        if session is None:
            if not is_soap:
                return envelopes.unauthorized(call.headers.get("authorization", ""))
            if found.token:
                raise envelopes.illegal_session()
            return None  # the handler decides: SOAP login needs no session
        if is_soap and session.is_jwt:
            raise envelopes.jwt_in_soap()
        call.org, call.user_id = session.org, session.user_id
        session.org.api_requests += 1
        if session.org.api_requests > self.world.limits.api:
            if is_soap:
                raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return None

    # --- reply -------------------------------------------------------------------------

    def _finish(self, reply: Reply, request: Request) -> Response:
        body = envelopes.encode(reply.body)
        compressible = bool(body) and reply.status < 400
        headers = {**_headers_of(request, compressible), **(reply.headers or {})}
        if body:
            headers.setdefault("Content-Type", reply.content_type)
        if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers = {**conditional.of_compressed(headers), "Content-Encoding": "gzip"}
        return Response(reply.status, body, headers)


def _headers_of(request: Request, compressible: bool) -> dict[str, str]:
    """What each answer of the API has, as NangoHQ/integration-templates recorded it.

    Refusals have no Vary (recorded by openstax/accounts).
    """
    if not request.target.lstrip("/").startswith("services/"):
        return {}
    headers = {"Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private"}
    if compressible and request.method in ("GET", "POST"):
        headers["Vary"] = "Accept-Encoding"
    return {**headers, "X-Robots-Tag": "none"}


@cache
def _routes() -> MapAdapter:
    """The table of routes, compiled once per process: all worlds have the same resources."""
    resources.load()
    rules = [
        Rule(one.rule, endpoint=one, methods=[*one.methods, "HEAD"], strict_slashes=False)
        for one in ROUTES
    ]
    return Map(rules, merge_slashes=False, strict_slashes=False).bind("emulator")


def _bug(error: Exception) -> Reply:
    """A bug of the emulator: printed to stderr, and answered as Salesforce would."""
    traceback.print_exception(error, file=sys.stderr)
    text = f"An unexpected error occurred in the emulator: {type(error).__name__}: {error}"
    return envelopes.rest_error(500, "UNKNOWN_EXCEPTION", text)
