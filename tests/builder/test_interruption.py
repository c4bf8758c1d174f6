"""A build that is stopped, or run beside another, loses nothing and builds nothing double."""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.emulator.holds import Hold
from provisioner.errors import LedgerError
from provisioner.ledger.base import State
from provisioner.ledger.sqlite.ledger import SqliteLedger
from tests.builder.night import Night
from tests.proof.processes import Process

pytestmark = pytest.mark.slow

SHORT_RETRIES = """
import time
from provisioner import retry
retry.sleep = lambda seconds: time.sleep(seconds * 0.02)
"""
"""Only a build takes --time-scale."""


class Command:
    """`provisioner` as a process of its own, in the night's folder."""

    def __init__(self, night: Night, *arguments: str) -> None:
        before = "" if "--time-scale" in arguments else SHORT_RETRIES
        self._started = Process(night, *arguments, before=before)
        self.process = self._started.process

    def err(self) -> str:
        """What it has said so far on stderr."""
        return self._started.said("err")

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        ended = self._started.end()
        return ended.code, ended.out, ended.err


@pytest.fixture(autouse=True)
def _nothing_stays_held(night: Night) -> Iterator[None]:
    """With a known way to log in, all sign-ups are sent at once."""
    night.login_app("replicated")
    night.write_pool()
    yield
    night.world.holds.close()


def held_build(night: Night, **when: Any) -> tuple[Command, Hold]:
    """A build whose next request of a kind is held by the emulator."""
    night.fault(when, {"do": "hold"})
    command = Command(night, "build", "--time-scale", "0.002")
    (hold,) = night.world.holds.current(wait=30)
    return command, hold


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_state_and_the_next_build_finishes_the_same_orgs(
    night: Night, number: int
) -> None:
    command, _ = held_build(night, route="deploy.start")
    before = {org.username for org in night.orgs()}
    command.process.send_signal(number)
    night.world.holds.release()
    code, _, err = command.end()
    assert code == 130, err
    assert "provisioner build" in err
    result = night.build()
    assert result.exit_code == 0
    assert {org.username for org in night.orgs(State.AVAILABLE)} == before
    assert len(night.hub_rows("ScratchOrgInfo")) == 2


@pytest.mark.parametrize(
    "when",
    [
        {"route": "sobjects.create", "org": "hub", "nth": 2},
        {"route": "deploy.start", "nth": 3},
        {"route": "tree.create", "nth": 1},
    ],
    ids=str,
)
def test_kill_9_loses_no_org(night: Night, when: dict[str, Any]) -> None:
    command, _ = held_build(night, **when)
    command.process.kill()
    assert command.end()[0] == -signal.SIGKILL
    night.world.holds.release()
    assert night.build().exit_code == 0
    available = night.orgs(State.AVAILABLE)
    assert len(available) == 2
    assert sorted(night.active()) == sorted(org.username for org in available)
    for org in available:
        names = [row["Name"] for row in night.rows_in(org, "Account")]
        assert len(names) == len(set(names)) > 0


def test_orgs_in_doubt_after_a_kill_are_all_replaced(night: Night) -> None:
    """However many they are: they say nothing about the orgs that come after them."""
    (night.folder / "seed.apex").write_text("System.debug('seeded');\n", encoding="utf-8")
    steps = "- run_apex: seed.apex\n"
    night.write_pool(size=3, steps=steps, pool="replacements: 0\ncanary: false")
    night.fault({"route": "tooling.executeAnonymous"}, {"do": "hold"}, times=3)
    command = Command(night, "build", "--time-scale", "0.002")
    night.world.holds.current(wait=30, count=3)
    command.process.kill()
    command.end()
    night.world.holds.release()
    result = night.build()
    assert (result.exit_code, len(result.failed)) == (0, 3)
    assert len(night.orgs(State.AVAILABLE)) == len(night.active()) == 3
    assert len(night.hub_rows("ScratchOrgInfo")) == 6


def test_a_second_build_says_who_holds_the_ledger_and_builds_nothing(night: Night) -> None:
    first, _ = held_build(night, route="deploy.start")
    code, _, err = Command(night, "build", "--time-scale", "0.002").end()
    assert code == 8
    assert str(first.process.pid) in err
    night.world.holds.release()
    assert first.end()[0] == 0
    assert len(night.active()) == 2


def test_a_second_build_that_waits_finds_the_pool_full(night: Night) -> None:
    first, _ = held_build(night, route="deploy.start")
    second = Command(night, "build", "--wait", "--json", "--time-scale", "0.002")
    while not (line := second.err()).endswith("\n"):
        assert second.process.poll() is None
        time.sleep(0.01)
    assert str(first.process.pid) in line, "it says whom it waits for"
    night.world.holds.release()
    assert first.end()[0] == 0
    code, out, _ = second.end()
    assert code == 0
    assert json.loads(out)["wanted"] == 0
    assert len(night.active()) == 2


