"""Finds user definition files of the Salesforce CLI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import Project

_NAMED = re.compile(r"(?:.*/)?[^/]*user[^/]*\.json|(?:.*/)?users/[^/]+\.json", re.IGNORECASE)
_REASON = "A user definition; an org has two to five Salesforce licences."


def find(project: Project) -> Iterator[Step]:
    """Comments: an org has few licences, and nothing says who needs further users."""
    for file in project.others(".json"):
        if _NAMED.fullmatch(file) and _is_user(project.json(file)):
            yield Step("create_users", {"definitions": [ProjectPath(file)]}, _REASON, is_on=False)


def _is_user(content: Any) -> bool:
    return isinstance(content, Mapping) and "profileName" in content
