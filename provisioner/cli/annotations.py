"""Problems as workflow commands of GitHub Actions, which annotate the line in a pull request.

Source: GitHub Docs, Workflow commands for GitHub Actions, "Setting an error message"; the escapes
are those of `command.ts` of actions/toolkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from provisioner.doctor.result import Result, Status
from provisioner.errors import Problem
from provisioner.plain_text import visible

_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def annotation(problem: Problem, environ: Mapping[str, str]) -> str:
    """`::error file=…,line=…,col=…,title=…::…`, or `::warning …`, on one line."""
    properties = {
        "file": _in_repository(problem.file, environ),
        "line": str(problem.line),
        "col": str(problem.column),
        "title": problem.key_path or "pool.yaml",
    }
    given = ",".join(
        f"{name}={_escaped(text, _IN_PROPERTIES)}" for name, text in properties.items()
    )
    kind = "warning" if problem.is_warning else "error"
    return f"::{kind} {given}::{_escaped(problem.message, _IN_DATA)}"


def check_annotation(title: str, found: Result) -> str:
    """`::error title=…::…`, or `::warning …`: a result of `check --online`, which has no line."""
    kind = "error" if found.status is Status.PROBLEM else "warning"
    text = f"{found.message}\nhint: {found.hint}" if found.hint else found.message
    return f"::{kind} title={_escaped(title, _IN_PROPERTIES)}::{_escaped(text, _IN_DATA)}"


def _in_repository(file: str, environ: Mapping[str, str]) -> str:
    """The path from the root of the checked-out repository, as GitHub matches it."""
    root = environ.get("GITHUB_WORKSPACE")
    if not root:
        return PurePath(file).as_posix()
    try:
        return Path(file).absolute().relative_to(Path(root).absolute()).as_posix()
    except ValueError:  # outside the repository
        return PurePath(file).as_posix()


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, visible(character)) for character in text)
