"""PROVISIONER_REHEARSAL takes the Dev Hub and the ledger from a rehearsal, or nothing works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.ledger_part import load_ledger_part
from provisioner.config.load import load
from provisioner.config.placeholders import Placeholders
from provisioner.config.rehearsed import VARIABLE, Rehearsed, exported
from provisioner.errors import ConfigError, UsageError
from tests.config.project import HUB, POOL, Project

URL = "http://127.0.0.1:40001"


@pytest.fixture
def running(tmp_path: Path) -> Rehearsed:
    """A rehearsal, as `rehearse --serve` leaves it to others."""
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    return Rehearsed(folder, URL, "hub@acme.example", "KEY", "server.key", speed=50)


def test_every_reading_uses_the_rehearsal_that_is_exported(
    project: Project, running: Rehearsed
) -> None:
    """Also where the variables of the real Dev Hub and ledger are set."""
    environ = {
        **running.write(),
        "REAL": "hub@real.example",
        "DB": "postgresql://db/p",
        "HOOK": "https://h.example/x",
    }
    text = HUB.replace("hub@acme.example", "${REAL}") + "ledger: ${DB}\n" + POOL
    text += "notify: { webhook: ${HOOK} }\n"
    project.write("pool.yaml", text)
    for need in ("all", "hub_and_ledger"):
        config = load(project.path, environ=environ, need=need)
        assert config.dev_hub == running.dev_hub
        assert config.ledger == f"sqlite:///{running.folder}/ledger.db"
        assert config.time_scale == 0.02
        assert config.notify is None, "nobody is notified of a rehearsal"
    assert load_ledger_part(project.path, environ=environ).ledger == running.ledger


def test_the_hub_app_is_not_deployed_from_a_rehearsal(project: Project, running: Rehearsed) -> None:
    project.write("pool.yaml", HUB)
    with pytest.raises(UsageError, match="`hub app` does not work on a rehearsal") as raised:
        load(project.path, environ=running.write(), need="new_hub_app")
    assert raised.value.hint == f"to work on the real Dev Hub, run `unset {VARIABLE}`"


def test_problems_of_the_file_are_still_reported(project: Project, running: Rehearsed) -> None:
    project.write("pool.yaml", HUB + POOL.replace("size: 3", "size: many"))
    with pytest.raises(ConfigError, match=r"pools\.morning\.size"):
        load(project.path, environ=running.write())


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://login.salesforce.com"},
        {"url": "http://127.0.0.1:1@login.salesforce.com"},
        {"private_key": "../server.key"},
        {"login_app": "none"},
        {"speed": 0},
        {"speed": "fast"},
        {"url": None},
        {"other": 1},
    ],
    ids=str,
)
def test_a_file_that_no_rehearsal_has_written_is_refused(
    project: Project, running: Rehearsed, change: dict[str, Any]
) -> None:
    """So that a command never leaves this machine."""
    environ = running.write()
    file = running.folder / "rehearsal.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UsageError, match="no rehearsal is running in"):
        load(project.path, environ=environ)


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense"])
def test_an_ended_rehearsal_is_an_error_that_says_what_to_do(
    project: Project, running: Rehearsed, text: str
) -> None:
    project.write("pool.yaml", HUB + POOL)
    if text:
        (running.folder / "rehearsal.json").write_text(text)
    for read in (load, load_ledger_part):
        with pytest.raises(UsageError) as raised:
            read(project.path, environ={VARIABLE: str(running.folder)})
        assert raised.value.message == (
            f"{VARIABLE} is set, but no rehearsal is running in {running.folder}"
        )
        assert f"run `unset {VARIABLE}`" in raised.value.hint


def test_without_the_variable_there_is_no_rehearsal() -> None:
    assert exported({}) is None
    assert exported({VARIABLE: ""}) is None
    assert exported(Placeholders({})) is None