def test_claims_need_no_lock_of_the_build(night: Night) -> None:
    night.build()
    night.write_pool(size=3)
    first, _ = held_build(night, route="deploy.start")
    code, out, err = Command(night, "claim", "--json", "--owner", "ann").end()
    assert code == 0, err
    assert json.loads(out)["state"] == "claimed"
    night.world.holds.release()
    assert first.end()[0] == 0


def test_the_json_of_a_build_is_one_document_with_the_interface_keys(night: Night) -> None:
    code, out, _ = Command(night, "build", "--json", "--time-scale", "0.002").end()
    document = json.loads(out)
    assert code == 0
    interface = {"run", "wanted", "built", "failed", "orgs", "api_calls", "seconds"}
    assert set(document) == interface | {"deleted", "warnings"}
    assert [org["state"] for org in document["orgs"]] == ["available"] * 2


def test_a_read_only_ledger_is_an_error_for_people(night: Night) -> None:
    night.build()
    ledger = night.folder / ".provisioner/ledger.db"
    ledger.chmod(0o400)
    code, _, err = Command(night, "build").end()
    assert code == 2
    assert "ledger.db" in err
    assert "Traceback" not in err
    assert len(night.active()) == 2


def test_a_corrupt_ledger_is_an_error_for_people_and_signs_nothing_up(night: Night) -> None:
    ledger = night.folder / ".provisioner/ledger.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"this is no database" * 100)
    code, _, err = Command(night, "build").end()
    assert code == 2
    assert "ledger.db" in err
    assert night.active() == []


def test_no_secret_of_a_night_reaches_ledger_or_output(night: Night) -> None:
    night.environ["INSTALL_KEY"] = "s3cr3t-installation-key"
    night.write_pool(
        steps="- install_package: { version: 04t000000000001AAA, "
        'installation_key: "${INSTALL_KEY}" }\n'
    )
    _, out, err = Command(night, "build", "--json", "--time-scale", "0.002").end()
    _, report, _ = Command(night, "report", "--json").end()
    tokens = list(night.world.sessions._by_token)
    assert tokens
    written = b"".join(p.read_bytes() for p in (night.folder / ".provisioner").iterdir())
    assert b"SQLite format 3" in written, "the ledger is among what is searched"
    everything = out + err + report + written.decode("latin-1")
    for secret in [*tokens, "s3cr3t-installation-key", night.environ["KEY"][100:140]]:
        assert secret not in everything


def test_a_secret_that_salesforce_quotes_in_an_error_is_not_written_down(night: Night) -> None:
    secret = "s3cr3t-installation-key"
    night.environ["INSTALL_KEY"] = secret
    night.write_pool(
        size=1,
        steps="- install_package: { version: 04t000000000001AAA, "
        'installation_key: "${INSTALL_KEY}" }\n- run_apex: { file: scripts/setup.apex }\n',
    )
    night.fault(
        {"path": "executeAnonymous"},
        {"do": "answer", "status": 400, "error": "INVALID_FIELD", "message": f"no {secret} here"},
    )
    result = night.build()
    assert "no *** here" in result.failed[0].error
    texts = [event.note for event in night.watcher.events] + night.watcher.messages
    assert secret not in "".join([result.failed[0].error, *texts])


def test_outdated_orgs_stay_until_their_successors_are_verified(night: Night) -> None:
    night.write_pool(size=1, steps="")
    (old,) = night.build().built
    night.write_pool(size=1)
    command, _ = held_build(night, route="deploy.start")
    assert old.username in night.active()
    assert old.username in [org.username for org in night.orgs(State.AVAILABLE)]
    night.world.holds.release()
    assert command.end()[0] == 0
    assert old.username not in night.active()


def test_source_that_is_broken_is_a_line_per_problem_and_signs_nothing_up(night: Night) -> None:
    classes = night.folder / "force-app/main/default/classes"
    for name in ("VisitService", "VisitServiceTest"):
        (classes / f"{name}.cls").unlink()
    code, _, err = Command(night, "build").end()
    assert code == 2
    assert len([line for line in err.splitlines() if ".cls" in line]) >= 2
    assert "Traceback" not in err
    assert night.hub_rows("ScratchOrgInfo") == []


def test_a_build_that_has_lost_its_lock_sends_nothing_more(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after SIGSTOP: a request that was about to be sent could load records twice."""
    requests = itertools.count(1)

    def verify_lock(_ledger: SqliteLedger) -> None:
        if next(requests) > 20:
            raise LedgerError("the lock is lost", code="ledger_lock_lost")

    monkeypatch.setattr(SqliteLedger, "verify_lock", verify_lock)
    with pytest.raises(LedgerError, match="the lock is lost"):
        night.build()
    assert len(night.world.log.entries()) == 20
    monkeypatch.undo()
    assert night.build().exit_code == 0
