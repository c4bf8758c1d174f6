"""The files and folders that pool.yaml names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.config.model import PoolFile


def named_files(pool_file: PoolFile) -> frozenset[Path]:
    """Each file and folder once, with the folder of pool.yaml in front."""
    return frozenset(pool_file.directory / path for path in _paths(pool_file, is_root=True))


def _paths(value: Any, *, is_root: bool = False) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if not (is_root and field.name == "path"):  # pool.yaml itself
                yield from _paths(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _paths(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _paths(item)
