"""What the last word of a command line may become: commands, options, names, or files.

Only the module of the command on the line is imported, because a shell calls this at each TAB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.cli.invocation import DEFAULT_CONFIG
from provisioner.cli.table import COMMANDS, command_of

FILES, FOLDERS = ":files", ":folders"
"""The shell completes a path."""

Parameter = Any  # an option or argument of typer, whose class is private


def complete(words: Sequence[str]) -> list[str]:
    """The candidates for the last word: `VALUE<tab>DESCRIPTION`, or FILES or FOLDERS alone.

    `words` begins with the executable.
    """
    line = _Line()
    for word in words[1:-1]:
        line.read(word)
    last = words[-1] if len(words) > 1 else ""
    return [each for each in line.candidates(last) if each.startswith((last, ":"))]


@dataclass
class _Line:
    """The words before the last one."""

    name: str = ""
    command: Any = None  # None: the executable itself
    position: int = 0  # how many arguments of the command there are
    pending: Parameter = None  # the option whose value is next
    used: set[str] = field(default_factory=set)
    config: Path = DEFAULT_CONFIG
    has_ended: bool = False  # after `--`, or after an unknown command

    def read(self, word: str) -> None:
        """Take one complete word."""
        if self.pending is not None:
            self._set(self.pending, word)
            self.pending = None
        elif word == "--":
            self.has_ended = True
        elif word.startswith("-") and not self.has_ended:
            self._read_option(word)
        elif self.command is None or hasattr(self.command, "commands"):
            self._enter(word)
        else:
            self.position += 1

    def _read_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self._option(name)
        if option is None:
            return
        self.used.update(() if option.multiple else option.opts)
        if equals:
            self._set(option, value)
        elif not option.is_flag:
            self.pending = option

    def _set(self, option: Parameter, value: str) -> None:
        if "--config" in option.opts:
            self.config = Path(value).expanduser()

    def _enter(self, word: str) -> None:
        known = COMMANDS if self.command is None else self.command.commands
        if word not in known:
            self.has_ended = True
            self.name, self.command = word, _Unknown
        elif self.command is None:
            self.name, self.command = word, command_of(word)
        else:
            self.command = self.command.commands[word]

    def candidates(self, last: str) -> Iterator[str]:
        """All that may be at the position of `last`."""
        option, equals, _ = last.partition("=")
        if self.pending is not None:
            yield from self._values(self.pending)
        elif last.startswith("--") and equals and not self.has_ended:
            found = self._option(option)
            if found is not None:
                for each in self._values(found):
                    yield each if each in (FILES, FOLDERS) else f"{option}={each}"
        elif last.startswith("-") and not self.has_ended:
            yield from self._options()
        elif self.command is None:
            yield from (f"{name}\t{listed.text}" for name, listed in COMMANDS.items())
        elif hasattr(self.command, "commands"):
            for name, command in self.command.commands.items():
                yield f"{name}\t{command.get_short_help_str(80)}"
        else:
            yield from self._argument()

    def _parameters(self) -> list[Parameter]:
        command = self.command or _executable()
        return [each for each in command.params if not getattr(each, "hidden", False)]

    def _option(self, name: str) -> Parameter | None:
        for each in self._parameters():
            if name in each.opts and hasattr(each, "is_flag"):
                return each
        return None

    def _options(self) -> Iterator[str]:
        for each in self._parameters():
            if hasattr(each, "is_flag") and not self.used & set(each.opts):
                names = [name for name in each.opts if name.startswith("--")] or each.opts
                yield from (f"{name}\t{_first_sentence(each.help or '')}" for name in names)
        yield "--help\tShow this message and exit"

    def _argument(self) -> Iterator[str]:
        arguments = [each for each in self._parameters() if not hasattr(each, "is_flag")]
        if not arguments:
            return
        argument = arguments[min(self.position, len(arguments) - 1)]
        if self.position < len(arguments) or argument.nargs == -1:
            yield from self._values(argument)

    def _values(self, parameter: Parameter) -> Iterator[str]:
        """The values of an option or argument, by its type, or by its word in the help page."""
        from provisioner.cli.known_names import pools, usernames

        shown = (parameter.metavar or "").strip("[]…")
        choices = getattr(parameter.type, "choices", None)
        if choices:
            yield from (str(getattr(each, "value", each)) for each in choices)
        elif "|" in shown and shown.islower():
            yield from shown.split("|")
        elif shown == "POOL":
            yield from pools(self.config)
        elif shown in ("USERNAME", "ORG", "RUN|ORG") and not hasattr(parameter, "is_flag"):
            yield from usernames(self.config, self.name)
        elif shown in ("DIR", "FOLDER"):
            yield FOLDERS
        elif any(word in shown for word in ("FILE", "ZIP", "COMMAND")):
            yield FILES


def _executable() -> Any:
    import typer

    from provisioner.cli.main import app

    return typer.main.get_command(app)


class _Unknown:
    """A command that does not exist."""

    params: tuple[Parameter, ...] = ()


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition("; ")[0].partition(". ")[0].rstrip(".")
