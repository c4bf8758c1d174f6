"""`replacements` of sfdx-project.json: text that is replaced in the files of the package.

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
from provisioner.source.problems import Findings, Refusal, WarningKind
from provisioner.source.project import FILE, LineFinder
from provisioner.source.tree import Tree

_READ = 1 << 16  # the official converter reads files in pieces of this size and replaces in each
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
    """One entry: which files, the text to replace, and the new text."""

    entry: Mapping[str, Any]
    tree: Tree
    environ: Mapping[str, str]
    line: int
    number: int = 0

    def concerns(self, path: str) -> bool:
        """Whether it applies to a file: the path ends with `filename`, or matches `glob`."""
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
        """The text or expression to replace. Raises Refusal."""
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
        """The new text. Raises Refusal."""
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
            raise self._refusal(
                "ReplacementsFileNotReadError", f"{written} leads out of the project"
            )
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
    """All entries whose conditions the environment meets."""

    def __init__(
        self,
        entries: Sequence[Any],
        tree: Tree,
        environ: Mapping[str, str],
        findings: Findings,
        lines: LineFinder,
        hidden: Collection[str] = (),
    ) -> None:
        """`hidden` are the variables that contain secrets: an entry that names one is a problem."""
        self._findings = findings
        self._rules = [
            Rule(entry, tree, environ, _line(entry, lines), number)
            for number, entry in enumerate(entries)
            if isinstance(entry, dict)
            and not self._refuse_secrets(entry, hidden, _line(entry, lines))
            and _holds(entry, environ)
        ]
        self.used: set[int] = set()
        """The indexes of the entries that were applied."""

    def _refuse_secrets(
        self, entry: Mapping[str, Any], hidden: Collection[str], line: int
    ) -> list[str]:
        """The variables of an entry that contain secrets; each is added as a problem."""
        found = [name for name in _variables(entry) if name in hidden]
        for name in found:
            self._findings.refuse(
                "SecretVariable",
                FILE,
                f"replacements: the variable {name} contains a secret, which must not get into an "
                "org's metadata; use another variable",
                line,
            )
        return found

    def concerns(self, path: str) -> bool:
        """Whether any entry applies to a file."""
        return bool(self._rules) and any(rule.concerns(path) for rule in self._rules)

    def whole(self, path: str, data: bytes) -> bytes:
        """The bytes of a file that is parsed. Raises Refusal."""
        rules = self._for(path)
        return _encoded(self._replaced(_decoded(data), rules)) if rules else data

    def copied(self, path: str, data: bytes) -> bytes:
        """The bytes of a file that is copied; binary files are unchanged. Raises Refusal."""
        rules = self._for(path)
        for rule in rules:
            _ = rule.value, rule.pattern  # required even for a file that is not changed
        if not rules or not is_text(path, data):
            return data
        text = "".join(self._replaced(piece, rules) for piece in pieces(data))
        if text != self._replaced(_decoded(data), rules):
            self._findings.warn(
                WarningKind.SPLIT_REPLACEMENT,
                path,
                "a replacement was not applied across the end of a piece",
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
        """Warn of entries that found nothing, after everything was written."""
        for rule in self._rules:
            if rule.number not in self.used:
                where = rule.entry.get("filename") or rule.entry.get("glob")
                self._findings.warn(
                    WarningKind.UNUSED_REPLACEMENT,
                    FILE,
                    f"the replacement in {where} found nothing",
                    rule.line,
                )


def _line(entry: object, lines: LineFinder) -> int:
    where = (entry.get("filename") or entry.get("glob")) if isinstance(entry, dict) else entry
    return lines.line(where, "replacements")


def _variables(entry: Mapping[str, Any]) -> list[str]:
    """The environment variables that an entry uses, also in its conditions."""
    conditions: Iterable[Mapping[str, Any]] = entry.get("replaceWhenEnv") or ()
    return [
        str(name)
        for name in (entry.get("replaceWithEnv"), *(one.get("env") for one in conditions))
        if name is not None
    ]


def _holds(entry: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether the environment meets all conditions of `replaceWhenEnv`."""
    conditions: Iterable[Mapping[str, Any]] = entry.get("replaceWhenEnv") or ()
    return all(environ.get(str(one.get("env"))) == _text(one.get("value")) for one in conditions)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def pieces(data: bytes) -> Iterator[str]:
    """The pieces in which text is replaced separately: each ends at a line end.

    The official converter damages a character that spans two pieces; this does not.
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
    """By the extension, or by the first bytes: no NUL, at most a tenth other control characters."""
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
