"""The JSON of an answer is read whole or refused with one kind of error, whatever it holds."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from provisioner.salesforce import answer_json
from provisioner.salesforce.answer_json import MOST_LEVELS, MalformedAnswerError, read_json

MALFORMED: dict[str, tuple[bytes, str]] = {
    "an empty body": (b"", "invalid JSON"),
    "a page": (b"<html>", "invalid JSON"),
    "half a body": (b'{"a": [1, 2', "invalid JSON"),
    "two bodies": (b"{}{}", "invalid JSON"),
    "101 levels": (b"[" * 101 + b"]" * 101, "nested too deeply"),
    "2,000 levels of objects": (b'{"a":' * 2000 + b"1" + b"}" * 2000, "nested too deeply"),
    "100,000 levels": (b"[" * 100_000, "nested too deeply"),
    "100 MB of brackets": (b"[" * 100_000_000, "more than 32 MB"),
    "30 MB of lists": (b"[" + b"[]," * 10_000_000 + b"[]]", "too many lists"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "infinity": (b"[-Infinity]", "Infinity"),
    "a number beyond all": (b"[1e999]", "not finite"),
    "an integer of 20 digits": (b"[92233720368547758080]", "64 bits"),
    "an integer of 65 bits": (b"[9223372036854775808]", "64 bits"),
    "an integer of 5,000 digits": (b"9" * 5000, "64 bits"),
    "Latin-1": ('["\xe9"]'.encode("latin-1"), "UTF-8"),
    "UTF-16": ('["a"]'.encode("utf-16"), "UTF-8"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_no_honest_server_sends_is_refused(name: str) -> None:
    body, why = MALFORMED[name]
    with pytest.raises(MalformedAnswerError, match=why):
        read_json(body)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"a": {"b": [1, -2.5, 1e300, True, "é 🦊"]}},
        [2**63 - 1, -(2**63)],
        [[]] * 5000,
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_an_honest_server_sends_is_read(value: Any) -> None:
    assert read_json(json.dumps(value)) == value
    assert read_json(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode()) == value


def test_depth_counts_and_not_the_number_of_brackets() -> None:
    deepest = b"[" * MOST_LEVELS + b"]" * MOST_LEVELS
    assert read_json(deepest)
    assert len(read_json(b"[" + deepest[1:-1] + b"]" + b" " * 10)) == 1
    assert read_json(json.dumps({"text": "[{" * 500})) == {"text": "[{" * 500}


def test_halves_of_characters_and_nul_do_not_get_in() -> None:
    """A text that was cut in the middle of an emoji would fail later, where it is written."""
    body = rb'{"cut \ud83e": ["\udd8a", "a\u0000b", "whole \ud83e\udd8a", "\\ud83e"]}'
    assert read_json(body) == {"cut �": ["�", "a�b", "whole 🦊", "\\ud83e"]}


def test_an_error_quotes_nothing_of_the_answer() -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        read_json(b'{"access_token": "00Dsecret!token", oops}')
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_depth_of_the_callers_own_stack_does_not_change_the_kind_of_error() -> None:
    def at_depth(left: int) -> None:
        if left:
            at_depth(left - 1)
            return
        with pytest.raises(answer_json.MalformedAnswerError):
            read_json(b"[" * 900 + b"]" * 900)

    at_depth(sys.getrecursionlimit() // 2)
