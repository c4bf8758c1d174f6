"""What `plan` prints, word for word, for orgs of each kind on one Dev Hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioner.builder.fingerprint import fingerprints
from provisioner.builder.preview import Preview, preview
from provisioner.emulator.world import Limits
from provisioner.ledger import open_ledger
from provisioner.report.estimate import Estimate
from provisioner.report.plan import plan_text
from provisioner.report.plan_document import CHANGES, exit_code, plan_document
from tests.builder.night import Night
from tests.builder.prepared import plan, put

pytestmark = pytest.mark.slow

COST = Estimate(12, 80, 300.0, "typical values")
DEFINITION = "config/project-scratch-def.json"
Make = Callable[..., Night]


def prepared(
    make_night: Make, *kinds: str, size: int, active: int = 9, daily: int = 9, **pool: Any
) -> Preview:
    """What is planned for a pool with orgs of these kinds, with so much left on the Dev Hub."""
    night = make_night()
    night.write_pool(size=size, steps="", **pool)
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    for number, kind in enumerate(kinds):
        fingerprint = fingerprints(config, ["sample"])["sample", DEFINITION]
        put(night, ledger, number, fingerprint, "sample", kind)
    ledger.close()
    signed_up = sum(kind != "intended" for kind in kinds)
    active += len(night.active())
    night.world.limits = Limits(active=active, daily=signed_up + daily)
    return plan(config)


def shown(found: Preview, width: int | None = None) -> str:
    return "\n".join(plan_text(found, COST, width=width)) + "\n"


def test_each_kind_of_org_has_a_line(make_night: Make) -> None:
    kinds = ["fresh", "old content", "too old", "gone", "claimed", "failed", "kept", "building"]
    found = prepared(make_night, *kinds, size=5, pool="refresh_after: 20h")
    assert (
        shown(found)
        == """\
sample: 5 wanted, 3 available (2 outdated)
  + create 1 from config/project-scratch-def.json
  > resume sample-7@acme.example (building, step 1 of 2: settings)
  ~ replace sample-1@acme.example (content changed)
  ~ replace sample-2@acme.example (older than refresh_after)
  - delete sample-3@acme.example: no longer on the Dev Hub
  - delete sample-5@acme.example: deploy_source: bad
  = keep 1 available, 1 claimed, 1 failed (kept by --keep-failed)
    each outdated org is deleted only after its replacement is available
    available during the build: at least 3
    steps of each: sign-up, verification

Cost: 3 sign-ups, about 12 Dev Hub and 80 scratch org requests, 5 minutes (typical values)
Plan: 1 to create, 1 to resume, 2 to replace, 2 to delete, 1 to keep.
"""
    )
    assert exit_code(found) == CHANGES == 10


def test_a_pool_with_more_orgs_than_wanted_keeps_them(make_night: Make) -> None:
    found = prepared(make_night, "fresh", "fresh", "fresh", "old content", size=1)
    assert (
        shown(found)
        == """\
sample: 1 wanted, 4 available (1 outdated)
  - delete sample-3@acme.example: content changed
  = keep 3 available
    2 more than wanted: a build does not delete them; they stay until they are claimed, outdated \
or expired

Nothing to build.
Plan: 0 to create, 0 to replace, 1 to delete, 3 to keep.
"""
    )


def test_a_full_pool_has_nothing_to_do(make_night: Make) -> None:
    found = prepared(make_night, "fresh", "of no pool", size=1)
    assert (
        shown(found)
        == """\
sample: 1 wanted, 1 available
  = keep 1 available

removed: not in pool.yaml
  = keep 1 available
    a build does not touch them; `provisioner reap` deletes those that are failed, released or \
expired; with `--removed-pool removed` also the others, except claimed ones

Nothing to build.
Plan: 0 to create, 0 to replace, 0 to delete, 1 to keep.
"""
    )
    assert exit_code(found) == 0
    document = plan_document(found, COST)
    orgs = [{"username": "sample-1@acme.example", "state": "available"}]
    assert document["removed_pools"] == [{"name": "removed", "orgs": orgs}]
    assert (document["changes"], document["totals"]["keep"]) == (False, 1)


def test_a_plan_of_some_pools_does_not_list_removed_ones(make_night: Make) -> None:
    night = make_night()
    night.write_pool(size=0, steps="")
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text("utf-8") + "  b: { size: 0, definitions: [config/"
                    "project-scratch-def.json] }\n", encoding="utf-8")  # fmt: skip
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    put(night, ledger, 1, "old", "sample", "of no pool")
    listed = [preview(config, names, ledger, pytest.fail) for names in (["b"], ["b", "sample"])]
    ledger.close()
    assert [list(found.removed_pools) for found in listed] == [[], ["removed"]]


def test_what_a_limit_prevents_is_named(make_night: Make) -> None:
    found = prepared(make_night, "fresh", size=4, daily=2)
    assert shown(found).startswith("""\
sample: 4 wanted, 1 available
  + create 2 from config/project-scratch-def.json
  = keep 1 available
  ! cannot create 1: the Dev Hub's daily scratch org limit leaves 2 for this pool
    available during the build: at least 1
""")
    assert shown(found).endswith(
        "Plan: 2 to create, 0 to replace, 0 to delete, 1 to keep. 1 org cannot be built.\n"
    )


def test_an_outdated_org_that_nothing_replaces_yet_stays(make_night: Make) -> None:
    found = prepared(make_night, "fresh", "old content", "old content", size=4, daily=2)
    assert (
        shown(found)
        == """\
sample: 4 wanted, 3 available (2 outdated)
  + create 1 from config/project-scratch-def.json
  ~ replace sample-1@acme.example (content changed)
  = keep 2 available
    1 of them outdated, until new ones can replace them
  ! cannot create 1: the Dev Hub's daily scratch org limit leaves 2 for this pool
    each outdated org is deleted only after its replacement is available
    available during the build: at least 3
    steps of each: sign-up, verification

