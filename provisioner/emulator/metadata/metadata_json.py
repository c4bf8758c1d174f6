"""The field `Metadata` of the Tooling API: the elements of a component as JSON, and back.

Source: "Metadata Namespace" in the Tooling API reference; the element types of CustomApplication
in the Metadata API Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata.xml_tree import Element

_NAME = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)


@dataclass(frozen=True)
class Shape:
    """What the elements of a type are, where their text does not say it."""

    lists: frozenset[str]
    flags: frozenset[str]
    texts: frozenset[str]


APPLICATION = Shape(
    lists=frozenset({"actionOverrides", "formFactors", "profileActionOverrides", "tabs",
                     "mappings", "subscriberTabs"}),
    flags=frozenset({"isNavAutoTempTabsDisabled", "isNavPersonalizationDisabled",
                     "isNavTabPersistenceDisabled", "isOmniPinnedViewEnabled"}),
    texts=frozenset({"brand", "consoleConfig", "defaultLandingTab", "description", "label", "logo",
                     "navType", "preferences", "setupExperience", "uiType", "urls", "utilityBar",
                     "workspaceConfig"}),
)  # fmt: skip


def as_json(element: Element, shape: Shape) -> dict[str, Any]:
    """All elements of a type; those that a file leaves out are null, false or empty."""
    found: dict[str, Any] = dict.fromkeys(sorted(shape.texts))
    found |= dict.fromkeys(sorted(shape.flags), False)
    found |= {name: [] for name in sorted(shape.lists) if name not in ("mappings",)}
    return {**found, **_children(element, shape)}


def _children(element: Element, shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element.children:
        value = _children(child, shape) if child.children else _scalar(child.text)
        if child.name in shape.lists:
            found.setdefault(child.name, []).append(value)
        else:
            found[child.name] = value
    return found


def _scalar(text: str) -> Any:
    return text == "true" if text in ("true", "false") else text


def as_elements(values: Mapping[str, Any]) -> Iterator[Element]:
    """The elements of JSON, by name. Raises RecordError for what is no metadata."""
    for name, value in sorted(values.items()):
        if not _NAME.match(name):
            text = f"No such column '{name}' on sobject of type Metadata"
            raise RecordError("INVALID_FIELD", text, ["Metadata"])
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield _element(name, one)


def _element(name: str, value: Any) -> Element:
    if isinstance(value, Mapping):
        return Element(name, 0, 0, children=list(as_elements(value)))
    if isinstance(value, bool):
        return Element(name, 0, 0, str(value).lower())
    if isinstance(value, list):
        text = f"Cannot deserialize a list in the elements of '{name}'"
        raise RecordError("JSON_PARSER_ERROR", text, ["Metadata"])
    return Element(name, 0, 0, str(value))
