"""JavaScript's regular expressions, replacement patterns and globs, and what counts as text."""

from __future__ import annotations

import re

import pytest

from provisioner.source.glob import glob_expression
from provisioner.source.javascript import expand, expression
from provisioner.source.replacements import is_text, pieces


@pytest.mark.parametrize(
    ("pattern", "text", "value", "expected"),
    [
        ("b", "abc", "x$&y$$z", "axby$zc"),
        ("b", "abc", "[$`|$']", "a[a|c]c"),
        ("(a)(b)?", "a", "$1-$2-$3-$0", "a--$3-$0"),
        ("(?<who>b)", "abc", "<$<who>>", "a<b>c"),
        ("b", "abc", "$<who>", "a$<who>c"),
        ("(b)", "abc", "$10$01", "ab0bc"),
        (r"\bx\b", "x xy \u00e9x", "-", "- xy \u00e9-"),  # word borders are ASCII's
        (r"\d", "1\u0661", "-", "-\u0661"),
        (r"a\sb", "a\ufeffb a\u00a0b", "-", "- -"),
        (r"^a.b$", "a\rb", "-", "a\rb"),  # the dot stops at any line end
        (r"b$", "b\n", "-", "b\n"),  # the dollar is the very end
        (r"[\]a]", "]ab", "-", "--b"),
        (r"[^]", "a\n", "-", "--"),
        (r"a\/b", "a/b", "-", "-"),
        (r"(?<q>['\"])x\k<q>", "'x'", "-", "-"),
    ],
)
def test_a_regular_expression_means_what_it_means_in_javascript(
    pattern: str, text: str, value: str, expected: str
) -> None:
    compiled = re.compile(expression(pattern), re.ASCII)
    assert compiled.sub(lambda match: expand(match, value), text) == expected


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**/*.cls", "a/b/C.cls", True),
        ("**/*.cls", "C.cls", True),
        ("**/*.cls", "a/.hidden/C.cls", False),
        ("**/*.cls", "a/.C.cls", False),
        ("**/a/**", "x/a/b/c", True),
        ("**/{A,B{1,2}}.cls", "x/B2.cls", True),
        ("**/{A}.cls", "x/A.cls", False),
        ("**/[AB].cls", "B.cls", True),
        ("**/[!AB].cls", "B.cls", False),
        ("**/?.cls", "C.cls", True),
        ("**/@(A|B).cls", "B.cls", True),
        ("**/!(A).cls", "B.cls", True),
        ("**/!(A).cls", "A.cls", False),
        ("**/a*c", "abc", True),
        ("**/a*c", "ab/c", False),
        ("**/x{1..3}", "x2", True),
    ],
)
def test_a_glob_fits_what_it_fits_in_minimatch(glob: str, path: str, fits: bool) -> None:
    assert bool(re.fullmatch(glob_expression(glob), path)) is fits


def test_pieces_end_at_line_ends_and_split_no_character() -> None:
    text = "a" * 65_535 + "\u00e4\nb\nrest"
    assert list(pieces(text.encode())) == [text[: text.rindex("\n") + 1], "rest"]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.cls", b"\0", True),
        ("a.bin", b"\0", False),
        ("a", b"plain text", True),
        ("a", "\u00e4\u00f6\u00fc \u65e5\u672c".encode(), True),
        ("a", b"%PDF-1.4", False),
        ("a", b"\xff\xfea\0", True),
        ("a", b"\x01\x02\x03abcdefg", False),
        ("a", b"", True),
    ],
)
def test_text_is_known_by_its_name_or_first_bytes(name: str, data: bytes, expected: bool) -> None:
    assert is_text(name, data) is expected
