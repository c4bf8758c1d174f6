"""`retry` continues a failed org that was kept, if the pool then gets what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from provisioner.builder.fingerprint import fingerprints
from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.builder.retry_plan import retriable
from provisioner.builder.run import new_run
from provisioner.errors import NoOrgError, UsageError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.steps.base import StartAgain
from tests.builder.night import Night
from tests.builder.test_health import kill
from tests.proof.here import run

pytestmark = pytest.mark.slow

CLASS = "app/main/default/classes/Visits.cls"
META = (
    '<ApexClass xmlns="http://soap.sforce.com/2006/04/metadata"><apiVersion>62.0</apiVersion>'
    "<status>Active</status></ApexClass>"
)
STEPS = "- run_apex: scripts/setup.apex\n- deploy_source: app\n"


@pytest.fixture
def failed(night: Night) -> Org:
    """An org that was kept: a class of its second step has an error."""
    write(night, CLASS + "-meta.xml", META)
    write(night, "app/sfdx-project.json", '{"packageDirectories": [{"path": "main"}]}')
    write(night, CLASS, "public class Visits { void go() { String x = ; } }")
    return build_failing(night, STEPS)


def write(night: Night, name: str, text: str) -> None:
    path = night.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def build_failing(night: Night, steps: str) -> Org:
    night.write_pool(size=1, steps=steps, pool="replacements: 0")
    result = night.build(keep_failed=True)
    assert result.exit_code == 6
    (org,) = night.orgs(State.FAILED)
    assert org.kept
    return org


def fix(night: Night) -> None:
    write(night, CLASS, "public class Visits { void go() { String x = 'a'; } }")


@contextmanager
def ledger_of(night: Night) -> Iterator[Ledger]:
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        yield ledger


def test_a_fixed_deploy_is_continued_and_what_ran_before_is_not_repeated(
    night: Night, failed: Org
) -> None:
    fix(night)
    result = night.build(retry=failed.username, keep_failed=True)
    assert (result.exit_code, result.wanted) == (0, 1)
    (org,) = night.orgs(State.AVAILABLE)
    assert (org.username, org.error, org.kept) == (failed.username, "", False)
    assert org.fingerprint != failed.fingerprint
    config = night.config()
    assert org.fingerprint == fingerprints(config, ["sample"])["sample", org.definition]
    assert [str(row["Name"]) for row in night.rows_in(org, "ApexClass")] == ["Visits"]
    assert night.requests("tooling.executeAnonymous") == 1
    assert len(night.hub_rows("ScratchOrgInfo")) == 1
    again = night.build()
    assert (again.wanted, again.deleted) == (0, ()), "a build finds the pool full"


def test_a_retry_after_a_cause_outside_of_the_files_needs_no_change(night: Night) -> None:
    refused = {"compiled": True, "success": False, "exceptionMessage": "a limit of the org"}
    answer = {"do": "answer", "status": 200, "body": {"line": 1, "column": 1, **refused}}
    night.fault({"route": "tooling.executeAnonymous"}, answer)
    org = build_failing(night, "- run_apex: scripts/setup.apex\n")
    ended = run(night, "retry", org.username, "--time-scale", "0.002")
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"{org.username} is available\nsample: 1 of 1 available\n")
    assert f"{org.username}  run_apex (2/3)" in ended.err, "the step is shown as it starts again"
    (available,) = night.orgs(State.AVAILABLE)
    assert available.fingerprint == org.fingerprint


def test_an_org_that_fails_again_is_kept_and_the_night_stays_in_sight(
    night: Night, failed: Org
) -> None:
    ended = run(night, "retry", failed.username, "--time-scale", "0.002")
    assert ended.code == 6
    assert f"error: {failed.username} failed again, and is kept" in ended.err
    assert f"hint: fix the step, then: provisioner retry {failed.username}" in ended.err
    (org,) = night.orgs(State.FAILED)
    assert org.kept
    report = run(night, "report").out
    assert "0 of 1 built, 1 failed\n" in report.splitlines()[1] + "\n"
    assert f": {failed.username}: exit code 6: 0 of 1 built, 1 failed" in report
    fix(night)
    assert night.build(retry=org.username, keep_failed=True).exit_code == 0
    assert f": {failed.username}: is available" in run(night, "report").out


def test_an_org_whose_earlier_step_has_changed_is_refused(night: Night, failed: Org) -> None:
    fix(night)
    write(night, "scripts/setup.apex", "System.debug('another');\n")
    ended = run(night, "retry", failed.username, "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "no_retry"
    assert ended.document["error"]["message"] == (
        f"{failed.username} cannot be continued: what ran before the failed step has changed "
        "since: script (scripts/setup.apex)"
    )
    assert "provisioner build" in ended.document["error"]["hint"]
    assert run(night, "report").out.splitlines()[1].endswith("0 of 1 built, 1 failed")
    night.write_pool(size=1, steps=f"- assign_permission_sets: [A]\n{STEPS}")
    with pytest.raises(UsageError, match="changed since: run_apex removed; assign_perm"):
        night.build(retry=failed.username, keep_failed=True)
    night.write_pool(size=1, steps=STEPS)
    night.write_json("config/project-scratch-def.json", {"edition": "Enterprise"})
    with pytest.raises(UsageError, match="has changed since: definition"):
        night.build(retry=failed.username, keep_failed=True)
    assert night.orgs(State.FAILED) == [failed]


def test_steps_after_the_failed_one_may_be_new(night: Night, failed: Org) -> None:
    fix(night)
    night.write_pool(size=1, steps=f"{STEPS}- run_apex: scripts/setup.apex\n")
    assert night.build(retry=failed.username, keep_failed=True).exit_code == 0
    assert night.requests("tooling.executeAnonymous") == 2


def test_a_changed_step_that_leaves_a_part_behind_is_refused(night: Night) -> None:
    org = build_failing(night, "- assign_permission_sets: [Nobody]\n")
    night.write_pool(size=1, steps="- assign_permission_sets: [Nobody_Else]\n")
    with pytest.raises(UsageError, match="assign_permission_sets has changed, and may have left"):
        night.build(retry=org.username, keep_failed=True)


def test_a_step_that_cannot_start_again_is_refused(night: Night) -> None:
    org = build_failing(night, "- load_data: { plan: data/sample-plan.json }\n")
    with pytest.raises(
        UsageError, match="load_data may have left a part of its content in the org"
    ):
        night.build(retry=org.username, keep_failed=True)
    assert night.orgs(State.FAILED) == [org]


def test_a_full_pool_is_not_overfilled(night: Night, failed: Org) -> None:
    night.write_pool(size=1, steps="", pool="maximum: 1")
    assert night.build().exit_code == 0
    night.write_pool(size=1, steps=STEPS, pool="maximum: 1")
    with pytest.raises(UsageError, match="the pool sample has its maximum of 1 orgs"):
        night.build(retry=failed.username, keep_failed=True)


def test_nothing_is_retried_while_a_build_runs_or_when_the_org_is_gone(
    night: Night, failed: Org
) -> None:
    with ledger_of(night) as ledger, ledger.builder_lock(new_run(), wait=False):
        assert run(night, "retry", failed.username).code == 8
    kill(night, failed)
    with pytest.raises(UsageError, match="cannot be continued: the Dev Hub no longer has it"):
        night.build(retry=failed.username, keep_failed=True)
    assert night.orgs(State.FAILED) == [failed]


def test_an_org_in_maintenance_is_left_to_the_next_build(night: Night, failed: Org) -> None:
    fix(night)
    maintenance = {"do": "answer", "status": 420}
    night.fault({"org": "scratch", "route": "deploy.start"}, maintenance, times=0)
    ended = run(night, "retry", failed.username, "--time-scale", "0.002")
    assert ended.code == 6
    assert "left to the next build: 1 org" in ended.err
    assert "failed again" not in ended.err
    night.world.faults.clear()
    assert night.build().exit_code == 0
    assert [org.username for org in night.orgs(State.AVAILABLE)] == [failed.username]


def test_a_build_resumes_a_retry_that_was_killed(night: Night, failed: Org) -> None:
    fix(night)
    config = night.config()
    current = fingerprints(config, ["sample"])["sample", failed.definition]
    with ledger_of(night) as ledger:
        OrgLifecycle(ledger, new_run(), config, ledger.now).retry(failed, current)
    assert night.build().exit_code == 0
    assert [org.username for org in night.orgs(State.AVAILABLE)] == [failed.username]


ORG = Org("a@acme.example", "sample", org_id="00D", kept=True, state=State.FAILED)
REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "available": ({"state": State.AVAILABLE}, "it is available, not failed"),
    "deleted": ({"state": State.DELETED}, "it is deleted, not failed"),
    "no org": ({"org_id": ""}, "its sign-up failed, so there is no org"),
    "not kept": ({"kept": False}, "it was not kept, and will be deleted"),
    "no login": (
        {"consumer_key": "PlatformCLI"},
        "it has no login app, so nobody can log in to it",
    ),
    "no pool": ({"pool": "gone"}, "pool.yaml no longer has its pool gone or its definition"),
    "no definition": ({"definition": "x"}, "pool.yaml no longer has its pool sample or its"),
}


def test_what_cannot_be_continued_is_refused_with_the_reason(night: Night) -> None:
    config = night.config()
    (definition,) = config.pools["sample"].definitions
    with ledger_of(night) as ledger:
        for number, (changes, why) in enumerate(REFUSALS.values()):
            row = replace(ORG, username=f"{number}@acme.example", definition=definition.name)
            ledger.restore(replace(row, **changes), note="a test")
            with pytest.raises(UsageError) as caught:
                retriable(ledger, config, row.username.upper())
            assert caught.value.message.startswith(f"{row.username} cannot be continued: {why}")
            assert caught.value.hint
        with pytest.raises(NoOrgError, match=r"the ledger has no scratch org nobody@acme\.example"):
            retriable(ledger, config, "nobody@acme.example")


def test_only_a_failure_of_the_content_lets_a_step_start_again(night: Night) -> None:
    """After any other failure, a retry continues from the state of the step, as after a kill."""
    night.fault({"route": "tooling.executeAnonymous"}, {"do": "reset"}, times=0)
    org = build_failing(night, "- run_apex: scripts/setup.apex\n")
    assert org.step_state == "sent"
    night.world.faults.clear()
    night.write_pool(size=1, steps="- run_apex: scripts/setup.apex\n", pool="replacements: 1")
    result = night.build(retry=org.username, keep_failed=True)
    assert result.exit_code == 6
    assert len(night.hub_rows("ScratchOrgInfo")) == 1, "a retry sends no sign-up"
    assert "it is unknown whether the script ran" in result.failed[0].error
    assert StartAgain().text() != org.step_state
