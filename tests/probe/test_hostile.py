"""A probe that cannot continue spends nothing more, names the cause, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.builder.connections import Connections
from provisioner.emulator import sign_up
from provisioner.emulator.behavior import read_behavior
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, Limits
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Run, State
from provisioner.upkeep.deletion import delete_orgs
from provisioner.upkeep.probes import POOL
from tests.builder.night import Night
from tests.builder.terminal import Terminal
from tests.probe.command import PROBE, all_rows, facts_of, left, probe, sign_ups, stored
from tests.probe.rights import SIGN_UP, grant_rights
from tests.proof import here
from tests.proof.processes import TIME_SCALE, Process
from tests.proof.test_secrets import credentials_of

pytestmark = pytest.mark.slow

MakeNight = Callable[..., Night]


@pytest.fixture
def held(night: Night) -> Iterator[Night]:
    """A night whose requests may be held."""
    yield night
    night.world.holds.close()


def assert_nothing_spent(night: Night) -> None:
    assert night.hub_rows("ScratchOrgInfo") == []
    assert all_rows(night) == []
    assert stored(night).limits_readable is None


# --- before the sign-up -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "top", "code"),
    [
        (Limits(active=0, daily=6), "", "active_limit"),
        (Limits(active=3, daily=0), "", "daily_limit"),
        (Limits(active=3, daily=6), "limits: { keep_daily: 6 }", "daily_limit"),
        (Limits(active=3, daily=6), "limits: { keep_active: 3 }", "active_limit"),
    ],
)
def test_a_hub_at_its_limit_is_exit_4(
    make_night: MakeNight, limits: Limits, top: str, code: str
) -> None:
    night = make_night(limits=limits)
    night.write_pool(top=top)
    ended = probe(night)
    assert ended.code == 4
    assert ended.document["error"]["code"] == code
    assert "nothing was spent" in ended.document["error"]["message"]
    assert_nothing_spent(night)


def test_without_a_terminal_nothing_is_sent(night: Night) -> None:
    ended = Process(night, "check", "--probe").end()
    assert ended.code == 2
    assert "no terminal to ask at; nothing was spent" in ended.err
    assert "--yes" in ended.err
    assert night.world.log.entries() == []


def test_yes_is_an_option_of_probe(night: Night) -> None:
    assert here.run(night, "check", "--yes").code == 2


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2), (b"\n", 2)])
def test_a_terminal_is_asked_and_learns_the_cost(night: Night, answer: bytes, code: int) -> None:
    terminal = Terminal(night, "check", "--probe", "--time-scale", "0.002", columns=200)
    terminal.until(lambda screen: screen.showing("Continue? [y/N]"))
    shown = "\n".join(terminal.screen.rows)
    assert "costs one sign-up of the daily limit, or two if" in shown
    assert "80 of 80 daily sign-ups" in shown
    assert night.hub_rows("ScratchOrgInfo") == []
    os.write(terminal._ours, answer)
    assert terminal.end() == code
    assert len(sign_ups(night)) == (1 if code == 0 else 0)
    assert left(night) == ([], [])


def test_a_fixed_way_costs_one_sign_up(night: Night) -> None:
    night.login_app("replicated")
    night.write_pool()
    terminal = Terminal(night, "check", "--probe", columns=200)
    terminal.until(lambda screen: screen.showing("Continue? [y/N]"))
    assert "one sign-up of the daily limit." in "\n".join(terminal.screen.rows)
    os.write(terminal._ours, b"n\n")
    assert terminal.end() == 2


def test_a_running_build_is_exit_8(night: Night) -> None:
    config = night.config()
    run = Run("20261128-020000-abcdef", "host", 1, datetime.now(UTC))
    with (
        closing(open_ledger(config.ledger, config.directory)) as ledger,
        ledger.builder_lock(run, wait=False),
    ):
        ended = probe(night)
    assert ended.code == 8
    assert_nothing_spent(night)


def test_an_org_that_is_no_dev_hub(make_night: MakeNight) -> None:
    night = make_night(is_dev_hub=False)
    ended = probe(night)
    assert ended.code == 2
    assert "is not a Dev Hub" in ended.out
    assert all_rows(night) == []


def test_a_hub_that_cannot_be_reached_is_exit_9(night: Night) -> None:
    night.login_url = "http://127.0.0.1:9"
    night.write_pool()
    assert probe(night).code == 9


def test_a_problem_in_pool_yaml_is_reported_as_ever(night: Night) -> None:
    night.write_pool(pool="colour: red")
    ended = probe(night)
    assert ended.code == 2
    assert "colour" in ended.document["problems"][0]["key"]


# --- the sign-up ------------------------------------------------------------------------------


def test_a_sign_up_that_fails_is_reported_with_its_code(night: Night) -> None:
    night.fault({"operation": "signup"}, {"do": "error", "error": "S-1006"})
    ended = probe(night)
    assert ended.code == 2
    assert "S-1006" in ended.document["error"]["message"]
    assert left(night) == ([], [])
    (row,) = all_rows(night)
    assert (row.pool, row.state) == (POOL, State.DELETED)
    known = stored(night)
    assert (known.limits_readable, known.sign_up_way, known.probed_at) == (True, "", None)


def test_a_refused_request_leaves_nothing(night: Night) -> None:
    night.fault(
        {"route": "sobjects.create", "org": "hub"},
        {"do": "answer", "status": 400, "body": [{"errorCode": "INVALID_INPUT", "message": "no"}]},
    )
    assert probe(night).code == 2
    assert left(night) == ([], [])


def test_a_limit_that_the_sign_up_meets_is_exit_4(make_night: MakeNight) -> None:
    """The user cannot read the limits, so the sign-up finds out."""
    night = make_night(
        hub_user="integration",
        behavior=read_behavior(["limits_readable=no"]),
        limits=Limits(active=3, daily=0),
    )
    grant_rights(night)
    ended = probe(night)
    assert ended.code == 4
    assert ended.document["error"]["code"] == "daily_limit"
    assert left(night) == ([], [])


def test_a_lost_answer_is_no_second_sign_up(night: Night) -> None:
    night.fault({"route": "sobjects.create", "org": "hub"}, {"do": "reset", "at": "after"})
    facts_of(probe(night))
    assert len(sign_ups(night)) == 1
    assert left(night) == ([], [])


def test_the_second_sign_up_respects_the_limits(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    night.fault({"route": "limits", "nth": 3}, {"do": "hold"})
    process = Process(night, *PROBE)
    assert night.world.holds.current(wait=30)
    night.world.limits.daily = 0
    night.world.holds.close()
    ended = process.end()
    assert ended.code == 4, ended.out
    assert "a second sign-up" in ended.document["error"]["message"]
    assert len(sign_ups(night)) == 1
    assert stored(night).sign_up_way == "deployed", "so much is certain"
    assert left(night) == ([], [])


# --- the login --------------------------------------------------------------------------------


def test_an_org_that_never_accepts_a_login_is_exit_5(make_night: MakeNight) -> None:
    night = make_night(propagation=1e9)
    ended = probe(night)
    assert ended.code == 5
    assert left(night) == ([], [])
    known = stored(night)
    assert known.sign_up_seconds is not None
    assert known.can_delete is True
    assert (known.sign_up_way, known.login_url, known.probed_at) == ("", "", None)


def test_a_login_app_that_is_never_accepted_is_exit_5(make_night: MakeNight) -> None:
    night = make_night(hub_app="external", app_latency=1e9)
    ended = probe(night)
    assert ended.code == 5, ended.out
    assert left(night) == ([], [])


def test_a_deploy_that_is_refused_is_reported(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    night.fault({"operation": "deploy"}, {"do": "error", "error": "Not available for deploy"})
    ended = probe(night)
    assert ended.code == 2
    assert left(night) == ([], [])


def test_an_app_that_is_not_in_the_org_after_all(
    make_night: MakeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = make_night(hub_app="external-replicated")
    create_org = sign_up.create_org

    def created(hub: Any, request: Any) -> Any:
        org = create_org(hub, request)
        org.apps.pop(DEFAULT_CONSUMER_KEY, None)
        return org

    monkeypatch.setattr(sign_up, "create_org", created)
    facts = facts_of(probe(night))
    assert facts["sign_up_way"] == "deployed"
    assert facts["daily_spent"] == 2
    assert "is not in probe-" in stored(night).sign_up_way_reason
    assert sign_ups(night) == [("Deleted", DEFAULT_CONSUMER_KEY), ("Deleted", "PlatformCLI")]
    assert left(night) == ([], [])


# --- the end ----------------------------------------------------------------------------------


def test_an_org_that_the_user_does_not_see_among_the_active_ones(make_night: MakeNight) -> None:
    """Without any right on ActiveScratchOrg, an org is not regarded as deleted."""
    night = make_night(hub_user="integration")
    grant_rights(night, SIGN_UP)
    ended = probe(night)
    assert facts_of(ended)["can_delete"] is False
    assert len(night.orgs()) == 1
    assert "could not be deleted" in ended.err


def test_reap_leaves_the_org_of_a_probe_and_a_deletion_meanwhile_is_named(held: Night) -> None:
    """A `reap` of an earlier version deletes the org, which is no property of the Dev Hub."""
    held.fault({"route": "oauth.token", "nth": 2}, {"do": "hold"})
    process = Process(held, *PROBE)
    assert held.world.holds.current(wait=30)
    reaped = here.run(held, "reap")
    assert reaped.code == 6
    assert "not deleted: a probe or a build is running" in reaped.out
    config = held.config()
    with (
        closing(open_ledger(config.ledger, config.directory)) as ledger,
        Connections(config) as connections,
    ):
        assert delete_orgs(connections.hub, ledger, ledger.orgs()).deleted
    held.world.holds.release()
    ended = process.end()
    assert ended.code == 2, ended.out
    assert ended.document["error"]["code"] == "probe_org_deleted"
    assert stored(held).sign_up_way == ""
    assert stored(held).can_delete is None
    assert left(held) == ([], [])


def test_no_credential_is_written_or_printed(make_night: MakeNight) -> None:
    night = make_night(hub_app="external")
    known = credentials_of(night)
    ended = here.run(night, "check", "--probe", "--yes", "--time-scale", TIME_SCALE)
    assert ended.code == 0
    secrets = known()
    assert len(secrets) >= 3, "the code, the tokens and the secret of the app"
    texts = [path.read_bytes() for path in night.folder.rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for text in texts if secret.encode() in text]
    assert night.requests("oauth.revoke") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", [{"route": "oauth.token", "nth": 2}, {"route": "limits"}])
def test_a_signal_deletes_the_org(held: Night, number: int, when: dict[str, Any]) -> None:
    held.fault(when, {"do": "hold"})
    process = Process(held, *PROBE)
    assert held.world.holds.current(wait=30)
    process.process.send_signal(number)
    held.world.holds.release()
    ended = process.end()
    assert ended.code == 130, ended.err
    assert left(held) == ([], [])


@pytest.mark.parametrize("last", [("reap",), ("build", "--time-scale", "0.002")], ids=str)
def test_an_org_whose_sign_up_is_pending_is_left_to_builds_and_reap(
    make_night: MakeNight, last: tuple[str, ...]
) -> None:
    night = make_night(**{"signup.Creating": 2000.0})
    night.fault({"route": "query", "org": "hub", "nth": 6}, {"do": "hold"})
    process = Process(night, *PROBE)
    assert night.world.holds.current(wait=30)
    process.process.send_signal(signal.SIGTERM)
    night.world.holds.close()
    ended = process.end()
    assert ended.code == 130
    (row,) = night.orgs()
    assert f"{row.username} could not be deleted; the next `provisioner build`" in ended.err
    assert "its sign-up is still in progress" in ended.err
    status = here.run(night, "status", "--json").document["pools"]
    assert [(pool["name"], pool["size"], len(pool["orgs"])) for pool in status] == [
        ("sample", 2, 0),
        (POOL, None, 1),
    ]
    plan = here.run(night, "plan", "--json").document["pools"]
    assert [(pool["name"], pool["delete"]) for pool in plan] == [("sample", [])]
    night.write_pool(size=0)
    night.build()
    assert any("its sign-up is still in progress" in text for text in night.watcher.messages)
    assert here.run(night, "reap").code == 6
    while here.run(night, *last).code == 6 or left(night) != ([], []):
        assert night.orgs(), "an active org has a row"
