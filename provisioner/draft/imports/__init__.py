"""Files of other tools that `init --from` imports: one module per tool."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from provisioner.draft.imports import cumulusci, github_workflow, hardis, sfp
from provisioner.draft.imports.source_file import SourceFile, read_source_file
from provisioner.draft.model import Imported, LeftOut
from provisioner.draft.project import Project
from provisioner.errors import UsageError

Recognise = Callable[[SourceFile], bool]
Import = Callable[[SourceFile, Project], Imported]

IMPORTERS: Mapping[str, tuple[Recognise, Import]] = {
    "a pool definition of sfp": (sfp.recognise, sfp.import_pool),
    "a .sfdx-hardis.yml": (hardis.recognise, hardis.import_pool),
    "a cumulusci.yml": (cumulusci.recognise, cumulusci.import_pools),
    "a GitHub workflow": (github_workflow.recognise, github_workflow.import_pools),
}
"""Kind of file → whether a file is one, and how it is imported. The first match counts."""


_NAMES = re.compile(
    r"(?:[^/]+/)*(?:cumulusci\.yml|\.sfdx-hardis\.yml|[^/]*pool[^/]*\.json)", re.IGNORECASE
)


def importable(project: Project) -> Iterator[LeftOut]:
    """A note for each file of the project that `--from` would import."""
    for name in project.files:
        if _NAMES.fullmatch(name) and not project.is_source(name):
            with suppress(UsageError):
                file = read_source_file(project.root / name)
                if any(recognise(file) for recognise, _ in IMPORTERS.values()):
                    yield LeftOut(name, f"`provisioner init --from {name}` imports it")


def _name(path: Path, project: Project) -> str:
    """A file as messages name it: from the project, if it is in it."""
    root, real = (Path(os.path.realpath(each)) for each in (project.root, path))
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else str(path)


def read_import(path: Path, project: Project) -> Imported:
    """What a file of another tool gives. Raises UsageError.

    Its `name` in notes and reasons is the path from the project.
    """
    file = read_source_file(path, _name(path, project))
    for recognise, import_file in IMPORTERS.values():
        if recognise(file):
            return import_file(file, project)
    raise UsageError(
        f"{path} is not a file that init can import",
        code="import",
        hint=f"it imports {', '.join(IMPORTERS)}",
    )
