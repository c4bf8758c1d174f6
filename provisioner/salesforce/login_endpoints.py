"""The login endpoints of an org: which hosts get a JWT, with which audience, in which order.

Salesforce accepts a JWT only when its audience matches the host and the type of org. Which pair
works depends on the org and on the app (docs/reference/login.md#audience-and-host), so a login
tries several. A login at a loopback address never continues at a public host, and no assertion is
sent unencrypted over a network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from provisioner.errors import UsageError
from provisioner.salesforce.hosts import is_salesforce, is_this_machine, my_domain

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"

_SANDBOX_HOST = re.compile(r"^test\.|--|\.(sandbox|scratch)\.|(^|\.)cs\d+\.")
_SCRATCH_HOST = re.compile(r"\.scratch\.my\.")


@dataclass(frozen=True)
class LoginEndpoint:
    """A host that gets the request, and the audience that the assertion names."""

    host: str  # scheme, name and port, without a slash at the end
    audience: str

    @property
    def token_url(self) -> str:
        """The URL to which the assertion is posted."""
        return f"{self.host}/services/oauth2/token"


def origin(url: str) -> str:
    """Scheme, host and port of `url` in lower case, without a slash at the end.

    A host without a scheme gets https. The Lightning or Setup host of an org is replaced by its
    My Domain. Raises UsageError for an invalid address, and for http to any host but loopback:
    the assertion and the token would not be encrypted.
    """
    scheme, name, port = _parts(url)
    if scheme == "http" and not is_this_machine(name):
        raise UsageError(
            f"login over http to {name} is refused: assertion and token would not be encrypted",
            code="insecure_login_url",
            hint=f"write https://{name} (http is allowed for loopback addresses only)",
        )
    page = my_domain(name)
    return _joined(scheme, page[1] if page else name, port)


def named_origin(url: str) -> str:
    """Like `origin`, for an address in an answer: http and page hosts stay. Raises UsageError."""
    return _joined(*_parts(url))


def _joined(scheme: str, name: str, port: int | None) -> str:
    host = f"[{name}]" if ":" in name else name
    is_default = port in (None, {"https": 443, "http": 80}[scheme])
    return f"{scheme}://{host}" + ("" if is_default else f":{port}")


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine, as the address of an emulator does."""
    return is_this_machine(urlsplit(origin(url)).hostname or "")


def hub_endpoints(login_url: str) -> tuple[LoginEndpoint, ...]:
    """The endpoints for a Dev Hub, or any other org that is not a scratch org."""
    own = origin(login_url)
    if own in (PRODUCTION, SANDBOX):
        return (LoginEndpoint(own, own),)
    if not _is_salesforce(own):
        return (
            LoginEndpoint(own, own),
            LoginEndpoint(own, PRODUCTION),
            LoginEndpoint(own, SANDBOX),
        )
    generic = SANDBOX if _is_sandbox(own) else PRODUCTION
    return (LoginEndpoint(own, own), LoginEndpoint(own, generic), LoginEndpoint(generic, generic))


def scratch_endpoints(
    login_url: str | None, generic_login_url: str = SANDBOX
) -> tuple[LoginEndpoint, ...]:
    """The endpoints for a scratch org: its own host first, which knows a new user immediately.

    `login_url` is `ScratchOrgInfo.LoginUrl`, or None when it is unknown; `generic_login_url` is
    the login host of all scratch orgs. At the org's own host, connected apps need the audience of
    sandboxes, and External Client Apps need the org's own address.
    """
    generic = origin(generic_login_url)
    own = origin(login_url) if login_url else generic
    if _is_salesforce(own) and is_loopback(generic):
        own = generic
    if _is_salesforce(generic) and not _is_salesforce(own):
        generic = own
    endpoints = (
        LoginEndpoint(own, SANDBOX),
        LoginEndpoint(own, own),
        LoginEndpoint(generic, SANDBOX),
        LoginEndpoint(generic, generic),
    )
    return tuple(dict.fromkeys(endpoints))


def user_endpoints(login_url: str) -> tuple[LoginEndpoint, ...]:
    """The endpoints for a user of an org of unknown type."""
    own = origin(login_url)
    if not _is_salesforce(own) or own == SANDBOX or _SCRATCH_HOST.search(own):
        return scratch_endpoints(own)
    return hub_endpoints(own)


def _parts(url: str) -> tuple[str, str, int | None]:
    """Scheme, host name and port. Raises UsageError when `url` is not the address of a host."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        parts, name, port = SplitResult("", "", "", "", ""), "", None
    is_host = bool(name) and name.isprintable() and " " not in name
    if not is_host or parts.scheme not in ("https", "http") or parts.username is not None:
        raise UsageError(
            f"not the address of a login host: {_shown(url)!r}",
            code="login_url",
            hint=f"write one like {PRODUCTION} or https://acme.my.salesforce.com",
        )
    return parts.scheme, name, port


def _shown(url: str) -> str:
    """`url` for an error message, without user name and password."""
    return re.sub(r"//[^/@]*@", "//***@", url)


def _is_salesforce(own: str) -> bool:
    return is_salesforce(urlsplit(own).hostname or "")


def _is_sandbox(own: str) -> bool:
    return _SANDBOX_HOST.search(urlsplit(own).hostname or "") is not None
