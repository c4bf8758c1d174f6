"""What `init` writes for a project is built, by a rehearsal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.conftest import cli as cli
from tests.draft.conftest import pool

pytestmark = pytest.mark.slow

CLINIC = Path(__file__).parents[1] / "projects/clinic"


def test_the_clinic_is_built(cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(CLINIC, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pool*"))

    made = cli("init")
    rehearsed = cli("rehearse", "--speed", "1000", "--json")

    assert made.code == 0
    assert [kind for step in pool()["steps"] for kind in step] == [
        "install_dependencies", "deploy_source", "assign_permission_sets", "load_data",
    ]  # fmt: skip
    assert "# - create_users: { definitions: [config/doctor-user.json] }" in (
        tmp_path / "pool.yaml"
    ).read_text(encoding="utf-8")
    assert "data/appointments.csv: records in CSV" in made.out
    assert (rehearsed.code, rehearsed.json["built"]) == (0, 3)
