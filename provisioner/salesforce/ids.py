"""Record ids: the 15-character form of Setup pages and the 18-character form of the APIs."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Whether `text` has the form of a record id, with 15 or 18 characters."""
    return _ID.fullmatch(text) is not None


def to_18(record_id: str) -> str:
    """The 18-character form of a record id of 15 or 18 characters.

    The three added characters encode which of the fifteen are upper case, five by five, so that
    ids differ even when case is ignored. Raises ValueError for any other text.
    """
    if not is_id(record_id):
        raise ValueError(f"not a record id of 15 or 18 characters: {record_id!r}")
    if len(record_id) == 18:
        return record_id
    return record_id + "".join(_suffix(record_id[start : start + 5]) for start in (0, 5, 10))


def _suffix(five: str) -> str:
    """The character that encodes which of five are upper case; the first is the lowest bit."""
    return _SUFFIX[sum(1 << index for index, letter in enumerate(five) if "A" <= letter <= "Z")]
