"""`provisioner hub`: put there, brought up to date, removed without a trace, unlocked."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import run as run_command
from provisioner.ledger.base import Claim, Org, State
from tests.ledger.world import NOW, add_available, moved, run
from tests.salesforce.world import HUB_USER

from .hub import CONSUMER, LedgerHub

Call = Callable[..., "Answer"]


class Answer:
    """What a command gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def error(self) -> Any:
        """The error in the JSON on stdout."""
        return json.loads(self.out)["error"]


def add_row(number: int) -> Org:
    """A row that waits to be claimed."""
    return Org(
        f"org-{number}@acme.example",
        "morning",
        state=State.AVAILABLE,
        run="run-1",
        expires_at=NOW + timedelta(days=1, seconds=number, microseconds=7),
    )


@pytest.fixture
def call(
    bare_hub: LedgerHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """The command line in the folder of a pool.yaml; deploys are polled without a wait."""
    monkeypatch.chdir(bare_hub.directory)
    Path("pool.yaml").write_text(bare_hub.pool_yaml())

    def call(*arguments: str) -> Answer:
        is_deploy = arguments[:1] == ("hub",) and arguments[1] != "unlock"
        code = run_command([*arguments, *(["--time-scale", "0"] if is_deploy else [])])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def traces(hub: LedgerHub) -> list[str]:
    """What there is of ours on the hub."""
    org = hub.world.hub
    found = [f"{kind}:{name}" for kind, name in org.components if "provisioner" in name]
    found += [name for name in org.store.types if "Provisioner" in name]
    for row in org.store.peek_rows("PermissionSet"):
        found += [row["Name"]] if "Provisioner" in row["Name"] else []
    return found + [row["Id"] for row in org.store.peek_rows("PermissionSetAssignment")]


def test_install_deploys_and_gives_the_user_of_pool_yaml_the_builders_permissions(
    bare_hub: LedgerHub, call: Call
) -> None:
    answer = call("hub", "install")
    assert answer.code == 0, answer.err
    assert answer.out == "The ledger is installed (33 components).\nmay build: hub@acme.example\n"
    assert "hub@acme.example has the permission set Provisioner_Builder" in answer.err
    assert call("status").code == 0


def test_install_twice_changes_nothing_and_keeps_every_record(
    bare_hub: LedgerHub, call: Call
) -> None:
    call("hub", "install")
    ledger = bare_hub.open()
    org = add_available(ledger, "a@acme.example")
    bare_hub.add_user()
    again = call("hub", "install", "--builder", HUB_USER, "--consumer", CONSUMER, "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out) == {
        "new": False,
        "components": 33,
        "builders": [HUB_USER],
        "consumers": [CONSUMER],
    }
    assert ledger.orgs() == [org]
    assert bare_hub.open(CONSUMER).claim(Claim("ann"), now=NOW) is not None


def test_install_for_a_user_that_is_not_there_deploys_nothing(
    bare_hub: LedgerHub, call: Call
) -> None:
    answer = call("hub", "install", "--consumer", "nobody@acme.example", "--json")
    assert (answer.code, answer.error["code"]) == (2, "unknown_user")
    assert answer.error["message"] == "the Dev Hub has no user nobody@acme.example"
    assert traces(bare_hub) == []


def test_install_by_somebody_who_is_no_administrator_is_refused(
    bare_hub: LedgerHub, call: Call
) -> None:
    bare_hub.add_user()
    Path("pool.yaml").write_text(bare_hub.pool_yaml(CONSUMER))
    answer = call("hub", "install", "--json")
    assert (answer.code, answer.error["code"]) == (2, "hub_refused")
    assert "INSUFFICIENT_ACCESS" in answer.error["message"]
    assert traces(bare_hub) == []


def test_a_deploy_that_the_hub_refuses_is_reported_with_every_problem(
    bare_hub: LedgerHub, call: Call
) -> None:
    problem = {"do": "error", "error": "UNKNOWN_EXCEPTION", "message": "An unexpected error"}
    bare_hub.emulated.fault({"operation": "deploy"}, problem)
    answer = call("hub", "install", "--json")
    assert (answer.code, answer.error["code"]) == (2, "deploy")
    assert "An unexpected error" in answer.error["message"]
    assert call("hub", "install").code == 0


def test_an_older_program_leaves_a_newer_ledger_alone(bare_hub: LedgerHub, call: Call) -> None:
    call("hub", "install")
    [row] = bare_hub.world.hub.store.find_by("PermissionSet", "Name", "Provisioner_Builder")
    newer = row["Description"].replace("version 1", "version 2")
    bare_hub.world.hub.store.set_fields("PermissionSet", row["Id"], {"Description": newer})
    answer = call("hub", "install", "--json")
    assert (answer.code, answer.error["code"]) == (2, "ledger_newer")
    assert "its version is 2, this provisioner has version 1" in answer.error["message"]


def test_uninstall_leaves_no_trace(bare_hub: LedgerHub, call: Call) -> None:
    call("hub", "install")
    bare_hub.add_user()
    call("hub", "install", "--consumer", CONSUMER)
    ledger = bare_hub.open()
    gone = moved(ledger, add_available(ledger, "a@acme.example"), State.RELEASED)
    moved(ledger, gone, State.DELETED)
    answer = call("hub", "uninstall")
    assert (answer.code, answer.out) == (0, "The ledger was removed from the Dev Hub.\n")
    assert traces(bare_hub) == []

    again = call("hub", "uninstall", "--json")
    assert (again.code, json.loads(again.out)) == (0, {"uninstalled": False})
    assert call("hub", "install").code == 0
    assert bare_hub.open().orgs(states=State) == []


def test_uninstall_does_not_forget_active_orgs_unless_forced(
    bare_hub: LedgerHub, call: Call
) -> None:
    call("hub", "install")
    add_available(bare_hub.open(), "a@acme.example")
    answer = call("hub", "uninstall", "--json")
    assert (answer.code, answer.error["code"]) == (2, "ledger_in_use")
    assert answer.error["message"] == "the ledger still contains 1 scratch org"
    assert len(traces(bare_hub)) > 6
    assert call("hub", "uninstall", "--force").code == 0
    assert traces(bare_hub) == []


def test_unlock_says_from_whom_it_took_the_lock(bare_hub: LedgerHub, call: Call) -> None:
    call("hub", "install")
    with bare_hub.open().builder_lock(run("run-1"), wait=False):
        wrong = call("hub", "unlock", "run-9", "--json")
        assert (wrong.code, wrong.error["code"]) == (8, "build_running")
        answer = call("hub", "unlock", "run-1", "--json")
        assert (answer.code, json.loads(answer.out)["unlocked"]["run"]) == (0, "run-1")
    answer = call("hub", "unlock", "run-1", "--json")
    assert (answer.code, answer.error["code"]) == (2, "not_locked")


@pytest.mark.parametrize("path", ["there", "back"])
def test_a_ledger_is_copied_to_a_dev_hub_and_back(
    bare_hub: LedgerHub, call: Call, path: str
) -> None:
    call("hub", "install")
    there = bare_hub.open()
    with there.builder_lock(run("run-1"), wait=False):
        for number in range(230):  # more than one request takes
            there.restore(add_row(number), note="as it was")
        claimed = there.claim(Claim('Zoë "Z" O\'Hara', idempotency_key="job-1"), now=NOW)
    there.finish_run(run("run-1"))
    answer = call("ledger", "copy", "devhub", "sqlite:///copy.db", "--json")
    counts = {"orgs": 230, "events": 231, "runs": 1}
    assert (answer.code, json.loads(answer.out)) == (0, counts), answer.err
    if path == "there":
        return
    before = (there.orgs(states=State), there.events(), there.runs())
    call("hub", "uninstall", "--force")
    call("hub", "install")
    answer = call("ledger", "copy", "sqlite:///copy.db", "devhub", "--json")
    assert (answer.code, json.loads(answer.out)) == (0, counts), answer.err
    back = bare_hub.open()
    assert (back.orgs(states=State), back.events(), back.runs()) == before
    assert back.claim(Claim('Zoë "Z" O\'Hara', idempotency_key="job-1"), now=NOW) == claimed

    answer = call("ledger", "copy", "sqlite:///copy.db", "devhub", "--json")
    assert (answer.code, answer.error["code"]) == (2, "ledger_not_empty")


def test_a_copy_that_breaks_off_leaves_nothing_behind(bare_hub: LedgerHub, call: Call) -> None:
    call("hub", "install")
    there = bare_hub.open()
    for number in range(3):
        there.restore(add_row(number), note="as it was")
    call("ledger", "copy", "devhub", "sqlite:///copy.db")
    call("hub", "uninstall", "--force")
    call("hub", "install")
    full = {"do": "answer", "status": 400, "error": "STORAGE_LIMIT_EXCEEDED", "message": "full"}
    bare_hub.emulated.fault({"route": "composite", "nth": 3}, full)
    answer = call("ledger", "copy", "sqlite:///copy.db", "devhub", "--json")
    assert (answer.code, answer.error["code"]) == (2, "hub_storage")
    for name in ("Org", "Event", "Run", "Lease"):
        assert bare_hub.records(f"Provisioner_{name}__c") == []
