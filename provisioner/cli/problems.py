"""Prints the problems of pool.yaml: for people with the line of the file, or for GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner.cli.excerpt import excerpt
from provisioner.config.plain_secrets import is_about_secret
from provisioner.config.source_lines import source_lines
from provisioner.errors import Problem
from provisioner.output import Output


def print_problems(output: Output, problems: Sequence[Problem]) -> None:
    """One line each, as editors and CI systems parse it, and below it the line of the file.

    With `--json` and `--quiet`, and for a line that may hold a secret, only the first.
    """
    encoding = getattr(output.err, "encoding", None) or "utf-8"
    lines = {} if output.as_json or output.quiet else _lines_of(problems)
    for problem in problems:
        output.line(str(problem))
        for line in excerpt(problem, lines.get(problem.file, ()), encoding):
            output.line(line)


def _lines_of(problems: Sequence[Problem]) -> Mapping[str, Sequence[str | None]]:
    """The lines of each file that may be shown, by the name of the file."""
    secret = {(problem.file, problem.line) for problem in problems if is_about_secret(problem)}
    return {
        file: [
            None if (file, number) in secret else line
            for number, line in enumerate(source_lines(Path(file)), 1)
        ]
        for file in {problem.file for problem in problems}
    }
