"""Texts from outside are made harmless in one place, and nothing is shown by another way."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.output import Output, table
from provisioner.plain_text import cell, shown, visible
from tests.proof.evil_text import EVIL, harm_in

ROOT = Path(__file__).parents[2] / "provisioner"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, Zoë, 日本語, 👩‍🚀 and\ttab", "plain, Zoë, 日本語, 👩‍🚀 and\ttab"),
        ("\x1b[2J\x9b1m\x7f\x00\r", "\\x1b[2J\\x9b1m\\x7f\\x00\\x0d"),
        ("a\u202eb\u2066c\u2028d\u200fe", "a\\u202eb\\u2066c\\u2028d\\u200fe"),
        ("\ud800 \udcff \U000e0041", "\\ud800 \\udcff \\U000e0041"),
        ("one\ntwo\n", "one\n  | two"),
        ("::error::x", "\\::error::x"),
        (" \t::error::x", " \t\\::error::x"),
        ("a::b ## c", "a::b ## c"),
        ("a ##[set-output]b ##VSO[x]", "a #\\#[set-output]b #\\#VSO[x]"),
    ],
)
def test_control_characters_are_escaped_and_other_text_is_kept(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_cell_is_one_line() -> None:
    assert cell("a\nb\n::c\x1b") == "a b ::c\\x1b"


def test_stored_text_keeps_its_lines() -> None:
    assert visible("a\n\tb\x00") == "a\n\tb\\x00"


def test_no_method_of_output_prints_control_characters() -> None:
    out, err = io.StringIO(), io.StringIO()
    said = Output(out=out, err=err, environ={})
    for say in (said.say, said.warn, said.hint, said.line):
        say(EVIL)
    said.error(EVIL, hint=EVIL)
    said.result(EVIL, None)
    said.result([EVIL, "", EVIL], None)
    said.result(table([EVIL.split("\n")[0]], [[EVIL], [EVIL]]), None)
    assert list(harm_in(out.getvalue() + err.getvalue())) == []


@pytest.mark.parametrize("text", [EVIL, "\ud800", "\udc00\ud800", "\\ud800 \\\\ud800 😀 ##"])
def test_json_keeps_every_text_and_is_plain_ascii(text: str) -> None:
    out = io.StringIO()
    Output(out=out, as_json=True, environ={}).result("", {text: [text]})
    document = out.getvalue()
    assert list(harm_in(document)) == []
    assert document.isascii()
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert json.loads(document) == {expected: [expected]}


OUTLETS = re.compile(
    r"print|typer\.secho|typer\.echo|.*\.print|.*std(out|err)\.write|.*\.print_exc|Console"
)


def calls_in(tree: ast.Module, pattern: re.Pattern[str]) -> Iterator[ast.Call]:
    """The calls of functions with such names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and pattern.fullmatch(ast.unparse(node.func)):
            yield node


@pytest.mark.slow
def test_output_goes_through_one_module_and_rich_gets_plain_text() -> None:
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        ways = {ast.unparse(call.func) for call in calls_in(tree, OUTLETS)}
        if ways and not name.startswith("emulator/"):
            found[name] = ways
            for call in calls_in(tree, re.compile(r"Text(\.assemble)?")):
                is_constant = all(isinstance(argument, ast.Constant) for argument in call.args)
                assert is_constant or {"cell", "shown"} & names_in(call), ast.unparse(call)
    assert found == {
        "output.py": {"Console"},
        "__main__.py": {"sys.stdout.write"},  # the version, before anything is imported
        "report/live_view.py": {"self._console.print"},
    }


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
