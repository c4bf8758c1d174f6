"""Keys of any step: `when`, `retry` and `continue_on_error`; `timeout` is in test_deadlines.py."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from typing import Any

import pytest

from provisioner.builder.fingerprint import fingerprints
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Event, State
from provisioner.report.build import build_document, build_text
from provisioner.report.overview_text import what_happens
from tests.builder.night import Night
from tests.builder.test_commands import written

pytestmark = pytest.mark.slow

APEX = "- run_apex: { file: scripts/setup.apex }\n"
FAILING = "- run_apex: { file: scripts/broken.apex, continue_on_error: true }\n"


def notes(night: Night) -> list[Event]:
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return [each for each in ledger.events() if each.from_state == each.to_state]
    finally:
        ledger.close()


def broken(night: Night) -> None:
    """A script that does not compile."""
    (night.folder / "scripts/broken.apex").write_text("Account a = ;\n", encoding="utf-8")


# --- when -------------------------------------------------------------------------------------

TWO = """\
- { file: config/project-scratch-def.json, weight: 1 }
- { file: config/person-accounts.json, weight: 1 }
"""


def two_definitions(night: Night, steps: str) -> None:
    """A pool with an org of each of two definitions."""
    definition = json.loads((night.folder / "config/project-scratch-def.json").read_text())
    night.write_json("config/person-accounts.json", {**definition, "country": "DE"})
    night.write_pool(size=2, steps=steps, pool="canary: false")
    path = night.folder / "pool.yaml"
    text = path.read_text().replace("[config/project-scratch-def.json]", "[]", 1)
    listed = "[config/project-scratch-def.json, config/person-accounts.json]"
    path.write_text(text.replace("definitions: []", f"definitions: {listed}"))


ONLY = "- { run_apex: scripts/setup.apex, when: { definition: [person-accounts] } }\n"
MARK = "insert new Account(Name = 'Made by the script');\n"


def marks(night: Night) -> dict[str, int]:
    """Accounts of the script, by definition."""
    found: dict[str, int] = {}
    for org in night.orgs(State.AVAILABLE):
        names = [row["Name"] for row in night.rows_in(org, "Account")]
        found[org.definition] = names.count("Made by the script")
    return found


def test_a_step_runs_only_in_the_orgs_of_its_definitions(night: Night) -> None:
    (night.folder / "scripts/setup.apex").write_text(MARK, encoding="utf-8")
    two_definitions(night, ONLY)
    result = night.build()
    assert result.exit_code == 0
    assert marks(night) == {
        "config/project-scratch-def.json": 0,
        "config/person-accounts.json": 1,
    }
    steps = {one["definition"]: one["steps"] for one in result.contents.values()}
    assert steps == {
        "config/project-scratch-def.json": [],
        "config/person-accounts.json": ["run_apex"],
    }
    counts = {event.steps for event in night.watcher.events if event.steps}
    assert counts == {2, 3}


def test_only_those_orgs_depend_on_the_step(night: Night) -> None:
    two_definitions(night, ONLY)
    before = fingerprints(night.config(), ["sample"])
    (night.folder / "scripts/setup.apex").write_text(MARK, encoding="utf-8")
    after = fingerprints(night.config(), ["sample"])
    changed = {name for (_, name), text in after.items() if before["sample", name] != text}
    assert changed == {"config/person-accounts.json"}


def test_the_fingerprint_of_a_pool_without_conditions_has_not_changed(night: Night) -> None:
    """Otherwise an update of provisioner would replace all orgs."""
    content = {"edition": "Developer"}
    night.write_json("config/project-scratch-def.json", content)
    (night.folder / "scripts/setup.apex").write_text("x", encoding="utf-8")
    night.write_pool(size=1, steps=APEX + APEX)
    step = b"run_apex\0" + sha256(b"x").digest()
    whole = json.dumps(content).encode() + b"\0" + sha256(step + step).digest()
    found = fingerprints(night.config(), ["sample"])
    assert list(found.values()) == [sha256(whole).hexdigest()[:16]]


# --- retry ------------------------------------------------------------------------------------


def fails_twice(night: Night) -> str:
    """A program that succeeds at its third run."""
    counter = night.folder / "runs"
    return (
        f"import pathlib, sys\npath = pathlib.Path({str(counter)!r})\n"
        "path.write_text((path.read_text() if path.exists() else '') + '.')\n"
        "sys.exit(len(path.read_text()) < 3)\n"
    )


@pytest.mark.parametrize(("retry", "code", "runs"), [(2, 0, 3), (1, 6, 2), (0, 6, 1)])
def test_a_step_that_failed_is_tried_again_as_often_as_it_says(
    night: Night, retry: int, code: int, runs: int
) -> None:
    written(night, fails_twice(night), f"repeatable: true, retry: {retry}")
    assert night.build().exit_code == code
    assert (night.folder / "runs").read_text() == "." * runs
    retries = [event for event in night.watcher.events if event.is_retry]
    assert len(retries) == runs - 1
    assert all("exits with 1" in event.note for event in retries)


def test_a_script_that_failed_is_run_again(night: Night) -> None:
    """Salesforce rolled it back."""
    broken(night)
    night.write_pool(
        size=1,
        steps="- run_apex: { file: scripts/broken.apex, retry: 2 }\n",
        pool="replacements: 0",
    )
    assert night.build().exit_code == 6
    assert night.requests("tooling.executeAnonymous") == 3


def test_a_command_that_may_not_run_twice_has_no_retry(night: Night) -> None:
    from provisioner.config.load import read

    written(night, "", "retry: 1")
    reading = read(night.folder / "pool.yaml", environ=night.environ)
    (problem,) = reading.errors
    assert problem.message == (
        "run_command cannot run again in an org where it has failed; write repeatable: true, if "
        "it may"
    )


def test_the_attempts_share_the_time_of_the_step(night: Night) -> None:
    code = "import sys, time\ntime.sleep(0.7)\nsys.exit(1)\n"
    written(night, code, "repeatable: true, retry: 10, timeout: 1s")
    (failed,) = night.build().failed
    assert "exits with 1" in failed.error or "not finished after 1s" in failed.error
    assert len([event for event in night.watcher.events if event.is_retry]) <= 1


# --- continue_on_error ------------------------------------------------------------------------


def test_a_failure_becomes_a_warning_and_the_org_continues(night: Night) -> None:
    broken(night)
    night.write_pool(size=2, steps=FAILING + APEX)
    result = night.build()
    assert result.exit_code == 0
    assert len(night.orgs(State.AVAILABLE)) == 2
    assert result.failed == ()
    (warning,) = build_document(result)["warnings"]
    assert (warning["step"], warning["step_failed"], len(warning["orgs"])) == ("run_apex", True, 2)
    assert warning["message"].startswith("scripts/broken.apex:1:")
    line = next(line for line in build_text(result) if line.startswith("warning: "))
    assert line.startswith("warning: sample: run_apex: failed, and the org continued: scripts/")
    assert line.endswith(" (2 orgs)")
    shown = [what_happens(event) for event in night.watcher.events if event.note]
    assert len(shown) == 2
    assert all(line.startswith("run_apex: failed, and the org continues: ") for line in shown)
    found = [event.note for event in notes(night)]
    assert len(found) == 2
    assert all(
        note.startswith("run_apex: failed, and the org continues:\nscripts/") for note in found
    )


def test_a_time_out_is_such_a_failure_and_the_program_is_ended(night: Night) -> None:
    code = "import time\ntime.sleep(600)\n"
    written(night, code, "timeout: 1s, continue_on_error: true")
    result = night.build()
    assert result.exit_code == 0
    (warning,) = result.warnings
    assert warning.message == "not finished after 1s"


def test_retries_come_first(night: Night) -> None:
    written(night, fails_twice(night), "repeatable: true, retry: 1, continue_on_error: true")
    result = night.build()
    assert result.exit_code == 0
    assert (night.folder / "runs").read_text() == ".."
    assert [one.is_failure for one in result.warnings] == [True]


def test_an_org_that_is_gone_does_not_continue(night: Night) -> None:
    night.write_pool(size=1, steps=FAILING, pool="replacements: 0")
    broken(night)
    night.fault(
        {"route": "tooling.executeAnonymous"},
        {"do": "answer", "status": 420, "body": "<html>"},
        times=0,
    )
    result = night.build()
    assert result.exit_code == 6
    assert result.warnings == ()


def test_a_login_that_is_refused_does_not_continue(night: Night) -> None:
    step = f"- run_command: {{ command: [{sys.executable}, -c, pass], continue_on_error: true }}\n"
    night.write_pool(size=1, steps=step, pool="replacements: 0")
    refused: dict[str, Any] = {"do": "answer", "status": 400, "body": json.dumps(
        {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    )}  # fmt: skip
    night.fault({"route": "oauth.token", "org": "scratch", "nth": [2, 3, 4, 5]}, refused, times=0)
    result = night.build()
    assert result.warnings == ()
