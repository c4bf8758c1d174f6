"""Org snapshots: the steps above the marker run once, and every problem costs only time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from provisioner.builder.result import BuildResult
from provisioner.builder.snapshot_names import base_of, with_generation
from provisioner.emulator.behavior import Behavior
from provisioner.emulator.world import Limits
from provisioner.ledger.base import Org, State
from provisioner.steps.login_app import NAME as LOGIN_APP
from tests.builder.night import Night
from tests.builder.test_interruption import Command
from tests.builder.test_login_way import log_in
from tests.probe.rights import grant_rights
from tests.proof import here

pytestmark = pytest.mark.slow

UPPER = """\
- deploy_source: { path: . }
- assign_permission_sets: [Visit_Planner]
- load_data: { plan: data/sample-plan.json }
"""
LOWER = "- run_apex: { file: scripts/setup.apex }\n"
STEPS = f"{UPPER}- snapshot: {{}}\n{LOWER}"
ALONE = "replacements: 0"


def hub_snapshots(night: Night) -> dict[str, str]:
    """Name → status of the snapshots on the Dev Hub."""
    rows = night.hub_rows("OrgSnapshot")
    return {str(row["SnapshotName"]): str(row["Status"]) for row in rows}


def by_snapshot(night: Night) -> dict[str, int]:
    """Snapshot ("" for a full build) → how many available orgs are signed up from it."""
    found: dict[str, int] = {}
    for org in night.orgs(State.AVAILABLE):
        found[org.snapshot] = found.get(org.snapshot, 0) + 1
    return found


def contents(night: Night, org: Org) -> Mapping[str, Any]:
    """What of the sample is in an org."""
    store = night.world.orgs[org.org_id[:15]].store
    assigned = store.peek_rows("PermissionSetAssignment")
    names = {row["Id"]: row["Name"] for row in store.peek_rows("PermissionSet")}
    return {
        "accounts": len(store.peek_rows("Account")),
        "visits": len(store.peek_rows("Visit__c")),
        "sets": sorted(str(names[row["PermissionSetId"]]) for row in assigned),
    }


def test_the_first_night_makes_a_snapshot_and_later_nights_use_it(night: Night) -> None:
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    ((name, status),) = hub_snapshots(night).items()
    assert status == "Active"
    assert by_snapshot(night) == {"": 1, name: 2}
    deploys = night.requests("deploy.start")
    night.write_pool(size=5, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    assert by_snapshot(night) == {"": 1, name: 4}
    assert night.requests("deploy.start") - deploys == 2, "only the settings of the two new orgs"
    assert list(hub_snapshots(night)) == [name]
    orgs = night.orgs(State.AVAILABLE)
    assert len({str(contents(night, org)) for org in orgs}) == 1, "all have the same content"
    assert here.run(night, "status").out.count(f"from snapshot {name}") == 4
    manifest = here.run(night, "status", "--manifest").document["orgs"]
    assert sorted(str(org["snapshot"]) for org in manifest) == ["None", *[name] * 4]
    (copy, *_) = [org for org in orgs if org.snapshot]
    assert name in here.run(night, "report", copy.username).out


def write_two_pools(night: Night) -> None:
    """The pools `sample` and `second` with the same steps above the marker."""
    night.write_pool(size=2, steps=STEPS, pool=ALONE)
    text = (night.folder / "pool.yaml").read_text()
    pool = text[text.index("  sample:") :].replace("  sample:", "  second:")
    pool = pool.replace("scripts/setup.apex }", "scripts/setup.apex, timeout: 5m }")
    (night.folder / "pool.yaml").write_text(text + pool)


def test_two_pools_that_share_the_upper_steps_share_one_snapshot(night: Night) -> None:
    write_two_pools(night)
    assert night.build(pools=("sample", "second")).exit_code == 0
    assert len(hub_snapshots(night)) == 1
    assert sorted(by_snapshot(night).values()) == [1, 3]


def test_two_builds_at_once_that_share_the_upper_steps_make_one_snapshot(night: Night) -> None:
    """Each has a source, because neither can know of the other. Both request the snapshot at the
    same moment: the Dev Hub refuses one of the requests, and both use what the other one makes."""
    write_two_pools(night)
    for _ in range(2):
        night.fault({"route": "sobjects.create", "path": "/OrgSnapshot"}, {"do": "hold"})
    with ThreadPoolExecutor() as threads:
        builds = [threads.submit(night.build, pools=[pool]) for pool in ("sample", "second")]
        holds = night.world.holds.current(wait=60, count=2)
        night.world.holds.close()
        results = [build.result() for build in builds]
    assert len(holds) == 2
    assert [result.exit_code for result in results] == [0, 0]
    ((name, status),) = hub_snapshots(night).items()
    assert status == "Active"
    assert by_snapshot(night) == {"": 2, name: 2}
    assert not any("was not made" in text for text in night.watcher.messages)


def test_a_change_above_the_marker_replaces_the_snapshot(night: Night) -> None:
    """No past build has measured the step of another name, so the orgs wait for the new one."""
    named = STEPS.replace("{ path: . }", "{ path: ., name: Old }")
    night.write_pool(size=2, steps=named, pool=ALONE)
    assert night.build().exit_code == 0
    (old,) = hub_snapshots(night)
    night.write_pool(
        size=2,
        steps=STEPS.replace("- load_data: { plan: data/sample-plan.json }\n", ""),
        pool=ALONE,
    )
    planned = here.run(night, "plan", "--json").document
    assert planned["old_snapshots"] == [old]
    text = here.run(night, "plan").out
    assert f"  - delete {old}: no pool uses it" in text
    assert "    steps of each from a snapshot: sign-up, run_apex, verification" in text
    assert old in hub_snapshots(night), "a plan changes nothing"
    assert night.build().exit_code == 0
    (new,) = hub_snapshots(night)
    assert old != new
    assert by_snapshot(night) == {"": 1, new: 1}


def test_a_change_below_the_marker_keeps_the_snapshot(night: Night) -> None:
    night.write_pool(size=2, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    before = hub_snapshots(night)
    night.write_pool(size=2, steps=f"{UPPER}- snapshot: {{}}\n", pool=ALONE)
    assert night.build().exit_code == 0
    assert hub_snapshots(night) == before
    assert list(by_snapshot(night)) == list(before)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            "error",
            "was not made: The snapshot could not be created. Orgs of this content are built",
        ),
        ("off", "enable Scratch Org Snapshots in Setup of the Dev Hub (Scratch Orgs), or give"),
        ("right", "give the user Read, Create and Delete on Org Snapshots"),
        (
            "allowance",
            "no org snapshot is made: the Dev Hub's allowance of org snapshots is used up",
        ),
        (
            "daily",
            "no org snapshot is made: the Dev Hub's allowance of org snapshots is used up",
        ),
        ("refused", "was not made: "),
    ],
)
def test_without_a_snapshot_all_orgs_are_built_in_full(
    make_night: Callable[..., Night], damage: str, says: str
) -> None:
    behavior = Behavior(org_snapshots="off") if damage == "off" else None
    limits = {
        "allowance": Limits(active_snapshots=0),
        "daily": Limits(active_snapshots=3, daily_snapshots=0),
    }.get(damage)
    user = "integration" if damage == "right" else "administrator"
    night = make_night(behavior=behavior, limits=limits, hub_user=user)
    if damage == "right":
        grant_rights(night)
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    if damage == "error":
        night.fault({"operation": "snapshot"}, {"do": "error"}, times=0)
    if damage == "refused":
        refused = {"do": "answer", "status": 400, "error": "LIMIT_EXCEEDED", "message": "no more"}
        night.fault({"route": "sobjects.create", "path": ".*/OrgSnapshot"}, refused, times=0)
    result = night.build()
    assert result.exit_code == 0
    assert by_snapshot(night) == {"": 3}
    assert any(says in text for text in night.watcher.messages), night.watcher.messages


def test_orgs_wait_no_longer_than_the_marker_says(make_night: Callable[..., Night]) -> None:
    night = make_night(snapshot=1_000_000.0)
    night.write_pool(size=3, steps=STEPS.replace("{}", "{ wait: 0s, timeout: 10m }"), pool=ALONE)
    assert night.build().exit_code == 0
    assert by_snapshot(night) == {"": 3}
    messages = "\n".join(night.watcher.messages)
    assert "is not Active yet: the orgs that waited for it are built in full" in messages
    assert "was not made: not finished after 10m" in messages


def test_orgs_do_not_wait_where_past_builds_were_sooner_in_full(
    make_night: Callable[..., Night],
) -> None:
    night = make_night(snapshot=800.0)
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    shorter = STEPS.replace("- load_data: { plan: data/sample-plan.json }\n", "")
    night.write_pool(size=3, steps=shorter, pool=f"{ALONE}\ncanary: false")
    assert night.build().exit_code == 0
    assert by_snapshot(night) == {"": 3}
    assert list(hub_snapshots(night).values()) == ["Active", "Active"]
    text = "orgs do not wait for the org snapshot"
    assert any(text in one for one in night.watcher.messages), night.watcher.messages


def test_an_org_that_differs_from_its_source_ends_the_use_of_the_snapshot(night: Night) -> None:
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (kept,) = night.world.hub.snapshots.values()
    kept.rows["Visit__c"].clear()
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    result = night.build()
    assert result.exit_code == 0, result.failed
    assert by_snapshot(night) == {"": 3}
    assert hub_snapshots(night) == {}
    assert any("differs from the source" in text for text in night.watcher.messages)


def test_a_snapshot_that_is_gone_costs_no_org(night: Night) -> None:
    night.write_pool(size=2, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    for snapshot in list(night.world.hub.snapshots):
        del night.world.hub.snapshots[snapshot]  # a sign-up from it ends in SN-0001
    night.write_pool(size=4, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    assert by_snapshot(night)[""] == 3


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_build_that_is_killed_while_it_makes_a_snapshot_makes_one(night: Night, at: str) -> None:
    night.write_pool(size=2, steps=STEPS, pool=ALONE)
    night.fault({"route": "sobjects.create", "path": ".*/OrgSnapshot"}, {"do": "hold", "at": at})
    command = Command(night, "build", "--time-scale", "0.002")
    assert night.world.holds.current(wait=30)
    command.process.kill()
    command.end()
    night.world.holds.close()
    assert night.build().exit_code == 0
    ((name, status),) = hub_snapshots(night).items()
    assert status == "Active"
    assert by_snapshot(night) == {"": 1, name: 1}


def planted(night: Night, name: str, description: str = "provisioner 1") -> None:
    """An Active snapshot on the Dev Hub that no build of this test has made."""
    row = {"SnapshotName": name, "Status": "Active", "Description": description}
    night.world.hub.store.add("OrgSnapshot", row)


def test_reap_deletes_the_snapshots_of_no_pool_and_no_others(night: Night) -> None:
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (kept,) = hub_snapshots(night)
    old, foreign = kept[:5] + "oldcontent"[:8] + "00", "Nightly"
    planted(night, old)
    planted(night, foreign)
    planted(night, kept[:5] + "byhand000", "before the release")
    seen = here.run(night, "reap", "--dry-run", "--json")
    assert [(one["name"], one["deleted"]) for one in seen.document["snapshots"]] == [(old, False)]
    assert old in hub_snapshots(night)
    done = here.run(night, "reap")
    assert done.code == 0
    assert f"snapshot {old}" in done.out
    assert "no pool of pool.yaml uses it" in done.out
    assert set(hub_snapshots(night)) == {kept, foreign, kept[:5] + "byhand000"}


def test_a_snapshot_that_will_expire_is_replaced_by_its_next_generation(night: Night) -> None:
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (first,) = hub_snapshots(night)
    soon = (night.world.now() + timedelta(days=3)).date().isoformat()
    (row,) = night.world.hub.store.peek_rows("OrgSnapshot")
    night.world.hub.store.set_fields("OrgSnapshot", row["Id"], {"ExpirationDate": soon})
    night.write_pool(size=4, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    second = with_generation(base_of(first), 1)
    assert set(hub_snapshots(night)) == {first, second}, "the old one stays until that is verified"
    assert by_snapshot(night) == {"": 2, first: 2}
    night.write_pool(size=5, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    assert list(hub_snapshots(night)) == [second]
    assert by_snapshot(night) == {"": 2, first: 2, second: 1}


@pytest.mark.parametrize("carries", ["no", "yes"])
def test_orgs_from_a_snapshot_get_login_apps_of_their_own(
    make_night: Callable[..., Night], carries: Any
) -> None:
    """Whether the platform copies the app of the source is unknown, so both must work."""
    night = make_night(hub_app="external", behavior=Behavior(snapshot_carries_app=carries))
    night.login_app("deployed")
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    result = night.build()
    assert result.exit_code == 0, [org.error for org in result.failed]
    (name,) = hub_snapshots(night)
    assert by_snapshot(night) == {"": 1, name: 2}, "the comparison finds no difference"
    keys = set()
    for org in night.orgs(State.AVAILABLE):
        log_in(night, org)
        parts = [key for key in night.world.orgs[org.org_id[:15]].components if is_login_app(key)]
        assert len(parts) == 6, "one app, and its permission set"
        keys.add(org.consumer_key)
    assert len(keys) == (3 if carries == "no" else 1), "a copied app keeps the key of the source"


def is_login_app(key: tuple[str, str]) -> bool:
    """Whether a component is a part of the login app."""
    return key[1].startswith(LOGIN_APP.lower())


def build_with_a_change(
    night: Night, when: Mapping[str, Any], change: Callable[[], None], *, at: str = "before"
) -> BuildResult:
    """One build; the world changes while this request of it is held."""
    night.fault(when, {"do": "hold", "at": at})
    with ThreadPoolExecutor(1) as worker:
        building = worker.submit(night.build)
        assert night.world.holds.current(wait=30)
        change()
        night.world.holds.release()
        return building.result(60)


def test_a_difference_is_named_item_by_item(night: Night) -> None:
    steps = f"- install_package: {{ version: 04t000000000001AAA }}\n{STEPS}"
    night.write_pool(size=2, steps=steps, pool=ALONE)

    def lose_one_of_each() -> None:
        (kept,) = night.world.hub.snapshots.values()
        for name in ("InstalledSubscriberPackage", "ApexTrigger", "Visit__c"):
            assert kept.rows[name], name
            kept.rows[name].clear()
        kept.rows["PermissionSetAssignment"].clear()

    from_snapshot = {"route": "sobjects.create", "path": ".*/ScratchOrgInfo", "nth": 2}
    result = build_with_a_change(night, from_snapshot, lose_one_of_each)
    assert result.exit_code == 0
    (error,) = [org.error for org in night.orgs(*State) if org.error]
    assert error.splitlines() == [
        "compare_contents: the org differs from the source of its snapshot",
        "package Package 04t000000000001: 1.0.0.1 in the source, missing in the org",
        "ApexTrigger VisitTrigger: missing in the org",
        "PermissionSet Visit_Planner: missing in the org (assigned to the admin)",
        "records of Visit__c: 2 in the source, none in the org",
    ]
    assert hub_snapshots(night) == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("deleted", "The source org is not an active scratch org of this Dev Hub"),
        ("namespace", "The source org has a namespace"),
        ("from a snapshot", "The source org was created from a snapshot"),
    ],
)
def test_a_source_that_is_refused_costs_no_org(night: Night, change: str, says: str) -> None:
    night.write_pool(size=2, steps=STEPS)

    def spoil() -> None:
        source = night.world.orgs[str(night.hub_rows("OrgSnapshot")[0]["SourceOrg"])[:15]]
        source.namespace = "acme" if change == "namespace" else None
        source.is_from_snapshot = change == "from a snapshot"
        if change == "deleted":
            source.end()

    request = {"route": "sobjects.create", "path": ".*/OrgSnapshot"}
    result = build_with_a_change(night, request, spoil, at="after")
    assert result.exit_code == 0
    assert by_snapshot(night) == {"": 2}
    assert any(says in text for text in night.watcher.messages), night.watcher.messages


@pytest.mark.parametrize("code", ["T-0004", "C-1033"])
def test_a_snapshot_from_which_no_org_can_be_signed_up_is_deleted(night: Night, code: str) -> None:
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (name,) = hub_snapshots(night)
    night.fault({"operation": "signup"}, {"do": "error", "error": code})
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    result = night.build()
    assert result.exit_code == 0, result.failed
    assert by_snapshot(night) == {"": 3}
    assert hub_snapshots(night) == {}
    text = (
        f"no org is signed up from the org snapshot {name} any more, because one from it has failed"
    )
    assert any(text in one and code in one for one in night.watcher.messages)


def test_a_first_org_that_fails_below_the_marker_ends_the_use_of_the_snapshot(night: Night) -> None:
    night.write_pool(size=1, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    refused = {"do": "answer", "status": 400, "error": "INVALID_TYPE", "message": "no Visit__c"}
    night.fault({"route": "tooling.executeAnonymous"}, refused)
    night.write_pool(size=3, steps=STEPS, pool=ALONE)
    result = night.build()
    assert result.exit_code == 0, result.failed
    assert by_snapshot(night) == {"": 3}
    assert hub_snapshots(night) == {}
    assert any("has failed: run_apex: " in text for text in night.watcher.messages)


def test_a_name_is_never_used_again(night: Night) -> None:
    """A new snapshot must not be taken for the verified one that had its name."""
    night.write_pool(size=2, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (old,) = hub_snapshots(night)
    (row,) = night.hub_rows("OrgSnapshot")
    night.world.hub.store.delete("OrgSnapshot", row["Id"])
    night.write_pool(size=4, steps=STEPS, pool=ALONE)
    assert night.build().exit_code == 0
    (new,) = hub_snapshots(night)
    assert new != old
    assert by_snapshot(night)[old] == 1


def test_orgs_that_waited_too_long_have_the_source_as_their_canary(
    make_night: Callable[..., Night],
) -> None:
    """They follow it when it is available, from the snapshot that is Active by then."""
    night = make_night()
    steps = STEPS.replace("{}", "{ wait: 0s }")
    night.write_pool(size=5, steps=steps, pool=ALONE)
    assert night.build().exit_code == 0
    (name,) = hub_snapshots(night)
    assert by_snapshot(night) == {"": 1, name: 4}