Cost: 2 sign-ups, about 12 Dev Hub and 80 scratch org requests, 5 minutes (typical values)
Plan: 1 to create, 1 to replace, 0 to delete, 2 to keep. 1 org cannot be built.
"""
    )


def test_without_any_sign_up_left_the_exit_code_is_that_of_a_limit(make_night: Make) -> None:
    none = prepared(make_night, "fresh", size=4, active=0)
    assert "  ! cannot create 3: the Dev Hub's active scratch org limit leaves 0" in shown(none)
    assert exit_code(none) == 4


def test_orgs_that_must_make_room_go_in_batches_after_the_canary(make_night: Make) -> None:
    found = prepared(make_night, *["old content"] * 4, size=4, active=0, pool="swap: 2")
    text = shown(found)
    assert "  ~ replace sample-0@acme.example (content changed)\n" in text
    assert (
        """\
    there is no room for 4 new orgs until outdated orgs are deleted: first one, for the canary; \
after it is available, 2 orgs at a time
    available during the build: at least 2
"""
        in text
    )
    assert "Plan: 0 to create, 4 to replace, 0 to delete, 0 to keep." in text


def test_content_that_was_built_before_needs_no_canary(make_night: Make) -> None:
    found = prepared(make_night, *["too old"] * 4, size=4, active=0, pool="refresh_after: 20h")
    assert """\
 until outdated orgs are deleted: 1 org at a time
    available during the build: at least 3
""" in shown(found)


def test_the_canary_of_new_content_is_named(make_night: Make) -> None:
    text = "canary: one org of the new content is built first; 3 more follow when it is available"
    assert f"    {text}\n" in shown(prepared(make_night, size=4))


def test_a_resumed_org_that_the_dev_hub_would_refuse_is_warned_of(make_night: Make) -> None:
    """Its sign-up was intended by a build that was killed before it sent the request."""
    night = make_night()
    night.write_pool(size=2, steps="", top="limits: { keep_daily: 1 }")
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    (fingerprint,) = fingerprints(config, ["sample"]).values()
    for number in (1, 2):
        put(night, ledger, number, fingerprint, "sample", "intended")
    ledger.close()
    warnings: list[str] = []
    for daily in (2, 1):
        night.world.limits = Limits(active=9, daily=daily)
        plan(config, warnings.append)
    assert warnings == [
        "2 orgs of those to resume must still be signed up, and the Dev Hub's limits leave 1 "
        "sign-up: a build exits with code 4"
    ]
    assert night.build().exit_code == 4


def test_many_orgs_with_the_same_reason_are_counted(make_night: Make) -> None:
    found = prepared(make_night, *["failed"] * 13, size=0)
    lines = [line for line in shown(found).splitlines() if "deploy_source: bad" in line]
    assert len(lines) == 11
    assert lines[-1] == "  - delete 3 more: deploy_source: bad"
    (pool,) = plan_document(found, COST)["pools"]
    assert len(pool["delete"]) == 13


def test_on_a_terminal_no_line_exceeds_the_width_and_no_username_is_divided(
    make_night: Make,
) -> None:
    found = prepared(make_night, *["old content"] * 2, "claimed", size=2, active=0)
    for width in (40, 80, 120):
        lines = plan_text(found, COST, width=width)
        assert max(map(len, lines)) <= width
        assert "sample-1@acme.example" in "".join(lines)
        assert " ".join(" ".join(lines).split()) == " ".join(shown(found).split())


def test_what_has_changed_since_the_build_is_named(make_night: Make) -> None:
    """The record of the build is enough; an org whose record is lost has changed content."""
    night = make_night()
    steps = "- deploy_source: { path: . }\n- run_apex: { file: scripts/setup.apex }\n"
    night.write_pool(size=1, steps=steps)
    assert night.build().exit_code == 0
    (org,) = night.orgs()

    def said() -> str:
        found = plan(night.config())
        (line,) = [line for line in plan_text(found, COST) if "~ replace" in line]
        return line.removeprefix(f"  ~ replace {org.username} ")

    path = night.folder / "force-app/main/default/classes/VisitService.cls"
    path.write_text(path.read_text("utf-8") + "// more\n", encoding="utf-8")
    assert said() == "(source: force-app/…/VisitService.cls, steps[0])"
    fields = night.folder / "force-app/main/default/objects/Visit__c/fields"
    field = next(fields.iterdir())
    field.write_text(field.read_text("utf-8").replace("<label>", "<label>Old "), encoding="utf-8")
    names = "force-app/…/VisitService.cls, force-app/main/default/objects/Visit__c"
    assert said() == f"(source: {names}, steps[0])"
    night.write_pool(size=1, steps=steps + "- assign_permission_sets: [Visit_Planner]\n")
    assert said().endswith("; assign_permission_sets added, steps[2])")
    definition = (night.folder / DEFINITION).read_text("utf-8")
    (night.folder / DEFINITION).write_text(definition.replace("Visit Planner", "Other"), "utf-8")
    assert said().startswith("(definition: orgName; source: ")

    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    (run,) = ledger.runs()
    summary = {key: value for key, value in run.summary.items() if key != "inputs"}
    ledger.finish_run(replace(run, summary=summary))
    ledger.close()
    assert said() == "(content changed)", "built by a version that did not record it"


def test_a_definition_that_the_pool_no_longer_has_is_named(make_night: Make) -> None:
    found = prepared(make_night, "other definition", size=1)
    text = "(definition config/other.json removed; by one from config/project-scratch-def.json)"
    assert f"  ~ replace sample-0@acme.example {text}\n" in shown(found)
