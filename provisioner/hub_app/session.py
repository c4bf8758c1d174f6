"""An administrator's session from the environment: `SF_ACCESS_TOKEN` and `SF_INSTANCE_URL`.

The token comes from nowhere else, is sent only to a host that may receive it, and is not revoked:
it belongs to another program. It is never part of a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provisioner.errors import LoginError, UsageError
from provisioner.salesforce.api_errors import Call
from provisioner.salesforce.external_client_app import enough
from provisioner.salesforce.fields import record_id, row
from provisioner.salesforce.grant import Grant
from provisioner.salesforce.hosts import may_receive_token
from provisioner.salesforce.ids import is_id, to_18
from provisioner.salesforce.login_endpoints import origin
from provisioner.salesforce.org import OrgClient, newest_api_version
from provisioner.salesforce.retry_malformed import retry_malformed
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub

TOKEN, INSTANCE = "SF_ACCESS_TOKEN", "SF_INSTANCE_URL"

HOW_TO = (
    f"log an administrator of the Dev Hub in with `sf org login web --alias HUB`, then set {TOKEN} "
    "to the token that `sf org auth show-access-token --target-org HUB --json` prints, and "
    f"{INSTANCE} to the instanceUrl that `sf org display --target-org HUB --json` prints (which "
    "has the token only in versions of before May 2026)"
)
"""Source: docs/reference/clients.md#tokens-of-the-salesforce-cli."""

_TOKEN = re.compile(r"[\x21-\x7e]{15,4096}")


@contextmanager
def administrator(
    hub: DevHub, environ: Mapping[str, str], *, time_scale: float = 1.0
) -> Iterator[OrgClient]:
    """The API of the Dev Hub, with the session of the environment.

    Raises UsageError for variables that are missing or wrong, LoginError when the session has
    ended.
    """
    grant = _grant(hub, environ)
    with Transport(time_scale=time_scale) as transport:
        session = OrgSession(transport, "hub", f"Dev Hub {grant.instance_url}", grant, _ended)
        version = hub.api_version or newest_api_version(session)
        yield OrgClient(session, enough(version))


def org_id(client: OrgClient) -> str:
    """The 18-character id of the session's org."""
    grant = client.session.grant
    return grant.org_id or _org_id_of_user(client.session)


def _org_id_of_user(session: OrgSession) -> str:
    """From OpenID's userinfo: a token that is a JWT does not start with the id."""

    def read() -> str:
        answer = session.request("GET", f"{session.instance_url}/services/oauth2/userinfo")
        return to_18(record_id(row(answer.json()), "organization_id", prefix="00D"))

    return retry_malformed(session, Call(session.name, "GET", "userinfo"), read)


def _grant(hub: DevHub, environ: Mapping[str, str]) -> Grant:
    token, address = (environ.get(name, "").strip() for name in (TOKEN, INSTANCE))
    missing = [name for name, value in ((TOKEN, token), (INSTANCE, address)) if not value]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise UsageError(f"{' and '.join(missing)} {verb} not set", code="no_session", hint=HOW_TO)
    if not _TOKEN.fullmatch(token) or "://" in token:
        raise UsageError(f"{TOKEN} is not an access token", code="no_session", hint=HOW_TO)
    named = token.partition("!")[0]
    return Grant(token, _instance(hub, address), to_18(named) if is_id(named) else "", "")


def _instance(hub: DevHub, address: str) -> str:
    """The address of the org. Raises UsageError for a host that must not receive the token."""
    try:
        own = origin(address)
    except UsageError:
        own = ""
    if not own or not may_receive_token(own, hub.login_url):
        raise UsageError(
            f"{INSTANCE} is not the address of a Salesforce org over https, or does not match "
            f"dev_hub.login_url ({hub.login_url}); nothing was sent to it",
            code="instance_url",
            hint="write the instanceUrl of the Dev Hub, like https://acme.my.salesforce.com",
        )
    return own


def _ended() -> Grant:
    """The session cannot be renewed here."""
    raise LoginError(
        f"the session of {TOKEN} has ended, or is not one of the org of {INSTANCE}",
        code="session_ended",
        hint=HOW_TO,
    )
