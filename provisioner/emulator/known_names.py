"""Messages about names that do not exist, with the known ones that are like them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

_MOST_SHOWN = 30
"""A longer list of names is left out of a message."""


def near(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that are like `name`, the most similar one first."""
    by_lower = {one.lower(): one for one in known}
    return [by_lower[one] for one in get_close_matches(name.lower(), by_lower)]


def unknown(what: str, name: object, known: Collection[str], elsewhere: str = "") -> str:
    """`unknown key 'rout' (did you mean route?); known: route, method, …`.

    `elsewhere` says where a list that is too long for a message can be found.
    """
    found = near(str(name), known)
    question = f" (did you mean {' or '.join(found)}?)" if found else ""
    listed = f"known: {', '.join(known)}" if len(known) <= _MOST_SHOWN else elsewhere
    return f"unknown {what} {str(name)[:60]!r}{question}; {listed}"
