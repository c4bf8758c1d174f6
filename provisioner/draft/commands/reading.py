"""Finds the commands of the Salesforce CLI (`sf`, `sfdx`) in scripts, workflows and documents.

The words of a command's name may be in any order (`data tree import`, `data import tree`), and
former names are still in use (`force:source:push`).
Source: docs/reference/other-tools.md#commands-of-the-salesforce-cli.
"""

from __future__ import annotations

import re
import shlex
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice, takewhile

_COMMAND = re.compile(r"(?<![\w./@-])(?:sf|sfdx)(?:\.cmd)?[ \t]+(?=[a-z])")
_CONTINUED = re.compile(r"(?:(?<!\\)\\|\^|`)[ \t]*$")
_END = re.compile(r"[ \t](?:&&|\|\||\||;|&>|2>|>)|;$|\)[\"'`]*$")
_COMMENT = re.compile(r"\s*(?:#(?!!)|rem\b|::|//)", re.IGNORECASE)
_EXPRESSION = re.compile(r"\$\{\{[^{}]{0,200}\}\}")
_KEY = re.compile(r"((?:^|\s)(?:-k|--installation-?key)[= ]+|password\S*?=)(?!['\"]?[$%])\S+", re.I)
LONGEST = 10_000  # characters of a command that are read
MOST = 500  # commands of a file
LONGEST_SHOWN = 160  # characters
_QUOTES = "\"'`"
_WORD = re.compile(r"[a-z][a-z0-9-]*")

NAMES: Mapping[frozenset[str], str] = {
    frozenset(words.split()): name
    for name, spellings in {
        "org create scratch": ("org create scratch", "org create", "env create scratch"),
        "project deploy start": (
            "project deploy start", "source push", "source deploy", "project deploy",
            "deploy metadata",
        ),
        "deploy metadata dir": ("mdapi deploy",),
        "org assign permset": ("org assign permset", "user permset assign"),
        "org assign permsetlicense": ("org assign permsetlicense", "user permsetlicense assign"),
        "data import tree": ("data import tree", "data import beta tree"),
        "data import bulk": ("data import bulk",),
        "data upsert bulk": ("data upsert bulk",),
        "apex run": ("apex run", "apex execute"),
        "package install": ("package install", "package beta install", "package1 install"),
        "sfdmu run": ("sfdmu run",),
        "org create user": ("org create user", "user create"),
    }.items()
    for words in spellings
}  # fmt: skip
"""The words of a command's name, in any order → its name today."""

TESTS = (frozenset({"apex", "test"}), frozenset({"lightning", "lwc", "test"}))
DONE_BY_BUILD = tuple(
    frozenset(words.split())
    for words in (
        "org login", "auth", "org delete", "org logout", "config", "org open", "org display",
        "org list", "plugins", "version", "alias", "limits", "info", "help", "update", "doctor",
        "org resume scratch", "project deploy report", "project deploy resume", "which", "commands",
        "package version", "package create", "package list", "project convert", "source convert",
        "project retrieve", "source retrieve", "source pull", "project generate", "mdapi retrieve",
        "project delete tracking", "project reset tracking", "source tracking", "data query",
        "project list", "analytics generate", "scanner", "code-analyzer", "user display",
        "project deploy preview", "project deploy validate", "org generate password",
        "user password generate", "apex get", "apex log", "apex tail", "data export",
        "package promote", "package report", "project generate manifest", "package installed",
    )
)  # fmt: skip
"""Commands without which a pool has the same orgs: they log in, read, report, open or delete."""


@dataclass(frozen=True)
class Command:
    """One command, and where it is written."""

    file: str
    line: int
    words: frozenset[str]  # of its name
    arguments: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """The name of the command today, or "" for one that has no counterpart."""
        return NAMES.get(self.words, "")

    @property
    def is_test(self) -> bool:
        """Whether it runs tests."""
        return any(self.words >= words for words in TESTS)

    @property
    def is_done_by_build(self) -> bool:
        """Whether an org of a pool is the same without it."""
        return not self.name and any(self.words >= words for words in DONE_BY_BUILD)

    @property
    def where(self) -> str:
        """`FILE:LINE`."""
        return f"{self.file}:{self.line}"

    def option(self, *names: str) -> str:
        """The value of an option, by any of its names, or ""."""
        return next(iter(self.options(*names)), "")

    def options(self, *names: str) -> list[str]:
        """The values of an option that may be given several times or as a list with commas."""
        found = []
        for index, word in enumerate(self.arguments):
            name, has_value, value = word.partition("=")
            if name in names:
                found += [value] if has_value else [*self.arguments[index + 1 : index + 2]]
        return [part.strip() for value in found for part in value.split(",") if part.strip()]


def commands_in(text: str, file: str, first_line: int = 1) -> Iterator[Command]:
    """The commands in a text, in order; at most MOST."""
    return islice(_commands(text, file, first_line), MOST)


def _commands(text: str, file: str, first_line: int) -> Iterator[Command]:
    for lines in _joined(text, first_line):
        whole = " ".join(line for _, line in lines)
        if _COMMENT.match(whole):
            continue
        starts = list(accumulate((len(line) + 1 for _, line in lines), initial=0))
        matches = list(_COMMAND.finditer(whole))
        ends = [match.start() for match in matches[1:]] + [len(whole)]
        for match, end in zip(matches, ends, strict=False):
            number, _ = lines[bisect_right(starts, match.start()) - 1]
            rest = whole[match.end() : min(end, match.end() + LONGEST)]
            quote = whole[max(match.start() - 1, 0)]
            if quote in _QUOTES:  # the command is in a text: it ends with that
                rest = re.split(rf"(?<!\\){quote}", rest, maxsplit=1)[0]
            if command := _command(rest, file, number):
                yield command


def _joined(text: str, first_line: int) -> Iterator[list[tuple[int, str]]]:
    """The lines with their numbers; a line and those that continue it are one item."""
    parts: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), first_line):
        continued = _CONTINUED.search(line.rstrip("\r"))
        parts.append((number, line[: continued.start()] if continued else line.rstrip("\r")))
        if not continued:
            yield parts
            parts = []
    if parts:
        yield parts


def _command(rest: str, file: str, line: int) -> Command | None:
    end = _END.search(rest)
    text = (rest[: end.start()] if end else rest).replace('\\"', '"').strip().rstrip("`,;").strip()
    words = _split(_EXPRESSION.sub(lambda match: "".join(match[0].split()), text))
    named = list(takewhile(_is_name, words))
    parts = [part for word in named for part in word.split(":")]
    if not parts:
        return None
    name = frozenset(part for part in parts if part != "force")
    return Command(file, line, name, tuple(words[len(named) :]), f"sf {_shown(text)}")


def _shown(text: str) -> str:
    """A command for messages: short, and without an installation key."""
    masked = _KEY.sub(r"\1***", text)
    return masked if len(masked) <= LONGEST_SHOWN else f"{masked[: LONGEST_SHOWN - 1]}…"


def _is_name(word: str) -> bool:
    return all(_WORD.fullmatch(part) for part in word.split(":"))


def _split(text: str) -> list[str]:
    """The words of a command; a path with backslashes keeps them as slashes."""
    try:
        return shlex.split(text.replace("\\", "/"))
    except ValueError:
        return text.rstrip(_QUOTES).split()
