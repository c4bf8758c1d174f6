"""Finds scripts of anonymous Apex outside the source."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from provisioner.draft.model import ProjectPath, Step
from provisioner.draft.project import Project

_TEMPLATE = re.compile(r"tempAccount|Use \.apex files to store anonymous Apex", re.IGNORECASE)
_NO_SET_UP = re.compile(r"(?:^|[-_./])(?:test|delete|clean|debug|teardown|reset)", re.IGNORECASE)


def find(project: Project) -> Iterator[Step]:
    """Comments: a script may do anything, and nothing says which of them set up an org."""
    for file in project.others(".apex"):
        text = project.text(file)
        if text is None:
            continue
        if not text.strip():
            project.leave_out(file, "the script is empty")
            continue
        if _TEMPLATE.search(text):
            project.leave_out(file, "it is the sample script of `sf project generate`")
            continue
        reason = "A script; no document of the project says that it sets up an org."
        if _NO_SET_UP.search(posixpath.splitext(file)[0]):
            reason = "By its name, this script does not set up an org."
        yield Step("run_apex", {"file": ProjectPath(file)}, reason, is_on=False)
