"""A command in a build: its output in the report, its time-out, its failure, its end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Event, State
from provisioner.report.build import build_text
from tests.builder.night import Night
from tests.steps.project import SEED
from tests.steps.test_run_command import PARENT, lives, pid_of, until

pytestmark = pytest.mark.slow


def test_failures_with_one_cause_share_a_line(night: Night) -> None:
    (night.folder / "broken.apex").write_text("String x = ;", encoding="utf-8")
    night.write_pool(size=2, steps="- run_apex: broken.apex\n", pool="replacements: 0")
    result = night.build(keep_failed=True)
    lines = build_text(result)
    (first,) = [number for number, line in enumerate(lines) if line.startswith("failed: ")]
    assert lines[first].startswith("failed: 2 orgs (pool.yaml:15): run_apex: broken.apex:1:")
    names = sorted(f"    {org.username} (kept)" for org in result.failed)
    assert sorted(lines[first + 1 : first + 3]) == names
    error = result.error()
    assert error is not None
    assert error.message == "built 0 of 2 wanted orgs; missing: sample 2"


def written(night: Night, code: str, options: str = "timeout: 1m", size: int = 1) -> None:
    """A pool whose only step runs this program."""
    (night.folder / "seed.py").write_text(code, encoding="utf-8")
    step = f"- run_command: {{ command: [{sys.executable}, seed.py], {options} }}\n"
    night.write_pool(size=size, steps=step, pool="replacements: 0")


def events(night: Night) -> list[Event]:
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return ledger.events()
    finally:
        ledger.close()


def test_a_command_runs_once_in_each_org_and_its_output_is_kept(night: Night) -> None:
    written(night, SEED, size=2)
    assert night.build().exit_code == 0
    orgs = night.orgs(State.AVAILABLE)
    assert [len(night.rows_in(org, "Case")) for org in orgs] == [1, 1]
    notes = {event.username: event.note for event in events(night) if "output:" in event.note}
    for org in orgs:
        assert notes[org.username].startswith("run_command:\noutput:\nmade 500")
        assert notes[org.username].endswith(f" in {org.username}")


def test_a_time_out_ends_the_whole_group_and_shows_the_last_line(night: Night) -> None:
    """The time is that of the clock, though this build runs 500 times as fast."""
    written(night, f"print('half done', flush=True)\n{PARENT}", "timeout: 2s")
    started = time.monotonic()
    result = night.build()
    assert time.monotonic() - started > 2
    (failed,) = result.failed
    assert failed.error == "run_command: not finished after 2s: half done"
    assert not any(lives(pid_of(night.folder / name)) for name in ("parent", "child"))


def test_a_command_that_fails_is_reported_with_its_last_lines(night: Night) -> None:
    written(night, "import sys\nprint('one')\nsys.exit('two')")
    result = night.build()
    assert result.exit_code == 6
    (line,) = [line for line in build_text(result) if line.startswith("failed: ")]
    assert line.splitlines()[0].endswith("seed.py exits with 1")
    assert set(line.splitlines()[1:]) == {"one", "two"}


def test_a_command_ends_when_its_build_meets_a_bug(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception fails the org; the program does not run on."""

    def broken(*_: object) -> None:
        pid_of(night.folder / "parent")
        raise RuntimeError("a bug")

    written(night, PARENT)
    monkeypatch.setattr("provisioner.supervised.Supervised.exit_code", broken)
    night.build()
    until(lambda: not lives(pid_of(night.folder / "parent")))


def test_the_token_is_in_no_file(night: Night) -> None:
    written(night, "import os\nprint(os.environ['SCRATCH_ORG_ACCESS_TOKEN'])")
    assert night.build().exit_code == 0
    tokens = set(night.world.sessions._by_token)
    texts = [path.read_bytes() for path in Path(night.folder).rglob("*") if path.is_file()]
    assert tokens
    assert not [token for token in tokens if any(token.encode() in text for text in texts)]
    assert any("output:\n***" in event.note for event in events(night))
