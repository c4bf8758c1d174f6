"""What the Dev Hub has of the org snapshots that the pools want, and what is to be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from provisioner.builder.snapshot_names import base_of, generation_of, prefix, with_generation
from provisioner.errors import SalesforceError

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.salesforce.hub_limits import HubLimits
    from provisioner.salesforce.org_snapshots import OrgSnapshot

RENEW = timedelta(days=7)  # before it expires, a snapshot is followed by a new one
USED_UP = (
    "the Dev Hub's allowance of org snapshots is used up; delete snapshots that nobody needs "
    "(`sf org list snapshot`), or wait until tomorrow"
)


@dataclass(frozen=True)
class SnapshotState:
    """One content, by the base of its names, and its snapshots."""

    base: str
    usable: OrgSnapshot | None = None  # the newest Active one
    pending: OrgSnapshot | None = None  # requested, and not Active yet
    generation: int = 0  # the highest one on the Dev Hub; of a new one, if `may_make`
    may_make: bool = False
    why_not: str = ""  # why none is made although one is needed
    all: tuple[OrgSnapshot, ...] = ()  # of this content, also earlier generations and failed ones

    @property
    def name(self) -> str:
        """The name of the snapshot that is made, or is used."""
        if self.usable is not None and not self.may_make:
            return self.usable.name
        return with_generation(self.base, self.generation)


@dataclass(frozen=True)
class SnapshotSurvey:
    """All contents of the pools, and our snapshots of other contents."""

    states: dict[str, SnapshotState]
    old: tuple[OrgSnapshot, ...] = ()
    unreadable: str = ""  # why the Dev Hub did not give them; then there is no state


def read_survey(
    config: PoolFile,
    connections: Connections,
    bases: Iterable[str],
    used: Iterable[str],
    today: date,
) -> SnapshotSurvey:
    """Read our snapshots and the allowances from the Dev Hub, and compare; two requests."""
    try:
        ours = connections.snapshots.named(prefix(config))
        limits = connections.hub.limits()
    except SalesforceError as error:
        why = f"{error.message} ({error.hint})" if error.hint else error.message
        return SnapshotSurvey({}, unreadable=why)
    return surveyed(bases, ours, limits, today, used)


def surveyed(
    bases: Iterable[str],
    ours: Iterable[OrgSnapshot],
    limits: HubLimits,
    today: date,
    used: Iterable[str] = (),
) -> SnapshotSurvey:
    """Compare what the pools want with `ours`, all snapshots of this project.

    `used` are the names from which orgs were signed up; a new snapshot gets none of them, so that
    it is not taken for one that has been verified.
    """
    states = {base: SnapshotState(base) for base in bases}
    for name in used:
        if (state := states.get(base_of(name))) is not None:
            generation = max(state.generation, generation_of(name) + 1)
            states[state.base] = replace(state, generation=generation)
    old = []
    for snapshot in sorted(ours, key=lambda one: one.name):
        state = states.get(base_of(snapshot.name))
        if state is None:
            old.append(snapshot)
        else:
            states[state.base] = _with(state, snapshot)
    left = [n for n in (limits.active_snapshots, limits.daily_snapshots) if n is not None]
    allowed = min(left, default=1)
    decided = {}
    for base, state in states.items():
        decided[base] = _decided(state, allowed > 0, today)
        allowed -= decided[base].may_make and decided[base].pending is None
    return SnapshotSurvey(decided, tuple(old))


def _with(state: SnapshotState, snapshot: OrgSnapshot) -> SnapshotState:
    generation = max(state.generation, generation_of(snapshot.name))
    state = replace(state, all=(*state.all, snapshot))
    if snapshot.is_active:
        return replace(state, usable=snapshot, generation=generation)
    if snapshot.is_pending:
        return replace(state, pending=snapshot, generation=generation)
    return replace(state, generation=generation)


def _decided(state: SnapshotState, is_allowed: bool, today: date) -> SnapshotState:
    """One is made if there is none, or if it will expire."""
    usable = state.usable
    expires = usable.expires if usable else None
    if usable is not None and (expires is None or expires > today + RENEW):
        return state
    if state.pending is not None:
        generation = generation_of(state.pending.name)
        return replace(state, may_make=True, generation=generation)
    if not is_allowed:
        return replace(state, why_not=USED_UP)
    return replace(state, may_make=True, generation=state.generation + (usable is not None))
