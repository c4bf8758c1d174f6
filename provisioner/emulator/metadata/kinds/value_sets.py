"""Value sets to which custom picklists may refer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def standard_value_sets() -> frozenset[str]:
    """The names of the standard value sets."""
    text = files("provisioner.emulator.metadata").joinpath("standard_value_sets.txt")
    lines = text.read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())
