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
        line = lines.get((problem.file, problem.line), "")
        for each in excerpt(problem, line, encoding):
            output.line(each)


def _lines_of(problems: Sequence[Problem]) -> Mapping[tuple[str, int], str]:
    """The lines that may be shown, by file and number."""
    wanted: dict[str, set[int]] = {}
    for problem in problems:
        wanted.setdefault(problem.file, set()).add(problem.line)
    for problem in problems:
        if is_about_secret(problem):
            wanted[problem.file].discard(problem.line)
    return {
        (file, number): line
        for file, numbers in wanted.items()
        for number, line in source_lines(Path(file), numbers).items()
    }
