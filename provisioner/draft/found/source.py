"""Finds the source of a project: its package directories."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import FILE, Project

_SEQUENTIALLY = "pushPackageDirectoriesSequentially"


def find(project: Project) -> Iterator[Step]:
    """One deploy of all package directories, or one of each if the project asks for that."""
    folders = [folder or "." for folder in project.package_dirs]
    if not folders:
        return
    path = ProjectPath(".")
    if project.content.get(_SEQUENTIALLY) is True and len(folders) > 1:
        for folder in folders:
            reason = f"{FILE} has {_SEQUENTIALLY}: each package directory is deployed by itself."
            yield Step("deploy_source", {"path": path, "package_dirs": [folder]}, reason)
        return
    if len(folders) == 1:
        reason = f"The package directory of {FILE}: {folders[0]}."
    else:
        reason = f"The package directories of {FILE}: {', '.join(folders)}."
        reason += " To deploy only some of them, add package_dirs."
    yield Step("deploy_source", {"path": path}, reason)
