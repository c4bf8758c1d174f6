"""`replacements` of sfdx-project.json: texts exchanged on the way into the package.

Patterns and values are JavaScript's; see `javascript`.
Source: docs/reference/source-format.md#replacements.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provisioner.input_file import TEXT
from provisioner.source.component import extension
from provisioner.source.problems import Findings, Oddity, Refusal
from provisioner.source.project import FILE, LineFinder
from provisioner.source.tree import Tree

_READ = 1 << 16  # officially files are read in pieces of this size, and replaced piece by piece
_TEXT_EXTENSIONS = frozenset({"cls", "xml", "json", "js", "css", "html", "htm", "txt", "md"})
_TASTED = 512
_BYTE_ORDER_MARKS = (
    b"\xef\xbb\xbf",
    b"\0\0\xfe\xff",
    b"\xff\xfe",
    b"\x84\x31\x95\x33",
    b"\xfe\xff",
)
_TEXT_BYTES = re.compile(
    rb"[\x07-\x0e\x20-\x7f]|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}"
)


@dataclass(eq=False)
class Rule:
    """One entry: in which files, what, by what."""

    entry: Mapping[str, Any]
    tree: Tree
    environ: Mapping[str, str]
    line: int
    number: int = 0

    def concerns(self, path: str) -> bool:
        """Whether a file is meant: its path ends with `filename`, or `glob` fits it."""
        filename = self.entry.get("filename")
        if isinstance(filename, str) and f"/{path}".endswith(filename):
            return True
        return bool(self._glob and self._glob.fullmatch(path))

    @cached_property
    def _glob(self) -> re.Pattern[str] | None:
        from provisioner.source.glob import GlobError, glob_expression

        glob = self.entry.get("glob")
        if not isinstance(glob, str):
            return None
        try:
            return re.compile(glob_expression(f"**/{glob}"))
        except (GlobError, re.error) as error:
            raise self._refusal("ConversionError", f"the glob {glob[:80]}: {error}") from None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What is replaced. Raises Refusal."""
        from provisioner.source.javascript import expression

        literal = self.entry.get("stringToReplace")
        if isinstance(literal, str):
            return re.compile(re.escape(literal))
        written = str(self.entry.get("regexToReplace", ""))
        try:
            return re.compile(expression(written), re.ASCII)
        except re.error as error:
            raise self._refusal("ConversionError", f"the regex {written!r}: {error.msg}") from None

    @cached_property
    def value(self) -> str:
        """By what it is replaced. Raises Refusal."""
        name = self.entry.get("replaceWithEnv")
        if not isinstance(name, str):
            return self._file(str(self.entry.get("replaceWithFile", "")))
        if name in self.environ:
            return self.environ[name]
        if self.entry.get("allowUnsetEnvVariable"):
            return ""
        raise self._refusal("ConversionError", f"the environment variable {name} is not set")

    def _file(self, written: str) -> str:
        path = written.removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            raise self._refusal("ReplacementsFileNotReadError", f"{written} leads out of it")
        try:
            text = self.tree.read_checked(path, TEXT).decode("utf-8", "replace").strip()
        except OSError as error:
            raise self._refusal(
                "ReplacementsFileNotReadError",
                f"{written} cannot be read: {error.strerror or error}",
            ) from None
        if not text:
            raise self._refusal("ReplacementsFileNotReadError", f"{written} is empty")
        return text

    def _refusal(self, name: str, message: str) -> Refusal:
        return Refusal(name, FILE, f"replacements: {message}", self.line)

    def apply(self, text: str) -> str:
        """The text with all occurrences replaced. Raises Refusal."""
        from provisioner.source.javascript import expand

        value = self.value
        return self.pattern.sub(lambda match: expand(match, value), text)


