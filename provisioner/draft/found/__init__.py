"""What a project has for a pool: one module per kind of thing, each with `find`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from provisioner.draft.found import (
    apex_scripts,
    data,
    packages,
    permission_sets,
    records,
    source,
    users,
)
from provisioner.draft.model import Step
from provisioner.draft.project import Project

Find = Callable[[Project], Iterable[Step]]

FINDERS: Mapping[str, Find] = {
    "packages": packages.find,
    "source": source.find,
    "users": users.find,
    "permission sets": permission_sets.find,
    "data": data.find,
    "other records": records.find,
    "Apex scripts": apex_scripts.find,
}
"""In the order of the steps. A further kind of thing is a module and a line here."""


def found_steps(project: Project) -> list[Step]:
    """The steps of all finders; what they leave out is in `project.left_out`."""
    return [step for find in FINDERS.values() for step in find(project)]
