"""The help page of a command: what typer writes, with examples, and without broken option names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from provisioner.cli.examples import EXAMPLES

if TYPE_CHECKING:
    import typer

_HYPHEN = re.compile(r"(?<=[\w-])-(?=\w)|(?<![\w-])-(?=-?\w)")
_KEPT = "\N{NON-BREAKING HYPHEN}"


def help_page(context: typer.Context) -> str:
    """The help page of the command of `context`."""
    formatter = _unbroken(context.make_formatter())
    command = context.command
    command.format_help(context, formatter)
    lines = example_lines(command_name(context), getattr(command, "commands", ()))
    if lines:
        with formatter.section("Examples"):
            for line in lines:
                formatter.write(f"  {line}\n")
    return str(formatter.getvalue()).rstrip("\n").replace(_KEPT, "-")


def command_name(context: typer.Context) -> str:
    """The command without the executable: `hub app`; "" for the executable itself."""
    return context.command_path.partition(" ")[2]


def example_lines(name: str, subcommands: Iterable[str] = ()) -> list[str]:
    """The examples of a command; of a group the first example of each of its subcommands."""
    if not name:
        return []
    if name in EXAMPLES:
        return EXAMPLES[name].strip().splitlines()
    return [line for each in subcommands for line in _first(f"{name} {each}")]


def _first(name: str) -> Iterator[str]:
    """A comment and its command, which may have several lines."""
    for number, line in enumerate(EXAMPLES.get(name, "").strip().splitlines()):
        if number and line.startswith("#"):
            return
        yield line


def _unbroken(formatter: Any) -> Any:
    """The formatter, with hyphens that do not end a line, and arguments without braces."""
    write_text, write_dl, write_usage = (
        formatter.write_text,
        formatter.write_dl,
        formatter.write_usage,
    )
    formatter.write_text = lambda text: write_text(_kept(text))
    formatter.write_dl = lambda rows, *more, **named: write_dl(
        [(_kept(first), _kept(second)) for first, second in rows], *more, **named
    )
    formatter.write_usage = lambda prog, args="", prefix=None: write_usage(
        prog, re.sub(r"[{}]", "", args), prefix
    )
    return formatter


def _kept(text: str) -> str:
    return _HYPHEN.sub(_KEPT, text)
