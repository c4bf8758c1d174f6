"""From a project and a file of another tool to the text of a pool.yaml that `check` accepts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.draft.assemble import draft as assembled
from provisioner.draft.checking import checked
from provisioner.draft.imports import read_import
from provisioner.draft.model import Draft
from provisioner.draft.project import Project, is_inside
from provisioner.draft.render import Rendering
from provisioner.errors import UsageError
from provisioner.input_file import SETTINGS


@dataclass(frozen=True)
class Target:
    """Where pool.yaml will be, and what its first lines say."""

    config: Path
    has_schema: bool  # the JSON schema that the first line names is beside it
    key_line: str  # the line of `private_key`
    project: str  # the key `project`


def composed(
    root: Path, imported: Path | None, target: Target, environ: Mapping[str, str]
) -> tuple[str, Draft]:
    """The text of a pool.yaml for the project at `root`, and what it was made from.

    Nothing is written. Raises UsageError for a file that cannot be imported and where there is no
    scratch org definition, ConfigError where what is left cannot be used.
    """
    project = Project(root)
    if imported and not project.is_project:
        project.is_listed = is_inside(imported, root)
    found = read_import(imported, project) if imported else None
    made = assembled(project, found)
    prefix = os.path.relpath(root, target.config.parent).replace(os.sep, "/")

    def write(draft: Draft) -> str:
        return Rendering(
            draft,
            has_schema=target.has_schema,
            key_line=target.key_line,
            project=target.project,
            prefix="" if prefix == "." else prefix,
        ).text()

    with _existing(target.config.parent):
        made = checked(made, write, target.config, environ)
    text = write(made)
    if len(text.encode()) > SETTINGS:
        raise UsageError(
            f"the pool.yaml for {root} would have more than {SETTINGS // 1_000_000} MB",
            code="project",
            hint="run init in a project with fewer permission sets and scripts",
        )
    return text, made


@contextmanager
def _existing(folder: Path) -> Iterator[None]:
    """A folder that is there in the meantime, because the paths of pool.yaml start in it."""
    if folder.exists():
        yield
        return
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        raise UsageError(text, code="write") from None
    try:
        yield
    finally:
        folder.rmdir()
