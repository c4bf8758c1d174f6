"""An emulated org to carry through steps, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.salesforce.world import Emulated
from tests.steps.carrier import Carrier


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no CA of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated() as running:
        yield running


@pytest.fixture
def carrier(emulated: Emulated, tmp_path: Path) -> Carrier:
    return Carrier(emulated, tmp_path)
