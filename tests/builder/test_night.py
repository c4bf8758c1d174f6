"""A build fills its pools, reports what has happened, and leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from provisioner.emulator.world import Limits
from provisioner.errors import LoginError, SalesforceError
from provisioner.ledger.base import State
from tests.builder.night import STEPS, Night

pytestmark = pytest.mark.slow


def test_a_pool_is_built_proven_and_recorded(night: Night) -> None:
    result = night.build()
    assert result.exit_code == 0
    orgs = night.orgs(State.AVAILABLE)
    assert len(orgs) == len(night.active()) == 2
    for org in orgs:
        assert org.username.startswith("sample-")
        assert org.username.endswith("@acme.example")
        assert len(org.org_id) == 18
        assert org.expires_at is not None
        assert org.proven_at is not None
        assert [row["Name"] for row in night.rows_in(org, "Account")]
        assert len(night.rows_in(org, "Visit__c")) == len(night.rows_in(orgs[0], "Visit__c")) > 0


def test_a_second_build_on_a_full_pool_creates_nothing(night: Night) -> None:
    night.build()
    before = night.requests("sobjects.create")
    result = night.build()
    assert (result.exit_code, result.wanted) == (0, 0)
    assert night.requests("sobjects.create") == before
    assert len(night.active()) == 2


def test_a_claimed_org_is_replaced(night: Night) -> None:
    night.build()
    config = night.config()
    from provisioner.claim.rules import claim
    from provisioner.ledger import open_ledger

    ledger = open_ledger(config.ledger, config.directory)
    taken = claim(ledger, owner="ann")
    ledger.close()
    result = night.build()
    assert len(result.built) == 1
    assert [org.username for org in night.orgs(State.CLAIMED)] == [taken.username]
    assert len(night.active()) == 3


def test_all_pending_sign_ups_are_looked_up_by_one_query(night: Night) -> None:
    night.world.latencies.instant = True
    night.write_pool(size=8, steps="")
    result = night.build()
    assert len(result.built) == 8
    assert night.requests("sobjects.read") == 0
    assert result.api_calls["hub"] <= 4 * 8


def test_the_settings_of_the_definition_are_deployed(night: Night) -> None:
    night.write_pool(size=1, steps="")
    night.build()
    (org,) = night.orgs()
    components = night.world.orgs[org.org_id[:15]].components
    assert any(kind == "Settings" for kind, _ in components)


def test_a_failing_org_does_not_disturb_the_others_and_is_ended(night: Night) -> None:
    night.write_pool(size=3, pool="replacements: 0")
    night.fault(
        {"route": "deploy.status", "nth": 4},
        {"do": "answer", "status": 400, "error": "INVALID_FIELD", "message": "this one breaks"},
    )
    result = night.build()
    assert result.exit_code == 6
    assert (len(result.built), len(result.failed)) == (2, 1)
    assert "this one breaks" in result.failed[0].error
    assert sorted(night.active()) == sorted(org.username for org in night.orgs(State.AVAILABLE))
    assert night.orgs(State.FAILED) == []
    error = result.error()
    assert error is not None
    assert "2 of 3 wanted orgs" in error.message


def test_keep_failed_leaves_the_org_for_people(night: Night) -> None:
    night.write_pool(size=1, steps="- assign_permission_sets: [Visit_Planer]\n")
    result = night.build(keep_failed=True)
    assert result.exit_code == 6
    (kept,) = night.orgs(State.FAILED)
    assert kept.kept
    assert night.active() == [kept.username]
    assert len(night.build(keep_failed=True).failed) == 1, "a kept org is no part of the pool"


def test_an_org_that_was_kept_for_people_makes_no_room_for_another(
    make_night: Callable[..., Night],
) -> None:
    """The outdated org makes room for its successor, the kept one stays."""
    night = make_night(limits=Limits(active=2, daily=80))
    night.write_pool(size=1, steps="", pool="replacements: 0\n")
    (old,) = night.build().built
    night.write_pool(size=1, steps="- assign_permission_sets: [Nobody]", pool="replacements: 0\n")
    (kept,) = night.build(keep_failed=True).failed
    assert set(night.active()) == {old.username, kept.username}
    night.write_pool(size=1, steps="- deploy_source: { path: . }", pool="replacements: 0\n")
    result = night.build()
    assert result.exit_code == 0
    (new,) = result.built
    assert set(night.active()) == {new.username, kept.username}


def test_a_permission_set_that_does_not_exist_names_near_ones(night: Night) -> None:
    night.write_pool(
        size=1, steps="- deploy_source: { path: . }\n- assign_permission_sets: [Visit_Planer]\n"
    )
    (failed,) = night.build().failed
    assert failed.error.startswith("assign_permission_sets: ")
    assert "Visit_Planer" in failed.error
    assert "Visit_Planner" in failed.error


def test_a_deploy_with_two_failures_shows_both_with_file_and_line(night: Night) -> None:
    classes = night.folder / "force-app/main/default/classes"
    for name in ("First", "Second"):
        (classes / f"{name}.cls").write_text(f"public class {name} {{\n  Integer i = ;\n}}\n")
        meta = classes / "VisitService.cls-meta.xml"
        (classes / f"{name}.cls-meta.xml").write_text(meta.read_text())
    night.write_pool(size=1, steps="- deploy_source: { path: . }\n")
    (failed,) = night.build().failed
    lines = failed.error.splitlines()
    assert "2 components failed" in lines[0]
    for line in lines[1:3]:
        assert ".cls:2:" in line


def test_data_with_an_unknown_field_says_which_record_and_how_much_was_loaded(night: Night) -> None:
    path = night.folder / "data/Contact.json"
    path.write_text(path.read_text().replace('"LastName"', '"Surname"', 1))
    night.write_pool(size=1)
    (failed,) = night.build().failed
    assert failed.error.startswith("load_data: ")
    assert "Surname" in failed.error
    assert "Contact.json" in failed.error
    assert night.active() == []


def test_a_package_that_cannot_be_installed_shows_its_errors(night: Night) -> None:
    night.world.packages = {"04t000000000001AAA": {"name": "Billing", "error": "Missing feature X"}}
    night.write_pool(size=1, steps="- install_package: { version: 04t000000000001AAA }\n")
    (failed,) = night.build().failed
    assert failed.error.startswith("install_package: ")
    assert "Missing feature X" in failed.error


def test_a_sign_up_that_ends_in_error_says_code_and_meaning(night: Night) -> None:
    night.login_app("replicated")
    night.write_pool(size=1, pool="replacements: 0")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-1016"})
    result = night.build()
    assert result.exit_code == 6
    assert "C-1016" in result.failed[0].error
    assert "connected app" in result.failed[0].error
    assert night.orgs() == []


def test_a_transient_sign_up_error_is_retried_whatever_replacements_says(night: Night) -> None:
    night.write_pool(size=1, pool="replacements: 0", steps="")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    result = night.build()
    assert result.exit_code == 0
    assert (len(result.built), len(result.failed)) == (1, 1)
    night.write_pool(size=12, pool="replacements: 0", steps="")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"}, times=0)
    before = night.requests("sobjects.create")
    result = night.build()
    assert result.exit_code == 6
    assert "sign-ups failed, the maximum of one build" in result.stopped_because
    assert "C-9999" in result.stopped_because
    assert night.requests("sobjects.create") - before == len(result.failed) <= 10


def test_a_limit_hit_after_three_of_five_leaves_three_and_names_the_limit(
    make_night: Callable[..., Night],
) -> None:
    night = make_night()
    night.write_pool(size=5, top="limits: { concurrent_signups: 1 }")
    night.fault(
        {"route": "sobjects.create", "org": "hub", "nth": [4, 5]},
        {
            "do": "answer",
            "status": 400,
            "error": "LIMIT_EXCEEDED",
            "message": "The signup request failed because this organization has reached its "
            "daily scratch org signup limit",
        },
    )
    result = night.build()
    assert result.exit_code == 4
    assert len(night.orgs(State.AVAILABLE)) == 3
    error = result.error()
    assert error is not None
    assert error.code == "daily_limit"
    assert "daily" in error.message
    assert len(night.orgs()) == 3, "the row of the refused sign-up is closed"
    assert result.failed == (), "the org has not failed: its sign-up was not accepted"
    ends = [text for text in night.watcher.messages if "No further sign-ups are sent" in text]
    assert len(ends) == 1


def test_a_limit_known_beforehand_costs_no_refused_sign_up(
    make_night: Callable[..., Night],
) -> None:
    night = make_night(limits=Limits(active=3, daily=80))
    night.write_pool(size=5)
    result = night.build()
    assert result.exit_code == 4
    assert (len(result.built), result.wanted) == (3, 5)
    assert night.requests("sobjects.create") == 3
    error = result.error()
    assert error is not None
    assert error.code == "active_limit"


def test_sign_ups_that_are_kept_for_people_are_never_used(make_night: Callable[..., Night]) -> None:
    night = make_night(limits=Limits(active=40, daily=4))
    night.write_pool(size=3, top="limits: { keep_daily: 2 }", pool="replacements: 2")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    result = night.build()
    assert result.exit_code == 4
    assert night.requests("sobjects.create") == 2


def test_a_hub_that_refuses_the_login_ends_the_build_with_cause_and_fix(night: Night) -> None:
    night.world.hub.apps.clear()
    with pytest.raises(LoginError) as caught:
        night.build()
    assert caught.value.exit_code == 5
    assert caught.value.hint
    assert night.orgs() == []


def test_a_hub_that_is_no_dev_hub_is_named_as_such(make_night: Callable[..., Night]) -> None:
    night = make_night(is_dev_hub=False)
    with pytest.raises(SalesforceError, match="Dev Hub") as caught:
        night.build()
    assert caught.value.hint
    assert night.orgs() == []


def test_answers_of_503_are_ridden_out(night: Night) -> None:
    night.write_pool(size=1)
    for route in ("query", "deploy.status", "collections.create", "oauth.token"):
        night.fault({"route": route}, *[{"do": "answer", "status": 503}] * 2)
    assert night.build().exit_code == 0


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_sign_up_whose_connection_is_reset_is_never_made_twice(night: Night, at: str) -> None:
    night.write_pool(size=2, steps="")
    night.fault({"route": "sobjects.create", "org": "hub"}, {"do": "reset", "at": at})
    result = night.build()
    assert result.exit_code == 0
    assert len(night.active()) == 2
    assert len(night.hub_rows("ScratchOrgInfo")) == 2


@pytest.mark.parametrize("at", ["before", "after"])
@pytest.mark.parametrize("route", ["deploy.start", "collections.create"])
def test_a_step_whose_connection_is_reset_is_repeated_without_harm(
    night: Night, route: str, at: str
) -> None:
    night.write_pool(size=1)
    fault = night.fault({"route": route}, {"do": "reset", "at": at})
    assert night.build().exit_code == 0
    assert next(f for f in night.world.faults.all() if f.id == fault).applied == 1
    (org,) = night.orgs()
    names = [row["Name"] for row in night.rows_in(org, "Account")]
    assert len(names) == len(set(names))


def test_sessions_that_expire_during_a_build_are_renewed_once(night: Night) -> None:
    night.fault({"org": "hub", "nth": 4}, {"do": "expire_session"})
    night.fault({"org": "scratch", "nth": [3, 9]}, {"do": "expire_session"}, times=2)
    assert night.build().exit_code == 0


def test_logins_that_are_refused_just_after_the_sign_up_are_waited_for(
    make_night: Callable[..., Night],
) -> None:
    night = make_night(propagation=60.0)
    night.write_pool(size=1)
    assert night.build().exit_code == 0


def test_a_changed_definition_replaces_the_orgs_after_their_successors(night: Night) -> None:
    night.write_pool(size=2, steps="")
    old = {org.username for org in night.build().built}
    night.write_pool(size=2, steps=STEPS)
    result = night.build()
    assert len(result.built) == 2
    assert not old & set(night.active())
    assert len(night.active()) == 2


def test_released_orgs_are_ended_by_the_next_build(night: Night) -> None:
    night.build()
    config = night.config()
    from provisioner.claim.rules import claim, release
    from provisioner.ledger import open_ledger

    ledger = open_ledger(config.ledger, config.directory)
    taken = claim(ledger, owner="ann")
    release(ledger, taken.username, owner="ann")
    ledger.close()
    night.build()
    assert taken.username not in night.active()
    assert len(night.active()) == 2


def test_two_definitions_are_shared_out(night: Night) -> None:
    night.write_json("config/other.json", {"edition": "Enterprise", "features": ["PersonAccounts"]})
    text = (night.folder / "pool.yaml").read_text()
    both = "[{ file: config/project-scratch-def.json, weight: 2 }, config/other.json]"
    text = text.replace("size: 2", "size: 3")
    text = text.replace("[config/project-scratch-def.json]", both).partition("    steps:")[0]
    (night.folder / "pool.yaml").write_text(text)
    assert night.build().exit_code == 0
    definitions = sorted(org.definition for org in night.orgs())
    assert definitions == ["config/other.json"] + ["config/project-scratch-def.json"] * 2


def test_a_build_waits_for_a_dev_hub_that_is_out_of_order_at_its_start(night: Night) -> None:
    night.write_pool(size=1, steps="")
    broken = {"do": "answer", "status": 500, "error": "UNKNOWN_EXCEPTION"}
    night.fault({"route": "limits"}, broken, broken, broken)
    night.fault({"route": "query", "org": "hub"}, {"do": "answer", "status": 503}, times=9)
    night.fault({"route": "versions"}, broken, broken)
    assert night.build().exit_code == 0
    warning = (
        r"the (scratch orgs|limits) of the Dev Hub could not be read: .*; "
        r"next attempt in 0s, last attempt in about 0s"
    )
    assert any(re.fullmatch(warning, text) for text in night.watcher.messages)


def test_a_dev_hub_that_stays_out_of_order_ends_the_night_and_signs_nothing_up(
    night: Night,
) -> None:
    night.fault(
        {"route": "limits"}, {"do": "answer", "status": 500, "error": "UNKNOWN_EXCEPTION"}, times=0
    )
    with pytest.raises(SalesforceError, match="UNKNOWN_EXCEPTION"):
        night.build()
    assert night.orgs() == []


def test_a_failed_poll_fails_no_sign_up(night: Night) -> None:
    night.write_pool(size=2, steps="", pool="replacements: 0")
    broken = {"do": "answer", "status": 500, "error": "UNKNOWN_EXCEPTION"}
    night.fault({"route": "query", "org": "hub", "nth": [2, 3]}, broken, broken)
    assert night.build().exit_code == 0
    assert len(night.hub_rows("ScratchOrgInfo")) == 2
