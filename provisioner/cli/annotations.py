"""Problems as workflow commands of GitHub Actions, which annotate the line in a pull request.

Source: GitHub Docs, Workflow commands for GitHub Actions, "Setting an error message"; the escapes
are those of `command.ts` of actions/toolkit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, Status
from provisioner.errors import Problem
from provisioner.plain_text import visible
from provisioner.report.overview_text import cause_text

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause

_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def annotation(problem: Problem, environ: Mapping[str, str]) -> str:
    """`::error file=…,line=…,col=…,title=…::…`, or `::warning …`, on one line.

    Without a file, it is an annotation of the whole run.
    """
    location = {
        "file": _in_repository(problem.file, environ),
        "line": str(problem.line),
        "col": str(problem.column),
    }
    title = {"title": problem.key_path or "pool.yaml"}
    properties = {**location, **title} if problem.file else title
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


def of_causes(causes: Iterable[Cause], config: Path) -> Iterator[Problem]:
    """The causes of failure of a build as problems of the lines of `config`, its pool.yaml."""
    for cause in causes:
        line = cause.location.rpartition(":")[2]
        has_line = line.isdecimal()
        yield Problem(
            str(config) if has_line else "",
            int(line) if has_line else 1,
            1,
            cause.step,
            "\n".join(filter(None, [cause_text(cause), *cause.details[1:], cause.hint])),
        )


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
