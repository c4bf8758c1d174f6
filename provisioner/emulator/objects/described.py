"""What recorded describes say of standard objects: labels, abilities, what a deletion does.

`described_objects.txt` beside this file is written by `scripts/update-described-objects`, which
says from what. Abilities are those that depend on the object and not on the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Described:
    """One object; only some have labels of fields and children."""

    label: str
    plural: str
    abilities: frozenset[str]  # `mruEnabled`, `triggerable` …
    urls: tuple[str, ...]
    labels: Mapping[str, str]  # of fields whose label does not follow from their name
    children: Mapping[str, tuple[str, ...]]  # `Contact.AccountId` → `cascade`, `restricted`


@cache
def described(name: str) -> Described | None:
    """What is known of a standard object; None for objects that no describe shows."""
    block = _blocks().get(name)
    if block is None:
        return None
    first, *lines = block.splitlines()
    label, plural, abilities, urls = first.split("|")
    pairs = (line.strip().partition("=") for line in lines if line[2] != ">")
    words = (line.strip().lstrip(">").partition(" ") for line in lines if line[2] == ">")
    return Described(
        label,
        plural,
        frozenset(abilities.split()),
        tuple(urls.split()),
        {field: text for field, _, text in pairs},
        {child: tuple(kinds.split()) for child, _, kinds in words},
    )


@cache
def _blocks() -> Mapping[str, str]:
    text = (files(__package__) / "described_objects.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line[:1] != "#"]
    blocks = "\n".join(lines).replace("\n  ", "\r  ").split("\n")
    pairs = (block.partition("|") for block in blocks)
    return {name: rest.replace("\r", "\n") for name, _, rest in pairs if name}
