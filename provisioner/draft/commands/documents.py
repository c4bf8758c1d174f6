"""The set-up that a project documents: of its scripts, workflows and texts, the best one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.draft.commands.reading import commands_in
from provisioner.draft.commands.scripts import with_scripts
from provisioner.draft.commands.set_up import SetUp, set_up
from provisioner.draft.project import Project

_SCRIPTS = re.compile(r"(?:(?:bin|scripts?|build|dev|tools)/)?[^/]+\.(?:sh|bat|cmd|ps1)", re.I)
_OTHERS = (
    re.compile(r"\.github/workflows/[^/]+\.ya?ml"),
    re.compile(r"package\.json"),
    re.compile(r"(?:docs/)?[^/]+\.md", re.I),
)
PATTERNS = (_SCRIPTS, *_OTHERS)
"""From the most to the least trusted: a script is run, a text may be out of date."""


def documented(project: Project) -> SetUp | None:
    """The set-up of the document that creates a scratch org and does most with it."""
    for pattern in PATTERNS:
        found = [one for one in _set_ups(project, pattern) if one.creates_org]
        found = [one for one in found if one.brings_content]
        if found:
            return max(found, key=_rank)
    return None


def _rank(one: SetUp) -> tuple[int, bool]:
    definition = one.definition.reason if one.definition else ""
    return len(one.steps), ".sh:" in definition  # of two for different systems, the first


def _set_ups(project: Project, pattern: re.Pattern[str]) -> Iterator[SetUp]:
    for file in project.files:
        if pattern.fullmatch(file) and (text := project.text(file)):
            yield set_up(commands_in(with_scripts(text, project), file), project)
