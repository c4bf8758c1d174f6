"""How orgs get the app that consumers log in through: copied by the sign-up, or deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.builder.result import BuildResult
from provisioner.credentials import Options, find_credentials
from provisioner.emulator import sign_up
from provisioner.emulator.apps import HUB_APPS
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from provisioner.ledger.facts import HubFacts, subject_of
from provisioner.login import Session, login_by_any
from provisioner.salesforce.app_keys import derived_consumer_key
from tests.builder.night import Night
from tests.builder.test_lost import lose_ledger, reap

pytestmark = pytest.mark.slow

MakeNight = Callable[..., Night]
NO_STEPS = {"steps": ""}


def facts(night: Night) -> HubFacts:
    """What the ledger knows of the Dev Hub."""
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return ledger.facts(subject_of(DEFAULT_HUB_USERNAME, DEFAULT_CONSUMER_KEY))
    finally:
        ledger.close()


def log_in(night: Night, org: Org) -> Session:
    """A login with nothing but pool.yaml, as a consumer makes it."""
    found = find_credentials(org.username, Options(), night.environ, night.config)
    session, used = login_by_any(found)
    assert used.source == "from the ledger"
    return session


def sign_ups(night: Night) -> list[tuple[str, str]]:
    """Status and consumer key of each sign-up, in the order in which they were sent."""
    rows = sorted(night.hub_rows("ScratchOrgInfo"), key=lambda row: str(row["Id"]))
    return [(str(row["Status"]), str(row["ConnectedAppConsumerKey"])) for row in rows]


def announced(night: Night) -> list[str]:
    """What the build has said about login apps."""
    return [text for text in night.watcher.messages if "login app of its own" in text]


def built(night: Night, **options: Any) -> BuildResult:
    result = night.build(**options)
    assert result.exit_code == 0, (result.error(), night.watcher.messages)
    return result


@pytest.mark.parametrize("hub_app", HUB_APPS)
def test_auto_builds_on_each_kind_of_hub(make_night: MakeNight, hub_app: str) -> None:
    night = make_night(hub_app=hub_app)
    night.write_pool(size=5, pool="canary: false")
    built(night)
    is_copied = hub_app != "external"
    orgs = night.orgs(State.AVAILABLE)
    assert len(orgs) == 5
    for org in orgs:
        own = derived_consumer_key(org.username)
        assert org.consumer_key == (DEFAULT_CONSUMER_KEY if is_copied else own)
        assert log_in(night, org).org_id == org.org_id
    failed = [("Error", DEFAULT_CONSUMER_KEY)]
    key = DEFAULT_CONSUMER_KEY if is_copied else "PlatformCLI"
    assert sign_ups(night) == [*([] if is_copied else failed), *[("Active", key)] * 5]
    assert len(announced(night)) == (0 if is_copied else 1)
    known = facts(night)
    assert known.sign_up_way == ("replicated" if is_copied else "deployed")
    assert ("C-1016" in known.sign_up_way_reason) is not is_copied


def test_later_builds_use_the_known_way_at_once(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    night.write_pool(size=1, **NO_STEPS)
    built(night)
    night.write_pool(size=3, **NO_STEPS)
    built(night)
    assert [key for _, key in sign_ups(night)] == [DEFAULT_CONSUMER_KEY, *["PlatformCLI"] * 3]
    assert len(announced(night)) == 1
    assert "C-1016" in announced(night)[0]


def test_replicated_stays_what_it_was(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    night.login_app("replicated")
    night.write_pool(size=1, **NO_STEPS)
    result = night.build()
    assert result.exit_code == 6
    assert "C-1016" in result.failed[0].error
    assert "login_app" in result.failed[0].error, "the error names the way out"
    assert facts(night) == HubFacts()


@pytest.mark.parametrize("hub_app", HUB_APPS)
def test_deployed_works_on_each_kind_of_hub(make_night: MakeNight, hub_app: str) -> None:
    night = make_night(hub_app=hub_app)
    night.login_app("deployed")
    night.write_pool(size=2)
    built(night)
    for org in night.orgs(State.AVAILABLE):
        assert org.consumer_key == derived_consumer_key(org.username)
        log_in(night, org)
    assert sign_ups(night) == [("Active", "PlatformCLI")] * 2


def test_one_sign_up_is_awaited_while_the_way_is_unknown(make_night: MakeNight) -> None:
    """However long its login takes: the second is sent when the first org has accepted one."""
    night = make_night(hub_app="connected", propagation=100.0)
    night.write_pool(size=4, pool="canary: false", **NO_STEPS)
    sent: list[int] = []
    before = night.world.sessions.open

    def opened(*arguments: Any, **named: Any) -> Any:
        sent.append(len(night.hub_rows("ScratchOrgInfo")))
        return before(*arguments, **named)

    night.world.sessions.open = opened  # type: ignore[method-assign]
    built(night)
    of_orgs = [count for count in sent if count]
    assert of_orgs[0] == 1
    assert max(of_orgs) == 4


def test_orgs_of_the_ledger_show_the_way(make_night: MakeNight) -> None:
    """A ledger of an earlier version has no facts, but orgs that were verified with the app."""
    night = make_night(hub_app="connected")
    night.write_pool(size=1, **NO_STEPS)
    built(night)
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    ledger.record_facts(subject_of(DEFAULT_HUB_USERNAME, DEFAULT_CONSUMER_KEY), HubFacts())
    ledger.close()
    night.write_pool(size=3, pool="canary: false", **NO_STEPS)
    built(night)
    assert facts(night) == HubFacts(), "nothing had to be found out"


def test_an_app_that_is_not_in_the_org_after_all(
    make_night: MakeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign-up succeeds, but the org does not have the app: `release: preview` of 2026-08."""
    night = make_night(hub_app="external-replicated")
    create_org = sign_up.create_org

    def created(hub: Any, request: Any) -> Any:
        org = create_org(hub, request)
        org.apps.pop(DEFAULT_CONSUMER_KEY, None)
        return org

    monkeypatch.setattr(sign_up, "create_org", created)
    night.write_pool(size=3, pool="replacements: 0", **NO_STEPS)
    built(night)
    assert [key for _, key in sign_ups(night)] == [DEFAULT_CONSUMER_KEY, *["PlatformCLI"] * 3]
    assert sign_ups(night)[0][0] == "Deleted"
    assert len(night.active()) == 3
    assert "app is not in" in facts(night).sign_up_way_reason
    assert len(announced(night)) == 1


def test_a_failed_trial_is_followed_by_another(make_night: MakeNight) -> None:
    """A sign-up that fails for another reason shows nothing."""
    night = make_night(hub_app="connected")
    night.fault({"operation": "signup"}, {"do": "error", "error": "S-1006"})
    night.write_pool(size=2, pool="canary: false\nreplacements: 1", **NO_STEPS)
    result = night.build()
    assert len(result.built) == 1
    assert facts(night).sign_up_way == "replicated"


@pytest.mark.parametrize("way", ["auto", "deployed"])
def test_a_lost_ledger_is_rebuilt_with_the_consumer_key_of_each_org(
    make_night: MakeNight, way: str
) -> None:
    night = make_night(hub_app="external")
    night.login_app(way)
    night.write_pool(size=2, **NO_STEPS)
    built(night)
    before = {org.username: org.consumer_key for org in night.orgs(State.AVAILABLE)}
    lose_ledger(night)
    assert len(reap(night, "--rebuild")) == 2
    orgs = night.orgs(State.AVAILABLE)
    assert {org.username: org.consumer_key for org in orgs} == before
    assert night.build().wanted == 0
