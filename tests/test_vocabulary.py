"""Code and documents use the words of docs/glossary.md, not those that they have replaced.

Identifiers, docstrings, comments and texts of the code are read, and all documents. An old word is
reported with its file, its line and the word to write. Exceptions are in `ALLOWED`, with reasons.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("provisioner", "tests", "docs", "scripts", ".ci")
SUFFIXES = {".py", ".md", ".yaml", ".toml", ".js", ""}

EVERYWHERE = {
    "rungs?|ladders?": "login endpoint",
    "patience|patient": "retry budget, timeout",
    "condemn(s|ed|ing)?": "mark for deletion",
    "aliens?": "orphan",
    "doubtful": "unconfirmed",
    "oddit(y|ies)": "warning",
    "prolong(s|ed|ing)?": "extend",
    "suffic(e|es|ed)": "match, be enough",
    "(un)?stamp(s|ed|ing)?": "ownership tag",
    "living": "active",
    "gates?": "circuit breaker",
    "(die|dies|died|dying)": "expire, end, be killed",
    "spots?": "location",
    "pace": "time scale",
    "look(s|ed|ing)?": "poll, read, check",
    "told": "reported, translated",
    "in passing": "transient",
    "under way": "in progress, pending",
    "go(es)?[ _]on": "continue, resume",
    "nobody knows": "it is unknown",
    "stands?|stood": "is",
    "mend(s|ed|ing)?": "fix, repair",
}
"""Old words as regular expressions of whole words, and what to write instead."""

NAMES = {
    "said": "message, output",
    "tell(s|ing)?": "report, translate, message",
    "places?": "location",
    "begins?": "start",
    "proofs?|proves?|proven|proving": "verification, verify",
    "nights?": "build, run",
    "untold": "unreported",
}
"""Words that are ordinary English in a sentence, and old words in a name of the package."""

ALLOWED = {
    ("", r"(?i)look(s|ed|ing)?[ _](\w+ ){0,3}up(?![a-z])"): "to look something up",
    ("", r"(?i)look(s|ed)?[ _]like"): "to look like something",
    ("", r"(?i)\bstands? (for|in|still)\b|\bstand-ins?\b"): "other meanings of to stand",
    ("docs/glossary.md", r"Older words?:.*|\| [^|]+ \| [^|]+ \|$"): "notes about older words",
    ("provisioner/api.py", r"\bpace\b"): "an older parameter that is accepted",
    ("tests/api/test_api.py", r"pace="): "an older parameter that is accepted",
    ("provisioner/cli/", "--pace"): "an older option that is accepted",
    ("provisioner/cli/reap.py", r'"aliens?"'): "keys of the JSON of `reap`",
    ("provisioner/cli/status.py", "prove"): "the parameter of --prove",
    ("provisioner/", "(?i)prove_after"): "a key of pool.yaml",
    ("provisioner/ledger/base.py", "proven_at"): "a column of the ledger",
    ("provisioner/salesforce/bounded.py", "begin"): "a method of http.client",
    ("provisioner/salesforce/key_text.py", "BEGIN"): "the first line of a PEM text",
}
"""Exceptions: the start of a file's path and a regular expression, and the reason."""

PENDING: tuple[str, ...] = ()
"""Folders that still have old words. Remove a folder from this list when its words are replaced."""

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Finding:
    """An old word in a line of a file."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: write '{self.instead}' in place of '{self.word}'"


Rules = dict[re.Pattern[str], str]


def compiled(rules: dict[str, str]) -> Rules:
    return {re.compile(rf"(?<![a-z])(?:{word})(?![a-z])"): new for word, new in rules.items()}


def files() -> dict[str, str]:
    """The texts of the code and the documents by path, this file left out."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [*ROOT.glob("*.md"), ROOT / "pool.yaml", ROOT / "pyproject.toml"]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(found)
        if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__)
    }


def findings(path: str, text: str) -> list[Finding]:
    """The old words of one file."""
    lines = list(enumerate(text.splitlines(), start=1))
    found = [one for number, line in lines for one in old_words(path, number, line, ANYWHERE)]
    if path.startswith("provisioner/") and path.endswith(".py"):
        found += [
            one for number, name in names(text) for one in old_words(path, number, name, IN_NAMES)
        ]
    return found


def old_words(path: str, number: int, text: str, rules: Rules) -> Iterator[Finding]:
    for allowed in exceptions(path):
        text = allowed.sub("", text)
    words = _CAMEL_CASE.sub("_", text).lower()
    for pattern, instead in rules.items():
        for match in pattern.finditer(words):
            yield Finding(path, number, match[0], instead)


def exceptions(path: str) -> list[re.Pattern[str]]:
    return [pattern for start, pattern in EXCEPTIONS if path.startswith(start)]


def names(code: str) -> Iterator[tuple[int, str]]:
    """The names that a module defines, with their lines."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


ANYWHERE, IN_NAMES = compiled(EVERYWHERE), compiled(NAMES)
EXCEPTIONS = [(start, re.compile(pattern)) for start, pattern in ALLOWED]


@pytest.mark.slow
def test_no_file_uses_an_old_word() -> None:
    found = [
        one
        for path, text in files().items()
        if not path.startswith(PENDING)
        for one in findings(path, text)
    ]

    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("exception", ALLOWED, ids=lambda one: " ".join(one))
def test_each_exception_is_needed(exception: tuple[str, str]) -> None:
    start, pattern = exception
    texts = [text for path, text in files().items() if path.startswith(start)]

    assert any(re.search(pattern, line) for text in texts for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("def look_at_it() -> None: ...", "look"),
        ("class LoginLadder: ...", "ladder"),
        ("# waits with patience", "patience"),
        ('raise Error("the org died")', "died"),
        ("def night() -> None: ...", "night"),
    ],
)
def test_an_old_word_is_found_in_names_comments_and_texts(text: str, word: str) -> None:
    [found] = findings("provisioner/example.py", f"\n{text}\n")

    assert (found.line, found.word) == (2, word)
    assert str(found).startswith("provisioner/example.py:2: write '")


@pytest.mark.parametrize(
    "text",
    ["# looked up in the ledger", "# a stand-in for the CLI", "investigate = delegate(updates)"],
)
def test_other_meanings_and_parts_of_words_are_no_findings(text: str) -> None:
    assert findings("provisioner/example.py", text) == []
