"""Finds scratch org definition files: by their names, and by what they contain."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.model import DefinitionFile
from provisioner.draft.project import Project

USUAL = "config/project-scratch-def.json"
_NAMED = re.compile(r"scratch[-_]?(?:org)?[-_]?def", re.IGNORECASE)
_FOLDERS = ("config", "orgs")
_ORG_KEYS = frozenset({"edition", "snapshot", "sourceOrg"})
_KEYS = _ORG_KEYS | {"features", "settings", "orgName", "hasSampleData", "template", "release"}


def find(project: Project) -> list[DefinitionFile]:
    """All definitions; the first one is that of the pool, the others are comments."""
    files = sorted(_definitions(project), key=_order)
    first = [DefinitionFile(file, _reason(file)) for file in files[:1]]
    reason = "Another definition; orgs are distributed over all that are listed, by weight."
    return [*first, *(DefinitionFile(file, reason, is_on=False) for file in files[1:])]


def _definitions(project: Project) -> Iterator[str]:
    for file in project.others(".json"):
        is_named = _NAMED.search(posixpath.basename(file)) is not None
        if is_named or file.split("/")[0] in _FOLDERS:
            content = project.json(file)
            if _is_definition(content):
                yield file
            elif is_named and content is not None:
                project.leave_out(file, "it has no edition, snapshot or sourceOrg")


def _is_definition(content: Any) -> bool:
    if not isinstance(content, Mapping):
        return False
    keys = set(content)
    return bool(keys & _ORG_KEYS) and len(keys & _KEYS) >= min(2, len(keys))


def _order(file: str) -> tuple[bool, bool, bool, bool, int, str]:
    name = posixpath.basename(file)
    is_usual = name == posixpath.basename(USUAL)
    return (file != USUAL, not is_usual, name != "dev.json", "base" not in name,
            file.count("/"), file)  # fmt: skip


def _reason(file: str) -> str:
    if file == USUAL:
        return "The definition that `sf project generate` makes."
    return "The first definition that was found."
