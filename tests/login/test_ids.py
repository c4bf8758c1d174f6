"""Record ids with 15 characters become the 18 that every API understands."""

from __future__ import annotations

import pytest

from provisioner.salesforce.ids import to_18


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00D000000000062", "00D000000000062EAA"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),  # a pair widely published as an example
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaAAA"),
        ("AAAAAaaaaaAAAAA", "AAAAAaaaaaAAAAA5A5"),
    ],
)
def test_the_suffix_tells_which_characters_are_upper_case(short: str, long: str) -> None:
    assert to_18(short) == long
    assert to_18(long) == long


@pytest.mark.parametrize("text", ["", "00D", "00D00000000006!", "00D0000000000620", "0" * 19])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a record id"):
        to_18(text)
