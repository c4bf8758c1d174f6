"""An emulated org to carry through steps, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.salesforce.world import Emulated
from tests.steps.carrier import Carrier


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated() as running:
        yield running


@pytest.fixture
def carrier(emulated: Emulated, tmp_path: Path) -> Carrier:
    return Carrier(emulated, tmp_path)
