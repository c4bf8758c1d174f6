"""The outcome of a sign-up request: its error code, or the new org."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioner.emulator import seeding, snapshots
from provisioner.emulator.apps import PLATFORM_CLI, InstalledApp
from provisioner.emulator.clock import Progression
from provisioner.emulator.countries import COUNTRIES
from provisioner.emulator.ids import same_id
from provisioner.emulator.snapshots import Snapshot

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg, Surroundings

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NAMESPACE = re.compile(r"[A-Za-z](?!.*__)[A-Za-z0-9_]{0,13}[A-Za-z0-9]\Z")


@dataclass
class SignUp:
    """A running sign-up: its progression and its outcome."""

    progression: Progression
    error: str | None  # an ErrorCode; None: it succeeds


def start(hub: EmulatedOrg, request: Record) -> SignUp:
    """Start a sign-up; its outcome is determined here."""
    error = _injected(hub, request) or _error_code(hub, request)
    states = ["New", "Creating", "Error" if error else "Active"]
    if error == "C-1016":
        states.remove(
            "Creating"
        )  # reported at once (docs/reference/login.md#apps-and-certificates)
    return SignUp(hub.world.progression("signup", states, of=request["SignupUsername"]), error)


def username_for(world: Surroundings, request: Record) -> str:
    """The username of the new org's admin: the requested one, or a generated one."""
    if request.get("Username"):
        return str(request["Username"]).lower()
    letters = "".join(world.rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=12))
    return f"test-{letters}@example.com"


def create_org(hub: EmulatedOrg, request: Record) -> EmulatedOrg:
    """Create the scratch org of a request, with its app; it is usable after propagation."""
    world, pattern = hub.world, _pattern(hub, request)
    org = world.add_scratch_org(
        request["SignupUsername"],
        name=request["OrgName"],
        days=request["DurationDays"] or 7,
        edition=request["Edition"] or (pattern.edition if pattern else "Developer"),
        admin_email=request["AdminEmail"] or "",
        features=pattern.features if pattern else _features(request),
        namespace=request["Namespace"],
        has_sample_data=bool(request["HasSampleData"]),
    )
    if pattern:
        snapshots.put(pattern, org)
        org.is_from_snapshot = True
    else:
        seeding.add_entitlement_sample(org)
    key = request["ConnectedAppConsumerKey"]
    if key != PLATFORM_CLI:
        app = hub.apps[key].app
        # replicated, and approved for the admin alone (docs/reference/login.md)
        org.apps[key] = InstalledApp(app.replicated(), {org.admin_id})
    org.usable_from = world.now() + world.latencies.delay("propagation", of=org.username)
    return org


def _pattern(hub: EmulatedOrg, request: Record) -> Snapshot | None:
    """The content of the snapshot that a request names."""
    found = _snapshot(hub, request["Snapshot"]) if request["Snapshot"] else None
    return hub.snapshots[found["Id"]] if found else None


def _features(request: Record) -> list[str]:
    return [one for one in (request["Features"] or "").split(";") if one]


def _injected(hub: EmulatedOrg, request: Record) -> str | None:
    """The error code of a fault, if any."""
    wanted = hub.world.faults.operation(
        "signup", org="hub", subject=request.get("Username") or request["OrgName"]
    )
    return None if wanted is None else str(wanted.get("error", "C-9999"))


def _error_code(hub: EmulatedOrg, request: Record) -> str | None:
    """The error code of an invalid request (docs/reference/sign-up.md)."""
    world, namespace, email = hub.world, request["Namespace"], request["AdminEmail"]
    username = (request["Username"] or "").lower()
    if not _can_replicate(hub, request["ConnectedAppConsumerKey"]):
        return "C-1016"
    if username and (username in world.usernames or _is_taken(hub, request, username)):
        return "C-1007"
    if namespace and not _NAMESPACE.match(namespace):
        return "S-1026"
    if namespace and not hub.store.find_by("NamespaceRegistry", "NamespacePrefix", namespace):
        return "S-1017"
    if email and not _EMAIL.match(email):
        return "S-1006"
    if request["Country"] and request["Country"].upper() not in COUNTRIES:
        return "S-2006"
    return _source_error(hub, request)


def _is_taken(hub: EmulatedOrg, request: Record, username: str) -> bool:
    """Whether an earlier request that is still running has the same username."""
    others = hub.store.find_by("ScratchOrgInfo", "Username", username)
    pending = [one for one in others if one["Status"] in ("New", "Creating")]
    return any(one["Id"] < request["Id"] for one in pending)


def _can_replicate(hub: EmulatedOrg, key: str) -> bool:
    """Apps of the hub with an unexpired certificate are replicated, if sign-ups carry their kind.

    Source: docs/reference/login.md#apps-and-certificates.
    """
    if key == PLATFORM_CLI:
        return True
    installed = hub.apps.get(key)
    if installed is None or not installed.app.is_carried:
        return False
    return installed.app.expires is None or installed.app.expires > hub.world.now()


def _source_error(hub: EmulatedOrg, request: Record) -> str | None:
    """The error of a shape other than the hub's, or of a snapshot that is not Active."""
    if request["SourceOrg"] and not same_id(request["SourceOrg"], hub.id):
        return "SH-0002"
    if not request["Snapshot"]:
        return None
    found = _snapshot(hub, request["Snapshot"])
    if found is None:
        return "T-0002"
    expires = found["ExpirationDate"]
    has_expired = bool(expires) and date.fromisoformat(expires) <= hub.world.now().date()
    return None if found["Id"] in hub.snapshots and not has_expired else "SN-0001"


def _snapshot(hub: EmulatedOrg, wanted: str) -> Record | None:
    """The snapshot of that name or id."""
    if wanted.startswith("0Oo"):
        return hub.store.peek("OrgSnapshot", wanted)
    named = hub.store.find_by("OrgSnapshot", "SnapshotName", wanted)
    return named[0] if named else None
