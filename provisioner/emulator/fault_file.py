"""Reads a file of faults and latencies, and reports all its problems with their lines.

The file is a list of faults, or an object `{"faults": [...], "latencies": {...}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.emulator.faults import Faults
from provisioner.emulator.input_file import read_file
from provisioner.emulator.latencies import Latencies, Range

KEYS = ("faults", "latencies")

_BLANKS = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


class FaultFileError(ValueError):
    """The file is wrong. The text has a line `FILE:LINE: problem` for each problem."""


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
            f"{path}:1: must be a list of faults, or an object with the keys {' and '.join(KEYS)}"
        )
    start = _skip_blanks(text, 0)
    starts = {"faults": start} if isinstance(data, list) else dict(_values(text, start))
    contents: dict[str, Any] = {"faults": data} if isinstance(data, list) else data
    problems = [
        f"{path}:{text.count(chr(10), 0, at) + 1}: {message}"
        for at, message in _problems(text, contents, starts)
    ]
    if problems:
        raise FaultFileError("\n".join(problems))
    return FaultFile(tuple(contents.get("faults", ())), contents.get("latencies", {}))


def _text(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8-sig")
    except OSError as error:
        raise FaultFileError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FaultFileError(f"{path}: the file is not UTF-8 text; save it as UTF-8") from error


def _problems(
    text: str, contents: Mapping[str, Any], starts: Mapping[Any, int]
) -> Iterator[tuple[int, str]]:
    """The offset and the message of each problem."""
    for key in contents:
        if key not in KEYS:
            yield starts[key], f"unknown key {key!r}; the keys are {' and '.join(KEYS)}"
    if "latencies" in contents:
        try:
            Latencies().override(contents["latencies"])
        except ValueError as error:
            yield starts["latencies"], str(error)
    faults = contents.get("faults", [])
    if not isinstance(faults, list):
        yield starts["faults"], "faults must be a list: [{…}, …]"
        return
    for index, at in _values(text, starts["faults"]) if faults else ():
        try:
            Faults().add(faults[index])
        except ValueError as error:
            yield at, str(error)


def _values(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """The key (or index) and the offset of each value in the valid object (or list) at `at`."""
    is_object, index = text[at] == "{", 0
    at = _skip_blanks(text, at + 1)
    while text[at] not in "]}":
        key: Any = index
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip_blanks(text, _skip_blanks(text, at) + 1)  # the colon
        yield key, at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip_blanks(text, at)
        if text[at] == ",":
            at = _skip_blanks(text, at + 1)
        index += 1


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
