"""Files of other tools that `init --from` imports: one module per tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from provisioner.draft.imports import cumulusci, github_workflow, hardis, sfp
from provisioner.draft.imports.source_file import SourceFile, read_source_file
from provisioner.draft.model import Imported
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


def read_import(path: Path, project: Project) -> Imported:
    """What a file of another tool gives. Raises UsageError."""
    file = read_source_file(path)
    for recognise, import_file in IMPORTERS.values():
        if recognise(file):
            return import_file(file, project)
    raise UsageError(
        f"{path} is not a file that init can import",
        code="import",
        hint=f"it imports {', '.join(IMPORTERS)}",
    )
