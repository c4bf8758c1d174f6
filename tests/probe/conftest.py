"""Each test has its own folder and emulator, as a build's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.builder.conftest import key_pair, night
from tests.builder.conftest import make_night as any_night
from tests.builder.night import TIME_SCALE, Night

__all__ = ["any_night", "key_pair", "night"]


@pytest.fixture
def make_night(any_night: Callable[..., Night]) -> Callable[..., Night]:
    """At the speed of the probe itself, which measures durations."""
    return partial(any_night, speed=1 / TIME_SCALE)
