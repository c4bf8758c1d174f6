"""Reads a file of faults and latencies, and reports all its problems with their lines and columns.

The file is a list of faults, or an object `{"faults": [...], "latencies": {...}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.emulator import resources, typed
from provisioner.emulator.fault_rules import problems
from provisioner.emulator.input_file import read_file
from provisioner.emulator.json_offsets import location
from provisioner.emulator.known_names import unknown
from provisioner.emulator.latencies import DEFAULTS, Latencies, Range
from provisioner.emulator.routing import route_names

KEYS = ("faults", "latencies")


class FaultFileError(ValueError):
    """The file is wrong. The text has a line `FILE:LINE:COLUMN: problem` for each problem."""


@dataclass(frozen=True)
class FaultFile:
    """The valid contents of a file."""

    faults: tuple[Mapping[str, Any], ...] = ()
    latencies: Mapping[str, Range | float] = field(default_factory=dict)


def read_fault_file(path: Path) -> FaultFile:
    """The contents of the file at `path`. Raises FaultFileError."""
    text = _text(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        position = f"{path}:{error.lineno}:{error.colno}"
        raise FaultFileError(f"{position}: the file is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise FaultFileError(f"{path}:1: the file is not JSON: {error}") from error
    if not isinstance(data, list | dict):
        raise FaultFileError(
            f"{path}:1:1: must be a list of faults, or an object with the keys {' and '.join(KEYS)}"
        )
    contents: dict[str, Any] = {"faults": data} if isinstance(data, list) else data
    root = () if isinstance(data, dict) else ("faults",)
    found = sorted(
        (*location(text, where[len(root) :]), message) for where, message in _problems(contents)
    )
    if found:
        lines = [f"{path}:{line}:{column}: {message}" for line, column, message in found]
        raise FaultFileError("\n".join(lines))
    return FaultFile(tuple(contents.get("faults", ())), contents.get("latencies", {}))


def _text(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8-sig")
    except OSError as error:
        raise FaultFileError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FaultFileError(f"{path}: the file is not UTF-8 text; save it as UTF-8") from error


def _problems(contents: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The keys and indexes that lead to each problem, and its message."""
    for key in contents:
        if key not in KEYS:
            yield (key,), unknown("key", key, KEYS)
    latencies = contents.get("latencies", {})
    if not isinstance(latencies, dict):
        yield ("latencies",), f"latencies must be an object, not {typed.shown(latencies)}"
    else:
        yield from _latencies(latencies)
    faults = contents.get("faults", [])
    if not isinstance(faults, list):
        yield ("faults",), "faults must be a list: [{…}, …]"
        return
    resources.load()
    for index, fault in enumerate(faults):
        for problem in problems(fault, route_names()):
            yield ("faults", index, *problem.path), problem.message


def _latencies(latencies: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    known = [*dict.fromkeys(name.partition(".")[0] for name in DEFAULTS), *DEFAULTS]
    for name, value in latencies.items():
        if name not in known:
            yield ("latencies", name), unknown("operation", name, dict.fromkeys(known))
            continue
        try:
            Latencies().override({name: value})
        except ValueError as error:
            yield ("latencies", name), str(error)
