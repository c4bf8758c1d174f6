"""Each test has its own folder and emulator, as a build's."""

from __future__ import annotations

from tests.builder.conftest import key_pair, make_night, night

__all__ = ["key_pair", "make_night", "night"]
