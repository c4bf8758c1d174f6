"""The snippets of docs/login.md; scripts/clients runs some of them, too."""

from __future__ import annotations

import re

from tests.login.command import ROOT

PAGE = ROOT / "docs" / "login.md"


def section(title: str) -> str:
    """The text below one heading of the page."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def snippet(title: str, language: str, number: int = 0) -> str:
    """The code of one section, the first or a later one of a language."""
    return snippets(title, language)[number]


def snippets(title: str, language: str) -> list[str]:
    """All code of one section in a language."""
    return code_blocks(section(title), language)


def code_blocks(text: str, language: str) -> list[str]:
    """All code of a text in a language; that of a list item without its indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]
