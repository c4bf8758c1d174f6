"""The credentials of an org by its row in the ledger, and the host that receives its logins."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provisioner.errors import LoginError, NoOrgError, UsageError
from provisioner.ledger.base import State
from provisioner.salesforce.app_keys import PLATFORM_CLI
from provisioner.salesforce.hosts import is_salesforce, may_receive_token
from provisioner.salesforce.login_endpoints import is_loopback, named_origin, scratch_endpoints
from provisioner.salesforce.login_errors import FOREIGN_HOST
from provisioner.salesforce.sign_in import Credentials

if TYPE_CHECKING:
    from provisioner.config.hub import ConnectedApp, DevHub
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org
    from provisioner.salesforce.login_endpoints import LoginEndpoint


def from_ledger(org: Org, pool: PoolFile) -> Credentials:
    """The credentials of a scratch org in the ledger.

    The key of an org that was signed up with the Dev Hub's app is that app's. All other orgs, also
    those with an app of their own, have the key of the app for scratch orgs. Raises NoOrgError for
    an org that is deleted or not ready yet.
    """
    if org.state is State.DELETED:
        raise NoOrgError(
            f"the scratch org {org.username} is deleted",
            code="org_deleted",
            hint=f"claim another org: provisioner claim --pool {org.pool}",
        )
    if org.state in (State.INTENDED, State.SIGNING_UP) or org.consumer_key == PLATFORM_CLI:
        raise NoOrgError(
            f"the scratch org {org.username} is not ready for a login yet",
            code="org_not_ready",
            hint="wait until the build has finished; `provisioner status` shows the org's state",
        )
    app = pool.dev_hub if org.consumer_key in _hub_keys(pool) else pool.consumer_app
    endpoints = org_endpoints(org.username, org.login_url, pool.dev_hub)
    key = org.consumer_key or app.consumer_key
    return app_credentials(app, org.username, key, endpoints)


def app_credentials(
    app: ConnectedApp, username: str, consumer_key: str, endpoints: tuple[LoginEndpoint, ...]
) -> Credentials:
    """The credentials of a user with the private keys of `app`, and any consumer key."""
    return Credentials(
        username,
        consumer_key,
        app.private_key,
        app.private_key_passphrase,
        endpoints,
        app.former_key,
    )


def org_endpoints(username: str, login_url: str, hub: DevHub) -> tuple[LoginEndpoint, ...]:
    """The login endpoints of an org. Raises LoginError as `org_login_url` does."""
    own = org_login_url(username, login_url, hub)
    return scratch_endpoints(own, hub.effective_scratch_login_url)


def _hub_keys(pool: PoolFile) -> tuple[str, str]:
    """The consumer keys of rows whose orgs have the Dev Hub's app; early rows have none."""
    return ("", pool.dev_hub.consumer_key)


def org_login_url(username: str, login_url: str, hub: DevHub) -> str | None:
    """The login URL of an org by the Dev Hub's record, or None.

    Raises LoginError for a host that must not receive an assertion.
    """
    if not login_url:
        return None
    try:
        named = named_origin(login_url)
    except UsageError:
        named = ""
    generic = hub.effective_scratch_login_url
    is_replaced = is_loopback(generic) and is_salesforce(urlsplit(named).hostname or "")
    if is_replaced or any(may_receive_token(named, asked) for asked in (hub.login_url, generic)):
        return login_url
    raise LoginError(
        f"login of {username}: the Dev Hub names {named or 'no address'} as the org's login host, "
        "which is not a Salesforce host or a host of pool.yaml, or does not use https; "
        "nothing was sent to it",
        code=FOREIGN_HOST,
        hint="check dev_hub.login_url, and any proxy between this machine and Salesforce",
    )
