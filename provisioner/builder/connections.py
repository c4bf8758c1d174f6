"""The sessions of one build: the Dev Hub and each org, with one key load and shared connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provisioner.builder.first_logins import (
    FirstLogins,
    OrgFirstLogin,
    has_first_session,
    lost_session,
)
from provisioner.errors import LoginError, SalesforceError
from provisioner.ledger.account import hub_credentials
from provisioner.org_credentials import from_ledger
from provisioner.salesforce.external_client_app import enough
from provisioner.salesforce.hub import DevHub
from provisioner.salesforce.org import OrgClient, newest_api_version
from provisioner.salesforce.org_snapshots import OrgSnapshots
from provisioner.salesforce.server_clock import ServerClock
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.sign_in import Credentials, SignIn
from provisioner.salesforce.transport import Transport

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org
    from provisioner.salesforce.calls import ApiCalls
    from provisioner.salesforce.grant import Grant


class Connections:
    """Logs in when a session is first needed, and again when one has ended.

    Tokens are kept here, in memory, and nowhere else. Safe to use from several threads.
    """

    def __init__(
        self,
        config: PoolFile,
        *,
        time_scale: float = 1.0,
        before_sending: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_sending` is called just before each request; nothing is sent when it raises."""
        self._config = config
        self._transport = Transport(time_scale=time_scale, before_sending=before_sending)
        self._sign_in = SignIn(time_scale=time_scale)
        self._lock = threading.RLock()
        self._hub: DevHub | None = None
        self.hub_credentials: Credentials | None = None
        """Those of the last login to the Dev Hub, with the private key that has opened it."""
        self._orgs: dict[str, OrgClient] = {}
        self.first_logins = FirstLogins(config, self._transport.post("org"))

    @property
    def calls(self) -> ApiCalls:
        """How many requests were sent to the Dev Hub and to scratch orgs."""
        return self._transport.calls

    @property
    def clock(self) -> ServerClock:
        """The time that rows are dated and compared with."""
        return self._transport.clock

    @property
    def hub(self) -> DevHub:
        """The Dev Hub. Raises LoginError when it refuses the login."""
        with self._lock:
            if self._hub is None:
                self._hub = self._open_hub()
            return self._hub

    @property
    def hub_id(self) -> str:
        """What identifies the Dev Hub in rows: its org id and its host.

        The Dev Hubs of two emulators have the same org id.
        """
        grant = self.hub.client.session.grant
        name = grant.org_id or self._config.dev_hub.username.lower()
        return f"{name} {urlsplit(grant.instance_url).netloc}"

    @property
    def snapshots(self) -> OrgSnapshots:
        """The org snapshots of the Dev Hub."""
        return OrgSnapshots(self.hub.client)

    def org(self, row: Org) -> OrgClient:
        """The API of one org. Raises ClockError, and LoginError: transient just after a sign-up.

        Until the org has an app of its own, it is the API of the org's first session.
        """
        with self._lock:
            client = self._orgs.get(row.username)
        if client is None:
            client = self._first_client(row) if has_first_session(row) else self._client(row)
            with self._lock:
                self._orgs[row.username] = client
        return client

    def first_login(self, row: Org, has_passed: Callable[[], bool]) -> OrgFirstLogin | None:
        """What the login app needs; None for an org that has an app already.

        `has_passed` returns whether the time is over in which a new app may be unknown.
        """
        if not has_first_session(row):
            return None
        return OrgFirstLogin(row, self.first_logins, self._sign_in_at_own_host, has_passed)

    def _client(self, row: Org) -> OrgClient:
        session = OrgSession(
            self._transport, "org", row.username, self.sign_in(row), lambda: self.sign_in(row)
        )
        return OrgClient(session, self.hub.client.api_version)

    def _first_client(self, row: Org) -> OrgClient:
        """A client of the first session, which nobody can renew."""

        def renew() -> Grant:
            raise lost_session(row.username, "its first session has ended")

        grant = self.first_logins.session(row).grant
        session = OrgSession(self._transport, "org", row.username, grant, renew)
        return OrgClient(session, enough(self.hub.client.api_version))

    def sign_in(self, row: Org, username: str = "") -> Grant:
        """A fresh login to an org, as any consumer makes it; by default of the org's own user."""
        found = from_ledger(row, self._config)
        return self._sign_in_with(replace(found, username=username or found.username))

    def _sign_in_at_own_host(self, row: Org) -> Grant:
        """A login through a new app of the org: no other host knows the app."""
        found = from_ledger(row, self._config)
        own = found.endpoints[0].host
        endpoints = tuple(endpoint for endpoint in found.endpoints if endpoint.host == own)
        return self._sign_in_with(replace(found, endpoints=endpoints))

    def _sign_in_with(self, credentials: Credentials) -> Grant:
        try:
            return self._sign_in(credentials, self._transport.post("org"))
        except LoginError as error:
            if not error.is_transient:  # perhaps a wrong clock, with which no login works
                with suppress(SalesforceError):
                    self.hub.check_clock(ask=True)
            raise

    def forget(self, row: Org) -> None:
        """Drop the session of an org that this build does not need any more."""
        with self._lock:
            self._orgs.pop(row.username, None)
        self.first_logins.forget(row.username)

    def close(self) -> None:
        """Close all connections."""
        self.first_logins.close()
        self._transport.close()

    def sign_in_to_hub(self) -> Grant:
        """A fresh login to the Dev Hub. Raises LoginError when it refuses."""
        credentials, post = hub_credentials(self._config.dev_hub), self._transport.post("hub")
        grant, self.hub_credentials = self._sign_in.by_any_key(credentials, post, clock=self.clock)
        return grant

    def _open_hub(self) -> DevHub:
        hub, renew = self._config.dev_hub, self.sign_in_to_hub
        session = OrgSession(self._transport, "hub", hub.username, renew(), renew)
        return DevHub(OrgClient(session, hub.api_version or newest_api_version(session)))

    def __enter__(self) -> Connections:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
