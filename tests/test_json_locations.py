"""Every value of a JSON text is found at its line and column."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.input_json import parse_json
from provisioner.json_locations import JsonPath, locations

pytestmark = pytest.mark.slow

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\{[,:\n', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('b"\\}],:', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def paths(value: Any, path: JsonPath = ()) -> list[JsonPath]:
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(found for key, item in inside for found in paths(item, (*path, key)))]


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_the_text_at_a_location_is_the_value_or_its_key(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    wanted = paths(value)

    found = locations(text, wanted)

    assert found.keys() == set(wanted)
    for path, (line, column) in found.items():
        item = value
        for part in path:
            item = item[part]
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        start = path[-1] if path and isinstance(path[-1], str) else item
        assert json.JSONDecoder().raw_decode(rest)[0] == start


def test_a_path_that_does_not_exist_has_no_location() -> None:
    assert locations('{"a": [1]}', [("a", 1), ("b",), ("a", 0)]) == {("a", 0): (1, 8)}


@given(VALUES)
def test_what_json_takes_is_taken(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
