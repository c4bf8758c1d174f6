"""Record ids: 3 characters of key prefix, 12 of a counter, 3 of checksum."""

from __future__ import annotations

import re
import string
from itertools import count

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_ORG_ID = re.compile(r"00D[A-Za-z0-9]{12}\Z")
_CHECKSUM = string.ascii_uppercase + "012345"


def to_18(short: str) -> str:
    """The 18-character form of a 15-character id: a case checksum over each 5 characters."""
    if len(short) != 15:
        return short
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, char in enumerate(short[start : start + 5]) if char.isupper())
        suffix += _CHECKSUM[bits]
    return short + suffix


def to_15(any_id: str) -> str:
    """The 15-character form."""
    return any_id[:15]


def same_id(left: str, right: str) -> bool:
    """Whether two ids, of 15 or 18 characters, name the same record."""
    return to_15(left) == to_15(right)


def is_id(value: object) -> bool:
    """Whether a value looks like a record id."""
    return isinstance(value, str) and _ID.match(value) is not None


def folded(text: str) -> str:
    """Text in the form in which it is compared: in lower case, ids as they are.

    The id of an org in a text field (`ScratchOrg` of a Dev Hub) is one of them.
    """
    is_id = to_18(text[:15]) == text if len(text) == 18 else _ORG_ID.match(text) is not None
    return text if is_id else text.lower()


class IdFactory:
    """Ids of one world: unique across all its orgs, in order of creation, deterministic."""

    def __init__(self) -> None:
        self._counter = count(1)

    def new(self, prefix: str) -> str:
        """The next 18-character id with this key prefix."""
        number, digits = next(self._counter), ""
        while number:
            number, rest = divmod(number, 62)
            digits = _DIGITS[rest] + digits
        return to_18(prefix + "E" + digits.rjust(11, "0"))
