"""Citations can be followed: each names a page of docs/reference/ and a heading that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"

_CITATION = re.compile(r"docs/reference/([\w-]+\.md)(?:#([\w-]+))?")
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TEXTS = {".py", ".md", ".yaml", ".toml", ".txt", ".xml", ""}


def texts() -> Iterator[tuple[Path, str]]:
    """All texts of the project in which a citation may be, this file left out."""
    folders = ("provisioner", "tests", "docs", "scripts")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    for path in sorted([*found, *ROOT.glob("*.md")]):
        if path.is_file() and path.suffix in _TEXTS and path != Path(__file__):
            yield path, path.read_text(encoding="utf-8", errors="replace")


def anchors(page: Path) -> set[str]:
    """What may follow `#` in a link to a page: its headings, as GitHub writes them."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def test_no_citation_names_a_section_of_a_file_that_is_not_here() -> None:
    found = [str(path.relative_to(ROOT)) for path, text in texts() if "\N{SECTION SIGN}" in text]
    assert not found, "cite a page of docs/reference/ and its heading instead"


def test_each_citation_leads_to_a_heading_that_is_there() -> None:
    known = {page.name: anchors(page) for page in REFERENCE.glob("*.md")}
    cited, broken = 0, []
    for path, text in texts():
        for page, anchor in _CITATION.findall(text):
            cited += 1
            if page not in known or (anchor and anchor not in known[page]):
                broken.append(f"{path.relative_to(ROOT)}: docs/reference/{page}#{anchor}")
    assert not broken
    assert cited > 100


def test_each_page_of_the_reference_is_cited_by_code_or_a_test() -> None:
    code = [text for path, text in texts() if path.suffix != ".md"]
    cited = {page for text in code for page, _ in _CITATION.findall(text)}
    assert {page.name for page in REFERENCE.glob("*.md")} - cited == {"README.md"}


def test_the_index_of_the_reference_lists_each_page() -> None:
    listed = {name for name, _ in _LINK.findall((REFERENCE / "README.md").read_text("utf-8"))}
    assert {page.name for page in REFERENCE.glob("*.md")} - listed == {"README.md"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_of_a_page_leads_to_a_file_and_heading_of_the_project(page: Path) -> None:
    broken = []
    for name, anchor in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{name}#{anchor}")
    assert not broken


def test_each_test_that_the_page_on_protections_names_exists() -> None:
    """Relative to `tests/`, or to `tests/proof/`."""
    page = (DOCS / "nothing-lost.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)*test_\w+\.py)`", page))
    tests = ROOT / "tests"

    missing = {
        name for name in named if not any((tests / f / name).is_file() for f in ("", "proof"))
    }

    assert len(named) > 40
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_glossary_and_the_reference_can_be_found_from(page: str) -> None:
    linked = {name for name, _ in _LINK.findall((ROOT / page).read_text(encoding="utf-8"))}
    assert {"docs/glossary.md", "docs/reference/README.md"} <= linked
