"""The text between the braces of FIND → a test of texts: words, phrases, wildcards, operators.

Source: "FIND {SearchQuery}" in the SOQL and SOSL Reference. Words are compared in any case. They
end at white space, punctuation, and where letters become digits or a capital begins: `Sample`
finds `SampleAccount2` (a test of plugin-data).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from provisioner.emulator.errors import ApiError
from provisioner.emulator.soql.text_literals import like_pattern

Matches = Callable[["Words"], bool]

_ITEM = re.compile(
    r'\s*(?:(?P<mark>[()])|"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?:[^\s()"\\]|\\.)+))'
)
_WORD = re.compile(r"[^\W_]+")
_BOUNDARY = "\n"
_PIECE = re.compile(r"(?:[^\W_]|[*?])+")
_DEEPEST = 30


@dataclass(frozen=True)
class Words:
    """A text as a search reads it: its words, and the parts of its words."""

    whole: Sequence[str]
    parts: Sequence[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        """The words of texts, in lower case; a phrase does not go from one text to the next."""
        found = [word for text in texts for word in (*_WORD.findall(text), _BOUNDARY)]
        parts = [part.lower() for word in found for part in _parts(word)]
        return cls([word.lower() for word in found], parts)


def find_test(term: str) -> Matches:
    """The test that a search term makes. Raises ApiError (INVALID_SEARCH, MALFORMED_SEARCH)."""
    reader = _Reader(term, _items(term))
    if sum(map(len, reader.literals())) < 2:
        text = f"search term must be longer than one character: {term}"
        raise ApiError(400, "INVALID_SEARCH", text)
    test = reader.either()
    if reader.items:
        raise reader.refuse()
    return test


@dataclass
class _Item:
    kind: str  # mark, phrase or word
    text: str


@dataclass
class _Reader:
    """Reads a term by its precedence: parentheses, AND and AND NOT, OR."""

    term: str
    items: list[_Item]
    depth: int = field(default=0)

    def literals(self) -> list[str]:
        """The characters that are searched for."""
        words = [one for one in self.items if one.kind != "mark" and not _operator(one)]
        return [piece.strip("*?") for one in words for piece in _PIECE.findall(_plain(one.text))]

    def either(self) -> Matches:
        """Terms with OR between them."""
        tests = [self._all()]
        while self._take("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda words: any(one(words) for one in tests)

    def _all(self) -> Matches:
        """Terms with AND, AND NOT or nothing between them."""
        tests = [self._single()]
        while self.items and not _closes(self.items[0]) and _operator(self.items[0]) != "OR":
            if self._take("AND") and self._take("NOT"):
                tests.append(_negated(self._single()))
            else:
                tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda words: all(one(words) for one in tests)

    def _single(self) -> Matches:
        if not self.items or _operator(self.items[0]):
            raise self.refuse()
        item = self.items.pop(0)
        if item.kind != "mark":
            return _sequence(item)
        self.depth += 1
        if item.text != "(" or self.depth > _DEEPEST:
            raise self.refuse()
        inner = self.either()
        if not self.items or not _closes(self.items[0]):
            raise self.refuse()
        self.items.pop(0)
        self.depth -= 1
        return inner

    def _take(self, word: str) -> bool:
        if self.items and _operator(self.items[0]) == word:
            self.items.pop(0)
            return True
        return False

    def refuse(self) -> ApiError:
        """MALFORMED_SEARCH at the next item."""
        token = self.items[0].text if self.items else "<EOF>"
        return ApiError(400, "MALFORMED_SEARCH", f"unexpected token: '{token}'")


def _items(term: str) -> list[_Item]:
    items, position, term = [], 0, term.rstrip()
    while position < len(term):
        match = _ITEM.match(term, position)
        if match is None:
            text = f"unexpected token: '{term[position:].strip()[0]}'"
            raise ApiError(400, "MALFORMED_SEARCH", text)
        assert match.lastgroup is not None
        item = _Item(match.lastgroup, match[match.lastgroup])
        if item.kind == "mark" or _PIECE.search(_plain(item.text)):
            items.append(item)  # punctuation alone is no word
        position = match.end()
    return items


def _closes(item: _Item) -> bool:
    return item.kind == "mark" and item.text == ")"


def _operator(item: _Item) -> str:
    """AND, OR or NOT where a word is one of them; in quotes they are words."""
    word = item.text.upper() if item.kind == "word" else ""
    return word if word in ("AND", "OR", "NOT") else ""


def _negated(test: Matches) -> Matches:
    return lambda words: not test(words)


def _sequence(item: _Item) -> Matches:
    """A word or a phrase: its pieces follow each other, as words or as parts of words."""
    pieces = [one.lstrip("*?") for one in _PIECE.findall(_plain(item.text))]
    pieces = [one for one in pieces if one]
    whole = [_test(piece) for piece in pieces]
    parts = [_test(part) for piece in pieces for part in _parts(piece)]
    return lambda words: (
        bool(whole)
        and (
            _follow(whole, words.whole)
            or _follow(whole, words.parts)
            or _follow(parts, words.parts)
        )
    )


def _plain(text: str) -> str:
    """A text without escapes: an escaped character is punctuation, never a wildcard."""
    return re.sub(r"\\(.)", lambda match: match[1] if match[1].isalnum() else " ", text, flags=re.S)


def _parts(word: str) -> list[str]:
    """`SampleAccount2` → `Sample`, `Account`, `2`; a word with wildcards is one part."""
    if "*" in word or "?" in word:
        return [word]
    return re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|[A-Z]", word) or [word]


@lru_cache(maxsize=1024)
def _test(piece: str) -> Callable[[str], bool]:
    """The test of one word; `*` is any run of characters, `?` one."""
    if "*" not in piece and "?" not in piece:
        wanted = piece.lower()
        return lambda word: word == wanted
    pattern = like_pattern("'" + piece.replace("*", "%").replace("?", "_") + "'")
    return lambda word: pattern.fullmatch(word) is not None


def _follow(tests: Sequence[Callable[[str], bool]], words: Sequence[str]) -> bool:
    """Whether the tests fit words that follow each other."""
    return any(
        all(test(words[start + offset]) for offset, test in enumerate(tests))
        for start in range(len(words) - len(tests) + 1)
    )
