"""What is killed: builds, also of all data forms, of old orgs or of a snapshot, `reap`, a probe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from provisioner.builder import snapshot_names
from provisioner.claim.rules import release
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from provisioner.upkeep.probes import is_probe
from tests.proof import here
from tests.proof.data_forms import DATA
from tests.proof.processes import TIME_SCALE
from tests.proof.truth import rows, unfull
from tests.proof.whole_night import EVERY, FEW, WholeNight

SIZE = 3
BUILD = ("build", "--json", "--time-scale", TIME_SCALE)
REAP = ("reap", "--json")
PROBE = ("check", "--probe", "--yes", "--json", "--time-scale", TIME_SCALE)
Reported = Callable[[WholeNight], Iterator[str]]
SNAPSHOT = FEW.replace("- run_apex", "- snapshot: {}\n- run_apex")
"""The script runs in each org; all else is in the snapshot."""


def nothing(_night: WholeNight) -> Iterator[str]:
    """Nothing is wrong."""
    return iter(())


def write(night: WholeNight, concurrent: int, **more: Any) -> None:
    """pool.yaml with a project of its own, so many sign-ups at once, and replacements for all."""
    top = f"project: acme-proof\nlimits: {{ concurrent_signups: {concurrent} }}\n"
    night.write_pool(top=top, pool=f"replacements: {SIZE}\n", **more)


@dataclass(frozen=True)
class Scene:
    """What happens before, the command that is killed, those after it, and what must be true."""

    name: str
    prepare: Callable[[WholeNight, int], None]  # the int: how many sign-ups at once
    command: tuple[str, ...]
    again: tuple[tuple[str, ...], ...]
    at_the_kill: Reported = nothing
    at_the_end: Reported = nothing
    sign_ups: int = SIZE  # in all, replacements of orgs in doubt not counted
    org: str = ""  # "hub": only requests to the Dev Hub are counted and killed at
    steps: str = FEW  # most scenes are about what is around the steps


def _new(night: WholeNight, concurrent: int) -> None:
    write(night, concurrent)


def _with_apps(night: WholeNight, concurrent: int) -> None:
    """The Dev Hub has an External Client App, so each org gets a login app of its own."""
    night.has_external_app()
    night.login_app("deployed")
    write(night, concurrent)


def _unknown_way(night: WholeNight, concurrent: int) -> None:
    """The same, and the build has to find it out."""
    night.has_external_app()
    write(night, concurrent)


def _old(night: WholeNight, concurrent: int) -> None:
    """Three orgs wait, one is given back, and then the org definition changes."""
    write(night, concurrent, size=SIZE + 1)
    _must(night, *BUILD)
    _give_back_an_org(night)
    _rename(night)
    write(night, concurrent)


def _crowded(night: WholeNight, concurrent: int) -> None:
    """Three orgs wait on a Dev Hub with no room for a fourth, and then their definition changes."""
    write(night, concurrent)
    _must(night, *BUILD)
    night.world.limits.active = SIZE
    _rename(night)


def _old_snapshot(night: WholeNight, concurrent: int) -> None:
    """An org waits, there is a snapshot of its content, and then the org definition changes.

    No past build has measured the step of another name, so the orgs wait for the new snapshot.
    """
    named = night.steps.replace(
        "deploy_source: { path: . }", "deploy_source: { path: ., name: Old }"
    )
    write(night, concurrent, size=1, steps=named)
    _must(night, *BUILD)
    _rename(night)
    write(night, concurrent)


def _rename(night: WholeNight) -> None:
    definition = night.folder / "config/project-scratch-def.json"
    changed = {**json.loads(definition.read_text("utf-8")), "orgName": "Another name"}
    definition.write_text(json.dumps(changed), encoding="utf-8")


def _left(night: WholeNight, concurrent: int) -> None:
    """Of three orgs one is given back, and one has no row in the ledger any more."""
    write(night, concurrent)
    _must(night, *BUILD)
    _give_back_an_org(night)
    (forgotten, _) = rows(night, State.AVAILABLE)
    night.ledger.forget(night, forgotten.username)


def _lost(night: WholeNight, concurrent: int) -> None:
    """Three orgs wait, and the ledger is lost."""
    write(night, concurrent)
    _must(night, *BUILD)
    night.ledger.lose(night)


def _give_back_an_org(night: WholeNight) -> None:
    """Claim one and give it back where the Dev Hub is out of reach, so that it is still there."""
    username = _must(night, "claim", "--json", "--owner", "ann").document["username"]
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        release(ledger, username, owner="ann")


def _must(night: WholeNight, *arguments: str) -> Any:
    ended = here.run(night, *arguments)
    assert ended.code == 0, ended.err
    return ended


def _gap(night: WholeNight) -> Iterator[str]:
    """An old org may only go when a new one stands in for it."""
    if (available := len(rows(night, State.AVAILABLE))) < SIZE:
        yield f"only {available} of {SIZE} orgs were available while they were renewed"


def _rolled(night: WholeNight) -> Iterator[str]:
    """Old orgs make room one by one, whatever is killed in between."""
    if (fewest := night.fewest_available(SIZE)) < SIZE - 1:
        yield f"only {fewest} of {SIZE} orgs were available while they were renewed in batches"


def _renewed_in_batches(night: WholeNight) -> Iterator[str]:
    yield from _renewed(night)
    yield from _rolled(night)


def _full(night: WholeNight) -> Iterator[str]:
    return unfull(night, SIZE)


def _renewed(night: WholeNight) -> Iterator[str]:
    yield from unfull(night, SIZE)
    fingerprints = {org.fingerprint for org in rows(night, State.AVAILABLE)}
    if len(fingerprints) != 1:
        yield "old orgs are left among the new ones"


def _one_snapshot(night: WholeNight) -> Iterator[str]:
    """Full, and nothing is left on the Dev Hub but one snapshot of the content of today."""
    yield from _renewed(night)
    (base,) = snapshot_names.bases(night.config(), ["sample"]).values()
    found = [(row["SnapshotName"], row["Status"]) for row in night.hub_rows("OrgSnapshot")]
    if [(snapshot_names.base_of(name), status) for name, status in found] != [(base, "Active")]:
        yield f"the Dev Hub has the snapshots {found} instead of an Active one of {base}"
    for org in rows(night, State.AVAILABLE):
        if org.snapshot and org.snapshot not in dict(found):
            yield f"{org.username} is from {org.snapshot}, which does not exist"


def _unknown_hub(night: WholeNight, concurrent: int) -> None:
    """The Dev Hub does not copy its app, so a probe signs up twice; the pool is small."""
    night.has_external_app()
    write(night, concurrent, size=1)


def _no_probe_left(night: WholeNight) -> Iterator[str]:
    for row in rows(night):
        if is_probe(row):
            yield f"{row.username} of a probe is {row.state}"
    for username in night.active():
        if username.startswith("probe-"):
            yield f"{username} of a probe is active"


def _one_left(night: WholeNight) -> Iterator[str]:
    return unfull(night, 1)


SCENES = {
    scene.name: scene
    for scene in (
        Scene("build", _new, BUILD, (BUILD,), at_the_end=_full, steps=EVERY),
        Scene("data", _new, BUILD, (BUILD,), at_the_end=_full, steps=DATA),
        Scene("apps", _with_apps, BUILD, (BUILD,), at_the_end=_full),
        Scene("way", _unknown_way, BUILD, (BUILD,), at_the_end=_full, sign_ups=SIZE + 1),
        Scene("renew", _old, BUILD, (BUILD,), _gap, _renewed, 2 * SIZE + 1, "hub"),
        Scene("roll", _crowded, BUILD, (BUILD,), _rolled, _renewed_in_batches, 2 * SIZE, "hub"),
        Scene(
            "snapshot",
            _old_snapshot,
            BUILD,
            (BUILD, REAP),  # `reap` deletes the old one if the killed build had only that to do
            at_the_end=_one_snapshot,
            sign_ups=SIZE + 1,
            steps=SNAPSHOT,
        ),
        Scene("reap", _left, REAP, (REAP,), at_the_end=_one_left),
        Scene(
            "rebuild", _lost, (*REAP, "--rebuild"), ((*REAP, "--rebuild"), REAP), at_the_end=_full
        ),
        # `reap` leaves an org whose sign-up is pending to the build
        Scene("probe", _unknown_hub, PROBE, (BUILD,), at_the_end=_no_probe_left, sign_ups=4),
    )
}
