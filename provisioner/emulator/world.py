"""The emulated world: a Dev Hub, its scratch orgs, and their shared state."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from provisioner.emulator import seeding
from provisioner.emulator.apps import (
    ConnectedApp,
    HubApp,
    InstalledApp,
    app_of_hub,
    platform_cli,
)
from provisioner.emulator.behavior import Behavior
from provisioner.emulator.clock import Clock, Progression
from provisioner.emulator.current_request import CurrentRequest
from provisioner.emulator.faults import Faults
from provisioner.emulator.features import schema
from provisioner.emulator.features.assumptions import Assumption
from provisioner.emulator.holds import Holds
from provisioner.emulator.ids import IdFactory, to_15
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.limits import Limits
from provisioner.emulator.objects import (
    catalogue,
    standard_rules,  # noqa: F401 - registers its rules
)
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.refresh_tokens import RefreshTokens
from provisioner.emulator.request_log import RequestLog
from provisioner.emulator.sessions import AuthCode, Session, Sessions

__all__ = [
    "DEFAULT_CONSUMER_KEY",
    "DEFAULT_HUB_USERNAME",
    "HUB_USERS",
    "HubUser",
    "Limits",
    "World",
]

DEFAULT_CONSUMER_KEY = "3MVG9EmulatedConnectedApp"
DEFAULT_HUB_USERNAME = "hub@acme.example"


HubUser = Literal["administrator", "integration"]
HUB_USERS: tuple[HubUser, ...] = get_args(HubUser)


class World(CurrentRequest):
    """The whole state of one emulator. None of it is global: a process may have many worlds.

    `certificate` (PEM) is the one registered with the app `consumer_key` in the Dev Hub, which
    is approved for the hub user; without it there is no app until `register_app`. `hub_app` is
    the kind of that app. With the `hub_user` "integration" the hub user has the rights that
    permission sets give, which is none at first, and the administrator is `admin@…`.
    `packages` says which package versions exist (04t id → name, version, key, …); None means
    any well-formed id does. `behavior` sets what no source settles. `seed` makes ids, tokens,
    durations and faults repeatable.
    """

    def __init__(
        self,
        *,
        certificate: str | bytes | None = None,
        consumer_key: str = DEFAULT_CONSUMER_KEY,
        hub_username: str = DEFAULT_HUB_USERNAME,
        limits: Limits | None = None,
        latencies: Latencies | None = None,
        clock: Clock | None = None,
        packages: Mapping[str, Mapping[str, Any]] | None = None,
        is_dev_hub: bool = True,
        hub_app: HubApp = "connected",
        hub_user: HubUser = "administrator",
        behavior: Behavior | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.rng = random.Random(f"world {seed}")  # noqa: S311 - a simulation
        self.clock = clock or Clock()
        self.ids = IdFactory()
        self.latencies = latencies or Latencies(seed=seed)
        self.limits = limits or Limits()
        self.behavior = behavior or Behavior()
        self.hub_app: HubApp = hub_app
        self.packages = None if packages is None else dict(packages)
        self.invented_packages: dict[str, Mapping[str, Any]] = {}  # by 04t, of names in queries
        self.sessions = Sessions(self.clock, seed)
        self.faults = Faults(seed=seed)
        self.log = RequestLog()
        self.holds = Holds()
        self.notes: list[str] = []  # for people
        self._contents: dict[bytes, bytes] = {}  # of deployed files
        self.assumptions: list[Assumption] = []  # what every new scratch org has
        self.usernames: dict[str, tuple[EmulatedOrg, str]] = {}  # lower case → org, user id
        self.orgs: dict[str, EmulatedOrg] = {}  # by 15-character id
        self.auth_codes: dict[str, AuthCode] = {}
        self.refresh_tokens = RefreshTokens(self.sessions)
        self.one_time_links: dict[str, Session] = {}
        is_administrator = hub_user == "administrator"
        self.admin_username = hub_username if is_administrator else _administrator(hub_username)
        self.hub = self._make_hub(self.admin_username, is_dev_hub)
        if not is_administrator:
            seeding.integration_user(self.hub, hub_username)
        if certificate is not None:
            app = app_of_hub(consumer_key, certificate, hub_app)
            approved = [user_id for org, user_id in self.usernames.values() if org is self.hub]
            self.register_app(app, approved=approved)

    def _make_hub(self, username: str, is_dev_hub: bool) -> EmulatedOrg:
        hub = EmulatedOrg(
            world=self,
            id=self.ids.new("00D"),
            name="Acme",
            is_hub=True,
            created=self.clock.now() - timedelta(days=400),
            types=catalogue.hub_types() if is_dev_hub else catalogue.org_types(),
            edition="Enterprise",
            instance="USA1000",
        )
        self._add(hub)
        seeding.fill(hub, username)
        if is_dev_hub and self.behavior.org_snapshots == "off":
            hub.store.remove_type("OrgSnapshot")
        return hub

    def add_scratch_org(
        self,
        username: str,
        *,
        name: str = "Company",
        days: int = 7,
        edition: str = "Developer",
        admin_email: str = "admin@acme.example",
        features: Sequence[str] = (),
        namespace: str | None = None,
        instance: str = "USA1234S",
        has_sample_data: bool = False,
    ) -> EmulatedOrg:
        """A new scratch org with its admin user, without a ScratchOrgInfo."""
        now = self.clock.now()
        org = EmulatedOrg(
            world=self,
            id=self.ids.new("00D"),
            name=name,
            is_hub=False,
            created=now,
            types=catalogue.org_types(),
            expires=now + timedelta(days=days),
            edition=edition,
            namespace=namespace,
            instance=instance,
            features=tuple(features),
            username=username,
        )
        self._add(org)
        seeding.fill(org, username, email=admin_email, has_sample_data=has_sample_data)
        self._enable(org)
        return org

    def _enable(self, org: EmulatedOrg) -> None:
        """Give an org what its features add, and what the rehearsal assumes of it."""
        for name in org.features:
            schema.enable_or_note(org, name)
        for assumption in self.assumptions:
            assumption.apply(org)

    def shared(self, content: bytes) -> bytes:
        """The same content, held once however many orgs have it."""
        return self._contents.setdefault(content, content)

    def note(self, text: str) -> None:
        """Keep a remark for the user of the emulator, once; `GET /_emulator/notes` answers them."""
        if text not in self.notes:
            self.notes.append(text)

    def _add(self, org: EmulatedOrg) -> None:
        self.orgs[to_15(org.id)] = org
        app = platform_cli()
        org.apps[app.app.consumer_key] = app

    # --- apps and logins ------------------------------------------------------------------

    def register_app(
        self,
        app: ConnectedApp,
        *,
        org: EmulatedOrg | None = None,
        approved: Sequence[str] = (),
    ) -> InstalledApp:
        """Install an app in an org (default: the Dev Hub), approved for these user ids."""
        installed = InstalledApp(app, set(approved))
        (org or self.hub).apps[app.consumer_key] = installed
        return installed

    def session(self, token: str) -> Session | None:
        """The active session of an access token."""
        return self.sessions.find(token)

    def end_sessions(self, org: EmulatedOrg) -> None:
        """End all sessions of an org."""
        self.sessions.end_of_org(org)

    def new_auth_code(
        self, org: EmulatedOrg, *, consumer_key: str, callback_url: str, expires: datetime
    ) -> str:
        """A one-time code that lets an app log in to the org as its admin user."""
        code = "aPrx" + self.sessions.new_secret()
        self.auth_codes[code] = AuthCode(org, org.admin_id, consumer_key, callback_url, expires)
        return code

    def add_refresh_token(self, login: AuthCode) -> str:
        """The first refresh token of a login."""
        return self.refresh_tokens.start(login).current

    def org_of_token(self, token: str) -> EmulatedOrg | None:
        """The org in a token, whether or not the token is valid and the org is active."""
        if token[15:16] == "!":
            return self.orgs.get(token[:15])
        return self.sessions.org_of_jwt(token)

    def org(self, org_id: str) -> EmulatedOrg | None:
        """An org, possibly deleted, by "hub" or its id of 15 or 18 characters."""
        return self.hub if org_id == "hub" else self.orgs.get(to_15(org_id))

    # --- time -----------------------------------------------------------------------------

    def now(self) -> datetime:
        """World time."""
        return self.clock.now()

    def progression(self, operation: str, states: Sequence[str], *, of: str = "") -> Progression:
        """An operation that starts now; see Latencies for its durations."""
        return self.latencies.progression(self.clock, operation, states, of=of)


def _administrator(hub_username: str) -> str:
    """The username of the administrator of a hub whose announced user is another one."""
    name, _, domain = hub_username.rpartition("@")
    return f"{'administrator' if name == 'admin' else 'admin'}@{domain}"
