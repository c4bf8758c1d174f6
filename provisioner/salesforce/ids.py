"""Record ids: the 15-character form that people see and the 18-character form that APIs use."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Whether `text` has the form of a record id, with 15 or 18 characters."""
    return _ID.fullmatch(text) is not None


def to_18(record_id: str) -> str:
    """The 18-character form of a record id; one that has it already is given back as it is.

    The three characters added say which of the fifteen are upper case, five by five, so that
    the long form survives systems that ignore case. Raises ValueError for what is no id.
    """
    if not is_id(record_id):
        raise ValueError(f"not a record id of 15 or 18 characters: {record_id!r}")
    if len(record_id) == 18:
        return record_id
    return record_id + "".join(_suffix(record_id[start : start + 5]) for start in (0, 5, 10))


def _suffix(five: str) -> str:
    """The character that tells which of five characters are upper case, the first as lowest bit."""
    return _SUFFIX[sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")]
