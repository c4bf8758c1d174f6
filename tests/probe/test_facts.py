"""A probe measures how the emulated Dev Hub behaves, on each kind of hub."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from provisioner.emulator.apps import HUB_APPS
from provisioner.emulator.behavior import read_behavior
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY
from provisioner.report.facts import facts_document
from tests.builder.night import Night
from tests.probe.command import all_rows, facts_of, left, probe, sign_ups, stored
from tests.probe.rights import grant_rights
from tests.proof import here

pytestmark = pytest.mark.slow

MakeNight = Callable[..., Night]

KEYS = {
    "probed_at",
    "api_version",
    "sign_up_way",
    "sign_up_seconds",
    "login_delay_seconds",
    "login_url",
    "audience",
    "asked_consumer_key_kept",
    "setup_entity_access",
    "limits_readable",
    "daily_spent",
    "active_limit",
    "daily_limit",
    "can_delete",
    "snapshots",
}


@pytest.mark.parametrize("hub_app", HUB_APPS)
def test_all_facts_are_measured_on_each_kind_of_hub(make_night: MakeNight, hub_app: str) -> None:
    night = make_night(hub_app=hub_app)
    facts = facts_of(probe(night))
    is_copied = hub_app != "external"
    assert set(facts) == KEYS
    assert datetime.fromisoformat(facts["probed_at"]).tzinfo is not None
    assert float(facts["api_version"]) > 60
    assert facts["sign_up_way"] == ("replicated" if is_copied else "deployed")
    assert 35 <= facts["sign_up_seconds"] <= 300
    assert facts["login_url"] == night.login_url
    assert facts["audience"] in ("https://test.salesforce.com", night.login_url)
    assert facts["asked_consumer_key_kept"] is (None if is_copied else True)
    assert facts["setup_entity_access"] == (None if is_copied else "by_deploy")
    assert facts["limits_readable"] is True
    assert (facts["active_limit"], facts["daily_limit"]) == (40, 80)
    assert facts["can_delete"] is True
    assert facts["snapshots"] is True
    assert left(night) == ([], [])
    used = [("Deleted", DEFAULT_CONSUMER_KEY if is_copied else "PlatformCLI")]
    failed = [] if is_copied else [("Error", DEFAULT_CONSUMER_KEY)]
    assert sign_ups(night) == [*failed, *used]
    assert facts["daily_spent"] == 1, "the emulator does not count the failed one"
    assert stored(night).sign_up_way == facts["sign_up_way"]


def test_the_first_login_is_timed_from_the_deploy_of_the_app(make_night: MakeNight) -> None:
    night = make_night(hub_app="external", app_latency=150.0)
    night.login_app("deployed")
    night.write_pool()
    facts = facts_of(probe(night))
    assert 290 <= facts["login_delay_seconds"] <= 420, "two states of 150 s"
    assert sign_ups(night) == [("Deleted", "PlatformCLI")]


def test_the_first_login_is_timed_from_the_active_org(make_night: MakeNight) -> None:
    facts = facts_of(probe(make_night(propagation=100.0)))
    assert 90 <= facts["login_delay_seconds"] <= 160


@pytest.mark.parametrize(
    ("switch", "name", "value"),
    [
        ("requested_key=replaced", "asked_consumer_key_kept", False),
        ("setup_entity_access=inserted", "setup_entity_access", "inserted"),
    ],
)
def test_switches_of_the_platform_are_found_out(
    make_night: MakeNight, switch: str, name: str, value: Any
) -> None:
    facts = facts_of(probe(make_night(hub_app="external", behavior=read_behavior([switch]))))
    assert facts[name] == value
    assert facts["sign_up_way"] == "deployed"


def test_limits_that_the_user_cannot_read(make_night: MakeNight) -> None:
    night = make_night(hub_user="integration", behavior=read_behavior(["limits_readable=no"]))
    grant_rights(night)
    facts = facts_of(probe(night))
    assert facts["limits_readable"] is False
    assert facts["daily_spent"] is None
    assert (facts["active_limit"], facts["daily_limit"]) == (None, None)
    assert facts["snapshots"] is False
    assert left(night) == ([], [])


def test_limits_that_cannot_be_kept_are_an_error(make_night: MakeNight) -> None:
    night = make_night(hub_user="integration", behavior=read_behavior(["limits_readable=no"]))
    night.write_pool(top="limits: { keep_daily: 2 }")
    grant_rights(night)
    ended = probe(night)
    assert ended.code == 2
    assert ended.document["error"]["code"] == "limits_unreadable"
    assert sign_ups(night) == []


def test_an_org_that_the_user_may_not_delete_is_named(make_night: MakeNight) -> None:
    night = make_night(hub_user="integration", behavior=read_behavior(["can_delete_orgs=none"]))
    grant_rights(night)
    ended = probe(night)
    assert facts_of(ended)["can_delete"] is False
    (row,), (active,) = left(night)
    assert row.username == active
    assert row.expires_at is not None
    assert f"warning: {row.username} (it expires on {row.expires_at:%Y-%m-%d})" in ended.err
    assert "provisioner reap" in ended.err


def test_only_the_configured_way_is_tried(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    night.login_app("replicated")
    night.write_pool()
    ended = probe(night)
    assert ended.code == 2
    assert "C-1016" in ended.err + ended.out
    assert "login_app" in ended.err + ended.out
    assert sign_ups(night) == [("Error", DEFAULT_CONSUMER_KEY)]
    assert left(night) == ([], [])
    assert stored(night).sign_up_way == ""


def test_a_pool_yaml_without_pools_is_enough(night: Night) -> None:
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text().partition("pools:")[0])
    facts_of(probe(night))
    (request,) = night.hub_rows("ScratchOrgInfo")
    assert request["Edition"] == "Developer"
    assert request["DurationDays"] == 1


def test_later_online_checks_repeat_the_facts(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    before = here.run(night, "check", "--online", "--json")
    assert before.document["facts"] is None
    assert not (night.folder / ".provisioner").exists(), "a check creates no ledger"
    facts = facts_of(probe(night))
    assert here.run(night, "check", "--online", "--json").document["facts"] == facts
    text = here.run(night, "check", "--online").err
    assert "Facts of the Dev Hub, by check --probe of 20" in text
    assert "login app: deployed (each org gets a login app of its own): sign-up: C-1016" in text
    assert f"a sign-up took {facts['sign_up_seconds']:.0f} s" in text


def test_the_text_is_the_result(night: Night) -> None:
    ended = here.run(night, "check", "--probe", "--yes", "--time-scale", "0.002")
    assert ended.code == 0
    assert ended.out.startswith("Facts of the Dev Hub, by check --probe of ")
    for line in ("signing up probe-", "the org is active after", "is deleted"):
        assert line in ended.err


def test_a_second_probe_replaces_all_facts(make_night: MakeNight) -> None:
    night = make_night(hub_app="external-replicated")
    night.login_app("deployed")
    night.write_pool()
    assert facts_of(probe(night))["asked_consumer_key_kept"] is True
    night.login_app("replicated")
    night.write_pool()
    facts = facts_of(probe(night))
    assert (facts["sign_up_way"], facts["asked_consumer_key_kept"]) == ("replicated", None)
    assert stored(night).sign_up_way_reason == ""


def test_a_probe_that_fails_takes_no_fact_away(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    before = facts_of(probe(night))
    night.login_app("replicated")
    night.write_pool()
    assert probe(night).code == 2
    assert facts_document(stored(night)) == before
    assert len(all_rows(night)) == 3
