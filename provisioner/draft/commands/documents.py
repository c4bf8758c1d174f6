"""The set-up that a project documents: of its scripts, workflows and texts, the best one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from provisioner.draft.commands.reading import commands_in
from provisioner.draft.commands.scripts import with_scripts
from provisioner.draft.commands.set_up import SetUp, merged_assignments, set_up
from provisioner.draft.model import Imported, PoolDraft
from provisioner.draft.names import pool_name
from provisioner.draft.project import Project

_SCRIPTS = re.compile(r"(?:(?:bin|scripts?|build|dev|tools)/)?[^/]+\.(?:sh|bat|cmd|ps1)", re.I)
_OTHERS = (
    re.compile(r"\.github/workflows/[^/]+\.ya?ml"),
    re.compile(r"package\.json"),
    re.compile(r"(?:docs/)?[^/]+\.md", re.I),
)
PATTERNS = (_SCRIPTS, *_OTHERS)
"""From the most to the least trusted: a script is run, a text may be out of date."""


def documented(project: Project) -> Imported | None:
    """The set-up of the document that creates a scratch org and does most with it, as a pool."""
    for pattern in PATTERNS:
        found = [one for one in _set_ups(project, pattern) if one.brings_content]
        found = [one for one in found if one.creates_org]
        if found:
            return _pool(max(found, key=_rank), project)
    return None


def _pool(found: SetUp, project: Project) -> Imported:
    """A pool with this set-up. For how many days people keep such an org says nothing about it."""
    definitions = [found.definition] if found.definition else []
    steps = merged_assignments(found.steps)
    pool = PoolDraft(pool_name(*project.names), definitions=definitions, steps=steps)
    return Imported(found.file, [pool], found.left_out)


def _rank(one: SetUp) -> tuple[int, bool]:
    return len(one.steps), one.file.endswith(".sh")  # of two for different systems, that one


def _set_ups(project: Project, pattern: re.Pattern[str]) -> Iterator[SetUp]:
    for file in project.files:
        if pattern.fullmatch(file) and (text := project.text(file)):
            found = set_up(commands_in(with_scripts(text, project), file), project)
            yield replace(found, file=file)
