"""One emulated org: the Dev Hub or a scratch org."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from provisioner.emulator.apps import HubApp, InstalledApp
from provisioner.emulator.objects.catalogue import StandardTypes
from provisioner.emulator.objects.store import Store
from provisioner.emulator.streams import Streams

if TYPE_CHECKING:
    import random

    from provisioner.emulator.behavior import Behavior
    from provisioner.emulator.clock import Clock, Progression
    from provisioner.emulator.faults import Faults
    from provisioner.emulator.ids import IdFactory
    from provisioner.emulator.latencies import Latencies
    from provisioner.emulator.limits import Limits


class SetupLock:
    """The lock on an org's setup that package installs and deploys share.

    Source: docs/reference/deploys.md#the-setup-lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.owner: str | None = None

    def try_acquire(self, owner: str) -> bool:
        """Acquire it for `owner` (the id of an install or deploy); False if another holds it."""
        with self._lock:
            if self.owner not in (None, owner):
                return False
            self.owner = owner
            return True

    def release(self, owner: str) -> None:
        """Release it, if `owner` holds it."""
        with self._lock:
            if self.owner == owner:
                self.owner = None


class Surroundings(Protocol):
    """The world of an org, as far as the org, its rules and its resources use it."""

    behavior: Behavior
    clock: Clock
    faults: Faults
    hub_app: HubApp
    hub: EmulatedOrg
    ids: IdFactory
    invented_packages: dict[str, Mapping[str, Any]]
    latencies: Latencies
    limits: Limits
    orgs: dict[str, EmulatedOrg]
    packages: dict[str, Mapping[str, Any]] | None
    rng: random.Random
    usernames: dict[str, tuple[EmulatedOrg, str]]

    def now(self) -> datetime: ...

    def note(self, text: str) -> None: ...

    def shared(self, content: bytes) -> bytes: ...

    def applies_assignment_rules(self) -> bool: ...

    def origin(self) -> str: ...

    def progression(
        self, operation: str, states: Sequence[str], *, of: str = ...
    ) -> Progression: ...

    def is_first_poll(self, record_id: str) -> bool: ...

    def org(self, org_id: str) -> EmulatedOrg | None: ...

    def add_scratch_org(
        self,
        username: str,
        *,
        name: str = ...,
        days: int = ...,
        edition: str = ...,
        admin_email: str = ...,
        features: Sequence[str] = ...,
        namespace: str | None = ...,
        has_sample_data: bool = ...,
    ) -> EmulatedOrg: ...

    def new_auth_code(
        self, org: EmulatedOrg, *, consumer_key: str, callback_url: str, expires: datetime
    ) -> str: ...

    def end_sessions(self, org: EmulatedOrg) -> None: ...


@dataclass(eq=False)
class EmulatedOrg:
    """An org: its data, users, apps, and the state of resources in it.

    `components`, `deployments`, `installs`, `signups`, `snapshots`, `test_runs`, `coverage`, `jobs`
    and `cursors` belong to the resources that use them; they are here because they are deleted
    with the org.
    """

    world: Surroundings
    id: str  # 18 characters
    name: str
    is_hub: bool
    created: datetime
    types: StandardTypes
    expires: datetime | None = None  # scratch orgs only
    edition: str = "Developer"
    namespace: str | None = None
    instance: str = "USA1234S"
    features: tuple[str, ...] = ()
    username: str = ""  # with which it was signed up; scratch orgs only
    enabled: set[str] = field(default_factory=set)  # features whose content it has, in lower case
    has_unknown_package: bool = False  # one of whose components nobody here knows
    recent: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # user → id → type, oldest first
    is_deleted: bool = False
    admin_id: str = ""
    # Source: docs/reference/login.md#first-minutes-of-an-org
    usable_from: datetime | None = None  # earlier logins are refused: propagation
    api_requests: int = 0
    apps: dict[str, InstalledApp] = field(default_factory=dict)  # by consumer key
    components: dict[tuple[str, str], Any] = field(default_factory=dict)  # by type, full name
    removed_components: set[tuple[str, str]] = field(default_factory=set)  # of the first ones
    deployments: dict[str, Any] = field(default_factory=dict)  # by 0Af id
    retrievals: dict[str, Any] = field(default_factory=dict)  # by 09S id
    installs: dict[str, Any] = field(default_factory=dict)  # by 0Hf id
    signups: dict[str, Any] = field(default_factory=dict)  # in progress, by 2SR or 0Oo id
    snapshots: dict[str, Any] = field(default_factory=dict)  # their contents, by 0Oo id
    is_from_snapshot: bool = False
    test_runs: dict[str, Any] = field(default_factory=dict)  # of Apex tests, by 707 id
    coverage: dict[Any, Any] = field(default_factory=dict)  # by test class, method and tested class
    streams: Streams = field(default_factory=Streams)
    jobs: dict[str, Any] = field(default_factory=dict)  # of both Bulk APIs, by 750 id
    cursors: dict[str, Any] = field(default_factory=dict)  # query locators
    setup_lock: SetupLock = field(default_factory=SetupLock)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self, self.types)

    @property
    def label(self) -> str:
        """Its name in log, counts and faults: "hub", or the org id."""
        return "hub" if self.is_hub else self.id

    @property
    def behavior(self) -> Behavior:
        """The switches of the world; see `Owner`."""
        return self.world.behavior

    def new_id(self, prefix: str) -> str:
        """A new id; see `Owner`."""
        return self.world.ids.new(prefix)

    def now(self) -> datetime:
        """World time."""
        return self.world.clock.now()

    def is_first_poll(self, record_id: str) -> bool:
        """Whether the current request has not read this record yet."""
        return self.world.is_first_poll(record_id)

    def is_over(self) -> bool:
        """Whether it is deleted or has expired."""
        if not self.is_deleted and self.expires and self.world.now() >= self.expires:
            self.end()
        return self.is_deleted

    def as_json(self) -> dict[str, Any]:
        """The org as the control plane shows it."""
        admin = self.store.peek("User", self.admin_id) or {}
        return {
            "id": self.id,
            "name": self.name,
            "is_hub": self.is_hub,
            "username": admin.get("Username"),
            "created": self.created.isoformat(),
            "expires": self.expires.isoformat() if self.expires else None,
            "is_deleted": self.is_over(),
            "api_requests": self.api_requests,
            "apps": sorted(self.apps),
        }

    def end(self) -> None:
        """Mark it as deleted (or expired) and end its sessions."""
        self.is_deleted = True
        self.world.end_sessions(self)
