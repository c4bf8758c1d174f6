"""The table of emulated resources: method and path → handler, filled by `@route`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg
    from provisioner.emulator.world import World

Access = Literal["open", "session", "soap", "control"]
"""Access: without a session; with a bearer token; with a session in the SOAP body; tests."""


@dataclass(frozen=True)
class Reply:
    """The answer of a handler: `body` is JSON unless it is str or bytes; None: no body."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] | None = None


@dataclass
class Call:
    """One request, as a handler gets it."""

    world: World
    method: str
    path: str  # normalised: no double slashes, no trailing slash
    params: Mapping[str, str]  # the `<name>` parts of the route
    query: Mapping[str, str]
    headers: Mapping[str, str]  # keys in lower case
    body: bytes
    base_url: str  # scheme and host as the client addressed them, no trailing slash
    org: EmulatedOrg | None = None  # set for access "session"
    user_id: str = ""  # the session's user, set with `org`
    form: Mapping[str, str] | None = None  # of urlencoded and multipart bodies
    files: Mapping[str, bytes] | None = None  # multipart parts, by part name
    raw_query: str = ""  # as sent, for parameters that may be given several times

    @property
    def version(self) -> str:
        """The API version of the path, `68.0`; "" for paths without."""
        return self.params.get("version", "")

    def session_org(self) -> EmulatedOrg:
        """The org of the session; for handlers with access "session"."""
        assert self.org is not None
        return self.org

    def json(self) -> Any:
        """The body as JSON; JSON_PARSER_ERROR (400) if it is invalid."""
        from provisioner.emulator.json_body import parse_body

        return parse_body(self.body or b"null")


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One emulated resource: werkzeug rule syntax, `/services/data/v<version>/limits`."""

    rule: str
    methods: tuple[str, ...]
    access: Access
    handler: Handler
    name: str  # its name in request log, faults and counts: "query", "sobjects.create"


ROUTES: list[Route] = []
UNKNOWN = "unknown"
"""In place of a route's name: of requests for something that is not emulated."""


def route_names() -> frozenset[str]:
    """The names by which faults choose requests. The control plane has no faults."""
    return frozenset({UNKNOWN, *(one.name for one in ROUTES if one.access != "control")})


def route(
    rule: str, *methods: str, name: str, access: Access = "session"
) -> Callable[[Handler], Handler]:
    """Register a handler; modules in `provisioner.emulator.resources` are found by themselves."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(rule, methods or ("GET",), access, handler, name))
        return handler

    return register
