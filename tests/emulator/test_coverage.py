"""docs/emulator.md lists each emulated resource with its source."""

from __future__ import annotations

from tests.emulator.coverage import PAGE, modules, source_of, with_tables


def test_each_emulated_resource_names_its_source() -> None:
    assert [one.__name__ for one in modules() if not source_of(one)] == [], (
        "write the paragraph `Source: …` into the docstring of these modules"
    )


def test_the_tables_of_what_is_emulated_are_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "run python -m tests.emulator.coverage"
