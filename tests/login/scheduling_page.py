"""The recipes of docs/scheduling.md, with the paths of a test in place of those of a server."""

from __future__ import annotations

import configparser
from pathlib import Path

from tests.login.command import ROOT
from tests.login.page import code_blocks

PAGE = ROOT / "docs" / "scheduling.md"


def recipes(language: str) -> list[str]:
    """All code of the page in a language."""
    return code_blocks(PAGE.read_text(encoding="utf-8"), language)


def at(text: str, pools: Path, commands: Path) -> str:
    """A recipe for the folder `pools` and the programs in `commands`."""
    return text.replace("/srv/pools", str(pools)).replace("/srv/provisioner/bin", str(commands))


def unit(number: int) -> configparser.RawConfigParser:
    """A unit of systemd; no key is there twice."""
    found = configparser.RawConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(recipes("ini")[number])
    return found
