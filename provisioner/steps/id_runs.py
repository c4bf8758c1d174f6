"""Record ids as a short text: ids that were assigned one after the other differ little.

Salesforce counts with 62 digits, so the ids of a request are mostly a run with a constant gap. The
text is a list of `=ID` (15 characters), `.GAP` (one further id, that far from the last) and `+N`
(N further ones at the same gap): 200 ids in a row are `=001…7+199`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

ALPHABET = r"[0-9A-Za-z=.+]"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 15  # of an id; the API takes the short form
_TOKEN = re.compile(r"=([0-9A-Za-z]{15})|\.([0-9A-Za-z]{1,14})|\+([0-9]{1,9})")


def packed(ids: Iterable[str]) -> str:
    """`ids` as text, in their order; their short forms."""
    return "".join(_tokens([_number(each[:_LENGTH]) for each in ids]))


def unpacked(text: str, most: int) -> list[str]:
    """The ids that `packed` wrote. Raises ValueError for another text, or more than `most`."""
    found: list[int] = []
    gap = 1
    for token in _scanned(text):
        first, jump, repeated = token.groups()
        if first:
            found.append(_number(first))
            gap = 1
        elif not found:
            raise ValueError("a run without a first id")
        elif jump:
            gap = _number(jump)
            found.append(found[-1] + gap)
        else:
            if int(repeated) > most:
                raise ValueError("more ids than there are records")
            found += [found[-1] + gap * n for n in range(1, int(repeated) + 1)]
        if len(found) > most:
            raise ValueError("more ids than there are records")
    return [_text(number).rjust(_LENGTH, "0") for number in found]


def _tokens(numbers: list[int]) -> Iterator[str]:
    gap = repeated = 0
    for index, number in enumerate(numbers):
        step = number - numbers[index - 1] if index else 0
        if index and step == gap:
            repeated += 1
            continue
        if repeated:
            yield f"+{repeated}"
        repeated, gap = 0, step
        jump = _text(step) if index and step > 0 else ""
        if not 0 < len(jump) < _LENGTH:
            gap = 1
            yield f"={_text(number).rjust(_LENGTH, '0')}"
        else:
            yield f".{jump}"
    if repeated:
        yield f"+{repeated}"


def _scanned(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError("not a list of ids")
        yield token
        position = token.end()


def _number(text: str) -> int:
    number = 0
    for digit in text:
        if digit not in _VALUES:
            raise ValueError("not a record id")
        number = number * 62 + _VALUES[digit]
    return number


def _text(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return digits or "0"
