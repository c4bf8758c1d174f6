"""What a probe has measured is followed: by builds, plans and rehearsals."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME
from provisioner.ledger import open_ledger
from provisioner.ledger.facts import HubFacts, subject_of
from provisioner.rehearsal import hub_facts
from tests.builder.night import Night
from tests.probe.command import facts_of, probe, sign_ups
from tests.proof import here

pytestmark = pytest.mark.slow

MakeNight = Callable[..., Night]

DEPLOYED = HubFacts(
    probed_at=datetime(2026, 11, 28, 2, 0, tzinfo=UTC),
    sign_up_way="deployed",
    sign_up_way_reason="sign-up: C-1016",
    sign_up_seconds=30.0,
    login_delay_seconds=240.0,
    asked_consumer_key_kept=False,
    setup_entity_access="inserted",
)
REPLICATED = HubFacts(sign_up_way="replicated", sign_up_seconds=12.0, login_delay_seconds=0.0)


def record(night: Night, facts: HubFacts) -> None:
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        ledger.record_facts(subject_of(DEFAULT_HUB_USERNAME, DEFAULT_CONSUMER_KEY), facts)


def test_a_build_uses_the_way_that_a_probe_has_found(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    facts_of(probe(night))
    night.write_pool(size=2, pool="canary: false", steps="")
    assert night.build().exit_code == 0
    assert [key for _, key in sign_ups(night)[2:]] == ["PlatformCLI"] * 2


@pytest.mark.parametrize(
    ("facts", "seconds", "basis"),
    [
        (HubFacts(), 180, "typical values"),
        (REPLICATED, 12, "typical values; sign-ups as measured by check --probe"),
        (DEPLOYED, 270, "typical values; sign-ups as measured by check --probe"),
    ],
)
def test_a_plan_calculates_with_the_measured_times(
    night: Night, facts: HubFacts, seconds: int, basis: str
) -> None:
    night.write_pool(size=2, steps="")
    record(night, facts)
    estimate = here.run(night, "plan", "--json").document["estimate"]
    assert (estimate["seconds"], estimate["basis"]) == (seconds, basis)


def rehearse(night: Night, *more: str) -> tuple[dict[str, Any], str]:
    """A rehearsal: the result, and what it has reported."""
    ended = here.run(night, "rehearse", "--json", "--speed", "1000", *more)
    assert ended.code == 0, ended.err
    return ended.document, ended.err


def test_a_rehearsal_simulates_the_facts(night: Night) -> None:
    night.write_pool(size=1, steps="", top="limits: { keep_active: 2 }")
    record(night, replace(DEPLOYED, active_limit=3, daily_limit=12))
    document, messages = rehearse(night)
    assert (
        "Simulating what is known of your Dev Hub (check --probe of 2026-11-28): each org gets a "
        "login app of its own, a sign-up takes 30 s, a first login works 240 s later, it allows "
        "3 active orgs and 12 sign-ups a day.\n" in messages
    )
    ended = here.run(night, "rehearse", "--limits", "active=2")
    assert ended.code == 4, ended.err
    assert "active scratch org limit" in ended.err
    (org,) = document["orgs"]
    assert org["consumer_key"] not in (DEFAULT_CONSUMER_KEY, "PlatformCLI")
    assert document["failed"] == 0
    assert night.world.log.entries() == [], "nothing is sent to the Dev Hub"


def test_a_rehearsal_without_facts_is_as_before(night: Night) -> None:
    night.write_pool(size=1, steps="")
    document, messages = rehearse(night)
    assert "Simulating" not in messages
    assert document["orgs"][0]["consumer_key"] == DEFAULT_CONSUMER_KEY
    assert not (night.folder / ".provisioner").exists()


def test_a_rehearsal_follows_login_app_of_pool_yaml(night: Night) -> None:
    night.login_app("deployed")
    night.write_pool(size=1, steps="")
    document, _ = rehearse(night)
    assert document["orgs"][0]["consumer_key"] != DEFAULT_CONSUMER_KEY


def test_a_rehearsal_without_variables_has_no_facts(night: Night) -> None:
    night.write_pool(size=1, steps="")
    record(night, DEPLOYED)
    del night.environ["KEY"]
    _, messages = rehearse(night)
    assert "Simulating" not in messages


def test_a_ledger_that_cannot_be_read_is_a_warning(night: Night) -> None:
    night.write_pool(size=1, steps="")
    (night.folder / ".provisioner").mkdir()
    (night.folder / ".provisioner/ledger.db").write_bytes(b"no database at all" * 100)
    _, messages = rehearse(night)
    assert "warning: the facts of your Dev Hub could not be read: the ledger" in messages


def test_durations_of_a_faults_file_win(night: Night) -> None:
    path = night.folder / "faults.json"
    path.write_text(json.dumps({"latencies": {"signup": 1.0}, "faults": []}))
    names = hub_facts.latencies_in(path)
    assert set(hub_facts.latencies(DEPLOYED, names)) == {
        "app_latency.Unknown",
        "app_latency.NotApproved",
    }
    path.write_text("no JSON")
    assert hub_facts.latencies_in(path) == frozenset()


def test_the_simulated_durations_add_up() -> None:
    assert sum(hub_facts.latencies(DEPLOYED).values()) == pytest.approx(30.0 + 240.0)
    assert hub_facts.latencies(REPLICATED) == {
        "signup.New": pytest.approx(2.4),
        "signup.Creating": pytest.approx(9.6),
        "propagation": 0.0,
    }
    assert hub_facts.latencies(HubFacts()) == {}
    assert hub_facts.emulator_options(HubFacts()) == []
