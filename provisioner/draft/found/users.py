"""Finds user definition files of the Salesforce CLI."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import Project

_NAMED = re.compile(r"user[-_]?def", re.IGNORECASE)


def find(project: Project) -> Iterator[Step]:
    """Comments: an org has few licences, and nothing says who needs further users."""
    for file in project.others(".json"):
        if _NAMED.search(posixpath.basename(file)):
            content = project.json(file)
            if isinstance(content, Mapping) and "profileName" in content:
                reason = "A user definition; an org has two to five Salesforce licences."
                yield Step(
                    "create_users", {"definitions": [ProjectPath(file)]}, reason, is_on=False
                )
