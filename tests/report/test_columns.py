"""A table of a terminal cuts nothing, whatever the width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.report.columns import fitted

HEADERS = ("username", "state", "note")
ROWS = [
    ("morning-k3j9x2w7qa@acme.example", "failed", "deploy_source: X.cls:3:9: Invalid type: Y"),
    ("morning-b@acme.example", "available", ""),
]


def shown(width: int) -> list[str]:
    return [line for block in fitted(HEADERS, ROWS, width) for line in block]


def test_a_wide_terminal_has_one_line_for_each_row() -> None:
    assert shown(120) == [
        "username                         state      note",
        "morning-k3j9x2w7qa@acme.example  failed     deploy_source: X.cls:3:9: Invalid type: Y",
        "morning-b@acme.example           available",
    ]


def test_a_field_that_does_not_fit_is_below_its_row() -> None:
    assert shown(50) == [
        "username                         state",
        "morning-k3j9x2w7qa@acme.example  failed",
        "    note: deploy_source: X.cls:3:9: Invalid type:",
        "      Y",
        "morning-b@acme.example           available",
    ]


def test_a_narrow_terminal_has_each_field_on_lines_of_its_own() -> None:
    assert shown(20) == [
        "username",
        "morning-k3j9x2w7qa@acme.example",
        "    state: failed",
        "    note:",
        "      deploy_source:",
        "      X.cls:3:9:",
        "      Invalid type:",
        "      Y",
        "morning-b@acme.example",
        "    state: available",
    ]


@given(st.text(), st.integers(1, 200))
def test_every_text_is_whole_and_does_nothing_at_every_width(text: str, width: int) -> None:
    lines = [line for block in fitted(("a", "b"), [("name", text)], width) for line in block]
    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert "name" in lines[1]
