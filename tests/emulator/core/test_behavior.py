"""The switches of the emulator: how they are set, and that the page has each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.emulator.behavior import Behavior, read_behavior, switches

PAGE = Path(__file__).parents[3] / "docs" / "emulator.md"


def test_switches_are_read_from_texts() -> None:
    found = read_behavior(["refresh_rotation=off", "auth_code_life=90", "can_delete_orgs=none"])
    assert found == Behavior(refresh_rotation="off", auth_code_life=90, can_delete_orgs="none")
    assert read_behavior([]) == Behavior()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rotation=off", "'rotation=off' must be NAME=VALUE; the names are requested_key, setup_"),
        ("refresh_rotation", "refresh_rotation must be one of on, off, not ''"),
        ("can_delete_orgs=some", "can_delete_orgs must be one of own, all, none, not 'some'"),
        ("auth_code_life=-1", "auth_code_life must be a number of seconds, not '-1'"),
        ("auth_code_life=soon", "auth_code_life must be a number of seconds, not 'soon'"),
    ],
)
def test_an_unknown_switch_or_value_is_an_error_that_lists_what_there_is(
    text: str, words: str
) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        read_behavior([text])
    assert words in str(caught.value)


def test_the_page_has_each_switch_with_its_values_and_whether_they_are_known() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, values in switches().items():
        shown = ", ".join(f"`{one}`" for one in values) or f"seconds ({Behavior.auth_code_life})"
        [row] = re.findall(rf"^\| `{name}` \| {re.escape(shown)} \|.*\| (.+) \|$", page, re.M)
        assert re.match(r"(un)?known", row)


def test_the_default_of_a_switch_is_listed_first() -> None:
    found = switches()
    assert found["can_delete_orgs"] == ("own", "all", "none")
    assert found["limits_readable"] == ("yes", "no")
