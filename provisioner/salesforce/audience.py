"""Which hosts to ask for a token, with which audience, in which order.

Salesforce accepts a JWT only when its audience fits the host and the kind of org, and which
pair works depends on the org, the app and the day (docs/reference/login.md). So a login climbs a
ladder of rungs until one answers with a token. No rung leads from a loopback address to a
public host, and none sends an assertion in clear over a network.
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
class Rung:
    """One try: the host that is asked, and the audience that the assertion names."""

    host: str  # scheme, name and port, no slash at the end
    audience: str

    @property
    def token_url(self) -> str:
        """Where the assertion is posted."""
        return f"{self.host}/services/oauth2/token"


def origin(url: str) -> str:
    """`url` reduced to scheme, host and port, lower case, without a slash at the end.

    A host without scheme means https; the Lightning or Setup host of an org means its My Domain.
    Raises UsageError for what is no address, and for http to any host but loopback: the
    assertion and the token would travel in clear.
    """
    scheme, name, port = _parts(url)
    if scheme == "http" and not is_this_machine(name):
        raise UsageError(
            f"login over http to {name} is refused: assertion and token would travel in clear",
            code="insecure_login_url",
            hint=f"write https://{name} (http serves loopback addresses only)",
        )
    page = my_domain(name)
    return _joined(scheme, page[1] if page else name, port)


def named_origin(url: str) -> str:
    """As `origin`, of an address that an answer names, with http as it is. Raises UsageError."""
    return _joined(*_parts(url))


def _joined(scheme: str, name: str, port: int | None) -> str:
    host = f"[{name}]" if ":" in name else name
    is_default = port in (None, {"https": 443, "http": 80}[scheme])
    return f"{scheme}://{host}" + ("" if is_default else f":{port}")


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine itself: an emulator."""
    return is_this_machine(urlsplit(origin(url)).hostname or "")


def hub_rungs(login_url: str) -> tuple[Rung, ...]:
    """The ladder for a Dev Hub (or any org that is no scratch org) that logs in at `login_url`."""
    own = origin(login_url)
    if own in (PRODUCTION, SANDBOX):
        return (Rung(own, own),)
    if not _is_salesforce(own):
        return (Rung(own, own), Rung(own, PRODUCTION), Rung(own, SANDBOX))
    generic = SANDBOX if _is_sandbox(own) else PRODUCTION
    return (Rung(own, own), Rung(own, generic), Rung(generic, generic))


def scratch_rungs(login_url: str | None, generic_login_url: str = SANDBOX) -> tuple[Rung, ...]:
    """The ladder for a scratch org: its own host first, which knows a new user at once.

    `login_url` is what the Dev Hub gave for the org (`ScratchOrgInfo.LoginUrl`), None when it
    is not known; `generic_login_url` is where scratch-org users log in otherwise. The audience
    of sandboxes at the org's own host is the pair seen to work for connected apps, the org's own
    address the one that External Client Apps need.
    """
    generic = origin(generic_login_url)
    own = origin(login_url) if login_url else generic
    if _is_salesforce(own) and is_loopback(generic):
        own = generic
    if _is_salesforce(generic) and not _is_salesforce(own):
        generic = own
    rungs = (Rung(own, SANDBOX), Rung(own, own), Rung(generic, SANDBOX), Rung(generic, generic))
    return tuple(dict.fromkeys(rungs))


def user_rungs(login_url: str) -> tuple[Rung, ...]:
    """The ladder for a user of whom nothing is known but an address to log in at."""
    own = origin(login_url)
    if not _is_salesforce(own) or own == SANDBOX or _SCRATCH_HOST.search(own):
        return scratch_rungs(own)
    return hub_rungs(own)


def _parts(url: str) -> tuple[str, str, int | None]:
    """Scheme, host name and port. Raises UsageError when `url` is no address of a host."""
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
    """`url` for an error, without a password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//***@", url)


def _is_salesforce(own: str) -> bool:
    return is_salesforce(urlsplit(own).hostname or "")


def _is_sandbox(own: str) -> bool:
    return _SANDBOX_HOST.search(urlsplit(own).hostname or "") is not None
