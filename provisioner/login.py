"""Logs in to an org of the ledger, or to any org by username, consumer key and key file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioner.declare.secret import Secret
from provisioner.errors import LoginError, NoOrgError, UsageError
from provisioner.ledger.base import State
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.hosts import is_salesforce, may_receive_token
from provisioner.salesforce.ids import is_id
from provisioner.salesforce.keys import PASSPHRASE_VARIABLE
from provisioner.salesforce.login_endpoints import (
    SANDBOX,
    is_loopback,
    named_origin,
    scratch_endpoints,
    user_endpoints,
)
from provisioner.salesforce.login_errors import FOREIGN_HOST
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.post import get_with_token, post_form
from provisioner.salesforce.reply import Post
from provisioner.salesforce.sign_in import Credentials, SignIn

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org


NOT_REACHED = 420
"""HTTP status of an org that is deleted, expired, not ready or in maintenance."""


@dataclass(frozen=True)
class Options:
    """Optional values of the command line that override `pool.yaml` and the ledger."""

    consumer_key: str = ""
    key: Path | None = None
    login_url: str = ""

    @property
    def are_complete(self) -> bool:
        """Whether a login needs neither `pool.yaml` nor the ledger."""
        return bool(self.consumer_key and self.key)


@dataclass(frozen=True)
class Session:
    """The session of a user. It is valid for the org's session time-out (2 h by default)."""

    username: str
    org_id: str  # 18 characters
    instance_url: str
    access_token: str = field(repr=False)
    consumer_key: str
    user_id: str = ""  # 18 characters; "" when it is unknown

    def as_json(self) -> dict[str, str]:
        """The output of `login --json`. It contains the token."""
        return {
            "username": self.username,
            "org_id": self.org_id,
            "instance_url": self.instance_url,
            "access_token": self.access_token,
            "consumer_key": self.consumer_key,
        }


def login(credentials: Credentials, *, post: Post = post_form) -> Session:
    """Log in. Raises LoginError, or UsageError for a key that cannot be read."""
    grant = SignIn()(credentials, post)
    return Session(
        username=credentials.username,
        org_id=grant.org_id,
        instance_url=grant.instance_url,
        access_token=grant.access_token,
        consumer_key=credentials.consumer_key,
        user_id=grant.user_id,
    )


def find_credentials(
    username: str,
    options: Options,
    environ: Mapping[str, str],
    load: Callable[[], PoolFile],
    on_found: Callable[[Org], None] = lambda _org: None,
) -> Credentials:
    """The credentials of `username`, from the options if they are complete, else from the ledger.

    `load` reads `pool.yaml` when it is needed. `on_found` is called with the ledger's row. Raises
    NoOrgError for an unknown username, and whatever `load` and `on_found` raise.
    """
    if options.are_complete:
        return from_options(username, options, environ)
    from provisioner.ledger import open_ledger

    pool = load()
    ledger = open_ledger(pool.ledger, pool.directory, pool.dev_hub)
    try:
        org = ledger.get(username)
    finally:
        ledger.close()
    if org is None:
        raise NoOrgError(
            f"the ledger has no scratch org {username}",
            code="unknown_username",
            hint="run `provisioner status` to list the orgs; for an org outside of the ledger, "
            "pass --consumer-key, --key and --login-url",
        )
    found = from_ledger(org, pool)
    on_found(org)
    return _override(found, options, environ)


def from_options(username: str, options: Options, environ: Mapping[str, str]) -> Credentials:
    """The credentials of a login without `pool.yaml` and ledger."""
    assert options.key is not None
    passphrase = environ.get(PASSPHRASE_VARIABLE)
    return Credentials(
        username,
        options.consumer_key,
        options.key,
        Secret(passphrase) if passphrase else None,
        user_endpoints(options.login_url or SANDBOX),
    )


def from_ledger(org: Org, pool: PoolFile) -> Credentials:
    """The credentials of a scratch org in the ledger.

    The key belongs to the app that signed the org up: `scratch_app` if the row has its consumer
    key, else the Dev Hub's app. Raises NoOrgError for an org that is deleted or not active yet.
    """
    if org.state is State.DELETED:
        raise NoOrgError(
            f"the scratch org {org.username} is deleted",
            code="org_deleted",
            hint=f"claim another org: provisioner claim --pool {org.pool}",
        )
    if org.state in (State.INTENDED, State.SIGNING_UP):
        raise NoOrgError(
            f"the scratch org {org.username} is still being signed up",
            code="org_not_ready",
            hint="wait until the build has finished; `provisioner status` shows the org's state",
        )
    second = pool.scratch_app
    app = second if second and org.consumer_key == second.consumer_key else pool.dev_hub
    return Credentials(
        org.username,
        org.consumer_key or app.consumer_key,
        app.private_key,
        app.private_key_passphrase,
        scratch_endpoints(
            org_login_url(org.username, org.login_url, pool.dev_hub),
            pool.dev_hub.effective_scratch_login_url,
        ),
    )


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


def identity(session: Session) -> dict[str, Any]:
    """The identity of the session's user, from the identity endpoint of the org.

    If the endpoint returns none, OpenID's userinfo is read. Raises LoginError.
    """
    base = session.instance_url
    urls = [f"{base}/id/{session.org_id}/{session.user_id}"] if session.user_id else []
    status = 0
    for url in [*urls, f"{base}/services/oauth2/userinfo"]:
        try:
            reply = get_with_token(url, session.access_token)
        except OSError as error:
            raise LoginError(
                f"{base} returned no identity for {session.username}: {network_reason(error)}",
                code="unreachable",
                is_transient=True,
            ) from None
        status = reply.status
        answer = _object(reply.body) if status == 200 else None
        if answer is not None:
            return answer
    raise LoginError(
        f"{base} returned no identity for {session.username}: HTTP {status}",
        code="org_gone" if status == NOT_REACHED else "no_identity",
        hint="the session may have expired; log in again",
    )


def _override(found: Credentials, options: Options, environ: Mapping[str, str]) -> Credentials:
    """The credentials of the ledger, with the values of the command line."""
    if options.consumer_key:
        found = replace(found, consumer_key=options.consumer_key)
    if options.login_url:
        found = replace(found, endpoints=user_endpoints(options.login_url))
    if options.key:
        passphrase = environ.get(PASSPHRASE_VARIABLE)
        found = replace(
            found, key=options.key, passphrase=Secret(passphrase) if passphrase else None
        )
    return found


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None unless it has the id of an org."""
    try:
        answer = read_json(body)
    except MalformedAnswerError:
        return None
    if not isinstance(answer, dict):
        return None
    org = answer.get("organization_id")
    return answer if isinstance(org, str) and is_id(org) else None
