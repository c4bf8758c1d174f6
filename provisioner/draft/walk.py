"""Lists the files of a project, without those of its tools; follows no link to a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.draft.model import LeftOut

MOST = 200_000
"""Files of a project that are listed."""

_TOOLS = frozenset({"node_modules", "__pycache__", "bower_components", "venv", "coverage"})
_KEPT = frozenset({".github"})


@dataclass(frozen=True)
class Listing:
    """The files below a folder, sorted, relative to it and with /."""

    files: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


def files_below(root: Path) -> Listing:
    """The files of the project at `root`. A folder that cannot be read is in `left_out`."""
    left_out: list[LeftOut] = []
    found: list[str] = []
    for name in _walk(root, left_out):
        if len(found) == MOST:
            text = f"the project has more than {MOST:,} files; the rest was not read"
            left_out.append(LeftOut(".", text))
            break
        if name.isprintable() and _can_be_encoded(name):
            found.append(name)
        elif _is_wanted(name):
            left_out.append(LeftOut(ascii(name), "its name cannot be written to pool.yaml"))
    return Listing(tuple(sorted(found)), tuple(left_out))


def _walk(root: Path, left_out: list[LeftOut]) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        name = os.path.relpath(error.filename or root, root).replace(os.sep, "/")
        left_out.append(LeftOut(name, f"the folder cannot be read: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if _is_of_project(name))
        base = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in names:
            yield name if base == "." else f"{base}/{name}"


def _is_of_project(name: str) -> bool:
    return name in _KEPT or not (name.startswith(".") or name in _TOOLS)


def _is_wanted(name: str) -> bool:
    return name.endswith((".json", ".apex", ".yml", "-meta.xml"))


def _can_be_encoded(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
