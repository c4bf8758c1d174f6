"""Reads `features.txt`; its head describes the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass
class Feature:
    """What one feature adds."""

    name: str
    objects: list[str] = field(default_factory=list)
    fields: list[tuple[str, list[str]]] = field(default_factory=list)  # object or *, names
    record_types: list[tuple[str, str, str]] = field(default_factory=list)
    permission_sets: list[str] = field(default_factory=list)
    permission_set_licenses: list[str] = field(default_factory=list)
    user_licenses: list[tuple[str, str]] = field(default_factory=list)  # name, key
    profiles: list[tuple[str, str]] = field(default_factory=list)  # name, user licence
    classes: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)


@cache
def known_features() -> dict[str, Feature]:
    """By name of the feature, or `Settings.element`, in lower case."""
    text = (files(__package__) / "features.txt").read_text(encoding="utf-8")
    entries, _, without = text.partition("\nnothing\n")
    found = {name.lower(): Feature(name) for name in without.split()}
    feature = Feature("")
    for line in entries.splitlines():
        if line.startswith("["):
            names = line.strip("[]").split()
            feature = Feature(names[0])
            found |= {name.lower(): feature for name in names}
        elif line and not line.startswith("#"):
            _add(feature, *line.split(" ", 1))
    return found


def _add(feature: Feature, what: str, text: str) -> None:
    words = text.split()
    match what:
        case "objects":
            feature.objects += words
        case "fields":
            feature.fields.append((words[0], words[1:]))
        case "record_type":
            feature.record_types.append((words[0], words[1], " ".join(words[2:])))
        case "classes":
            feature.classes += words
        case "pages":
            feature.pages += words
        case "permission_sets":
            feature.permission_sets += words
        case "permission_set_licenses":
            feature.permission_set_licenses += words
        case "user_licenses":
            name, _, key = text.partition("=")
            feature.user_licenses.append((name, key))
        case "profiles":
            license_name, _, names = text.partition(": ")
            feature.profiles += [(name, license_name) for name in names.split(", ")]
        case _:
            raise ValueError(f"features.txt: {what}")