class Replacements:
    """All entries that the environment lets hold."""

    def __init__(
        self,
        entries: Sequence[Any],
        tree: Tree,
        environ: Mapping[str, str],
        findings: Findings,
        lines: LineFinder,
        hidden: Collection[str] = (),
    ) -> None:
        """`hidden` are the variables that hold secrets: an entry that names one is refused."""
        self._findings = findings
        self._rules = [
            Rule(entry, tree, environ, _line(entry, lines), number)
            for number, entry in enumerate(entries)
            if isinstance(entry, dict)
            and not self._refuse_secrets(entry, hidden, _line(entry, lines))
            and _holds(entry, environ)
        ]
        self.used: set[int] = set()
        """The numbers of the entries that found something."""

    def _refuse_secrets(
        self, entry: Mapping[str, Any], hidden: Collection[str], line: int
    ) -> list[str]:
        """The variables of an entry that hold secrets, each of them a problem."""
        found = [name for name in _variables(entry) if name in hidden]
        for name in found:
            self._findings.refuse(
                "SecretVariable",
                FILE,
                f"replacements: the variable {name} holds a secret, which must not get into an "
                "org's metadata; take another variable",
                line,
            )
        return found

    def concerns(self, path: str) -> bool:
        """Whether any entry is meant for a file."""
        return bool(self._rules) and any(rule.concerns(path) for rule in self._rules)

    def whole(self, path: str, data: bytes) -> bytes:
        """The bytes of a file that is taken apart. Raises Refusal."""
        rules = self._for(path)
        return _encoded(self._replaced(_decoded(data), rules)) if rules else data

    def copied(self, path: str, data: bytes) -> bytes:
        """The bytes of a file that is copied; binary ones stay as they are. Raises Refusal."""
        rules = self._for(path)
        for rule in rules:
            _ = rule.value, rule.pattern  # demanded even by a file that is not touched
        if not rules or not is_text(path, data):
            return data
        text = "".join(self._replaced(piece, rules) for piece in pieces(data))
        if text != self._replaced(_decoded(data), rules):
            self._findings.warn(
                Oddity.SPLIT_REPLACEMENT, path, "a replacement is left undone at a border of pieces"
            )
        return _encoded(text)

    def _for(self, path: str) -> list[Rule]:
        return [rule for rule in self._rules if rule.concerns(path)]

    def _replaced(self, text: str, rules: Sequence[Rule]) -> str:
        for rule in rules:
            before, text = text, rule.apply(text)
            if text != before:
                self.used.add(rule.number)
        return text

    def warn_of_unused(self) -> None:
        """Note the entries that found nothing, once everything has been written."""
        for rule in self._rules:
            if rule.number not in self.used:
                where = rule.entry.get("filename") or rule.entry.get("glob")
                self._findings.warn(
                    Oddity.UNUSED_REPLACEMENT,
                    FILE,
                    f"the replacement in {where} found nothing",
                    rule.line,
                )


def _line(entry: object, lines: LineFinder) -> int:
    where = (entry.get("filename") or entry.get("glob")) if isinstance(entry, dict) else entry
    return lines.line(where, "replacements")


def _variables(entry: Mapping[str, Any]) -> list[str]:
    """The variables of the environment that an entry reads or asks about."""
    conditions: Iterable[Mapping[str, Any]] = entry.get("replaceWhenEnv") or ()
    return [
        str(name)
        for name in (entry.get("replaceWithEnv"), *(one.get("env") for one in conditions))
        if name is not None
    ]


def _holds(entry: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether each of `replaceWhenEnv` is so in the environment."""
    conditions: Iterable[Mapping[str, Any]] = entry.get("replaceWhenEnv") or ()
    return all(environ.get(str(one.get("env"))) == _text(one.get("value")) for one in conditions)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def pieces(data: bytes) -> Iterator[str]:
    """The pieces that are replaced on their own: reads, each up to its last line end.

    Officially a character between two reads is damaged; here it is not.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    rest = ""
    for at in range(0, len(data), _READ):
        rest += decoder.decode(data[at : at + _READ], final=at + _READ >= len(data))
        end = rest.rfind("\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def is_text(path: str, data: bytes) -> bool:
    """By the extension, or by the first bytes: at most a tenth of them odd, none of them NUL."""
    if extension(path) in _TEXT_EXTENSIONS or not data or data.startswith(_BYTE_ORDER_MARKS):
        return True
    start = data[:_TASTED]
    if start.startswith(b"%PDF-") or 0 in start:
        return False
    return len(_TEXT_BYTES.sub(b"", start)) * 10 <= len(start)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
