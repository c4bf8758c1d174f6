"""The help page of a command: what typer writes, with examples, and without broken option names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.cli.examples import EXAMPLES

if TYPE_CHECKING:
    import typer

_HYPHEN = re.compile(r"(?<=[\w-])-(?=\w)|(?<![\w-])-(?=-?\w)")
_DEFAULT = re.compile(r"\[default: [^]]*\]$")
_KEPT = "\N{NON-BREAKING HYPHEN}"


def help_page(context: typer.Context) -> str:
    """The help page of the command of `context`."""
    command = context.command
    hidden = [
        each.make_metavar(context) for each in command.params if getattr(each, "hidden", False)
    ]
    formatter = _unbroken(context.make_formatter(), hidden)
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


def _unbroken(formatter: Any, hidden: Sequence[str]) -> Any:
    """The formatter, with hyphens that do not end a line, and arguments without braces.

    typer has `hidden` arguments in the usage line.
    """
    write_text, write_dl, write_usage = (
        formatter.write_text,
        formatter.write_dl,
        formatter.write_usage,
    )
    formatter.write_text = lambda text: write_text(_kept(text))
    formatter.write_dl = lambda rows, *more, **named: write_dl(
        [(_kept(first), _kept(plain(second))) for first, second in rows], *more, **named
    )
    formatter.write_usage = lambda prog, args="", prefix=None: write_usage(
        prog, usage(args, hidden), prefix
    )
    return formatter


def plain(text: str) -> str:
    """The text of an option with its default and range in words: `default: 1; at least 0.001`."""
    return _DEFAULT.sub(lambda found: _in_words(found[0]), text)


def _in_words(default: str) -> str:
    whole = re.sub(r"(?<=\d)\.0(?!\d)", "", default)
    return re.sub(r"([\d.]+)<=x<=([\d.]+)", r"\1 to \2", whole.replace("x>=", "at least "))


def usage(pieces: str, hidden: Sequence[str]) -> str:
    """The words of a usage line without those of `hidden` arguments, and without braces."""
    return " ".join(each.strip("{}") for each in pieces.split() if each not in hidden)


def _kept(text: str) -> str:
    return _HYPHEN.sub(_KEPT, text)
