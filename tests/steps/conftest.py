"""An emulated org to run steps on, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.salesforce.world import Emulated
from tests.steps.step_runner import StepRunner


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated() as running:
        yield running


@pytest.fixture
def runner(emulated: Emulated, tmp_path: Path) -> StepRunner:
    return StepRunner(emulated, tmp_path)
