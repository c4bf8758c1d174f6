"""The namespace of `sfdx-project.json`; the Salesforce CLI also sends it in its sign-ups."""

from __future__ import annotations

from pathlib import Path

from provisioner.steps.package_project import ProjectError, project_content, project_files

__all__ = ["ProjectError", "project_namespace"]


def project_namespace(definition: Path, directory: Path) -> str:
    """The namespace of the project that an org definition belongs to; "" if it has none.

    The project is the nearest one in the folder of the definition or above it, else in `directory`
    (the folder of pool.yaml) or above it. Raises ProjectError.
    """
    for folder in (definition.parent, directory):
        path = next(project_files(folder.absolute()), None)
        if path is not None:
            return _namespace(path)
    return ""


def _namespace(path: Path) -> str:
    content, _ = project_content(path)
    namespace = content.get("namespace") if isinstance(content, dict) else None
    if namespace is not None and not isinstance(namespace, str):
        raise ProjectError(f"{path}: namespace has the wrong type; write a text")
    return namespace or ""
