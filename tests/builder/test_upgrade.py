"""A build resumes the orgs that an earlier version left in the middle of a step."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from provisioner.ledger.base import State
from tests.builder.night import Night
from tests.builder.test_interruption import Command
from tests.ledger.older import statements_to

pytestmark = pytest.mark.slow

PACKAGE = "04t000000000001AAA"
STEPS = f"""\
- install_package: {{ version: {PACKAGE} }}
- deploy_source: {{ path: . }}
- assign_permission_sets: [Visit_Planner]
- load_data: {{ plan: data/sample-plan.json }}
"""
KILLS: dict[str, tuple[dict[str, Any], str]] = {
    "install": ({"route": "tooling.sobjects.read"}, "0Hf"),
    "deploy": ({"route": "deploy.status", "nth": 2}, "0Af"),
    "load": ({"route": "tree.create", "nth": 2}, "1/"),
}


def killed_build(night: Night, when: dict[str, Any]) -> None:
    """A build that is killed (SIGKILL) while it waits for an answer; the request has no effect."""
    night.fault(when, {"do": "hang"})
    command = Command(night, "build", "--time-scale", "0.002")
    assert night.world.holds.current(wait=30)
    command.process.kill()
    command.end()
    night.world.holds.close()


def of_the_earlier_version(night: Night) -> list[str]:
    """Turn the ledger into one of the version before `step_state`; its values."""
    with closing(sqlite3.connect(night.folder / ".provisioner" / "ledger.db")) as file, file:
        for statement in statements_to(3):
            file.execute(statement)
        return [row[0] for row in file.execute("SELECT request_id FROM org")]


@pytest.mark.parametrize("kill", KILLS)
def test_an_org_of_an_earlier_version_continues_its_step(
    make_night: Callable[..., Night], kill: str
) -> None:
    night = make_night()
    night.write_pool(size=1, steps=STEPS, pool="replacements: 0")
    when, begins = KILLS[kill]
    killed_build(night, when)
    (text,) = of_the_earlier_version(night)
    assert text.startswith(begins)
    result = night.build()
    assert result.exit_code == 0, (text, result.failed)
    (org,) = night.orgs(State.AVAILABLE)
    assert len(night.hub_rows("ScratchOrgInfo")) == 1
    assert len(night.rows_in(org, "PackageInstallRequest")) == 1
    names = [row["Name"] for row in night.rows_in(org, "Account")]
    assert len(names) == len(set(names)) > 0
