"""A project for each test, and a registry of test kinds in place of the real steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from provisioner.steps import STEPS
from tests.config.project import Project
from tests.config.step_kinds import REGISTRY

REAL_STEPS = dict(STEPS)


@pytest.fixture(autouse=True)
def _test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = cast("dict[str, Any]", STEPS)
    for kind, place in REGISTRY.items():
        monkeypatch.setitem(registry, kind, place)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
