"""The manual page, written from the help pages: `scripts/man` prints it.

The format is man(7): https://man7.org/linux/man-pages/man7/man.7.html. The exit codes are those of
the README. A test compares the page in `docs/install/`, which the wheel installs, with this one.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import provisioner
from provisioner.cli.help_page import example_lines, plain, usage
from provisioner.cli.main import app
from provisioner.cli.table import GROUPS, command_of
from tests.cli.command_tree import TABLE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/install/share/man/man1/provisioner.1"


def man_page() -> str:
    """The whole page in roff."""
    command = typer.main.get_command(app)
    root = typer.Context(command, info_name="provisioner", **command.context_settings)
    shared = {record[0] for record in _records(command_of("build"), root) if _is_shared(record)}
    return "\n".join([*_start(root), *_commands(root, shared), *_end()]) + "\n"


def _is_shared(record: tuple[str, str]) -> bool:
    """Whether an option is one of those that every command has."""
    return bool(re.search(r"--(config|json|quiet|no-color|help)\b", record[0]))


def _start(root: typer.Context) -> Iterator[str]:
    command: Any = root.command
    purpose, _, description = str(command.help).partition(". ")
    yield f'.TH PROVISIONER 1 "" "provisioner {provisioner.__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # an option is never divided at the end of a line
    yield from (".SH NAME", _text(f"provisioner - {purpose[:1].lower()}{purpose[1:]}"))
    yield from (".SH SYNOPSIS", r".B provisioner", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...")
    yield from (".SH DESCRIPTION", _text(description), ".PP", _text(str(command.epilog)))
    yield from (".SH OPTIONS", _text("All commands accept these, except for --version:"))
    yield from _definitions(_records(command, root))


def _commands(root: typer.Context, shared: set[str]) -> Iterator[str]:
    for group in GROUPS:
        yield f'.SH "{group.upper()}"'
        for name in (name for name, at in TABLE.items() if at.group == group):
            command = command_of(name)
            yield from _command(command, root, name, shared)
            for subname, subcommand in getattr(command, "commands", {}).items():
                yield from _command(subcommand, root, f"{name} {subname}", shared)


def _command(command: Any, root: typer.Context, name: str, shared: set[str]) -> Iterator[str]:
    context = typer.Context(command, info_name=name, parent=root)
    hidden = [each.make_metavar(context) for each in command.params if _is_hidden(each)]
    pieces = usage(" ".join(command.collect_usage_pieces(context)), hidden)
    yield f'.SS "{_escaped(f"provisioner {name} {pieces}")}"'
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        yield from ([".PP"] if number else [])
        yield _text(paragraph)
    yield from _definitions(
        record for record in _records(command, context) if record[0] not in shared
    )
    lines = example_lines(name) if not hasattr(command, "commands") else []
    if lines:
        yield from (".PP", "Examples:", ".PP", ".RS 4", ".nf", *map(_text, lines), ".fi", ".RE")


def _end() -> Iterator[str]:
    yield from (".SH EXIT STATUS", *_definitions(_exit_codes()))
    yield from (".SH FILES", ".TP", r"\fIpool.yaml\fR", "The pools; see --config.")
    yield from (".TP", r"\fI.provisioner/ledger.db\fR", "The ledger, unless pool.yaml has another.")


def _exit_codes() -> list[tuple[str, str]]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("### Exit codes\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)


def _records(command: Any, context: typer.Context) -> list[tuple[str, str]]:
    """Arguments and options with their texts, without hidden ones."""
    shown = [each for each in command.get_params(context) if not _is_hidden(each)]
    return [record for each in shown if (record := each.get_help_record(context)) is not None]


def _is_hidden(parameter: Any) -> bool:
    return bool(getattr(parameter, "hidden", False))


def _definitions(records: Any) -> Iterator[str]:
    for name, text in records:
        yield from (".TP", rf"\fB{_escaped(name)}\fR", _text(plain(text.strip())) or r"\&")


def _text(text: str) -> str:
    """One paragraph in roff, each sentence a line; a line with a dot first would be a request."""
    joined = " ".join(text.split()) if "\n" in text else text
    lines = _escaped(re.sub(r"(?<=[a-z)`]\.) (?=[A-Z])", "\n", joined)).split("\n")
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")


if __name__ == "__main__":
    print(man_page(), end="")  # noqa: T201 - what the script is for
