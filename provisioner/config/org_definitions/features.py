"""Checks `features` of an org definition: names, numbers, and what each feature needs.

Source: docs/reference/sign-up.md#features-and-settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.checks import nearest
from provisioner.config.org_definitions.catalogue import Feature, features
from provisioner.config.org_definitions.found import Found
from provisioner.json_locations import JsonPath
from provisioner.salesforce.definition import DROPPED_FEATURES, MAPPED_FEATURES

_SHOWN = 40


def feature_problems(definition: Mapping[str, Any]) -> Iterator[Found]:
    """Warnings about the features: the list grows with every release, so none is an error."""
    wanted = list(_entries(definition.get("features")))
    names = [_name(text).lower() for _, text in wanted]
    for number, (path, text) in enumerate(wanted):
        name = _name(text)
        if not name:
            yield Found(path, "an entry is empty; remove it", is_warning=True)
            continue
        if names[number] in names[:number]:
            yield Found(path, f"{name} is listed twice; keep one of them", is_warning=True)
            continue
        for message in _messages(text, name, definition, names):
            yield Found(path, message, is_warning=True)


def _entries(value: Any) -> Iterator[tuple[JsonPath, str]]:
    """Each feature and where it is written: in a list, or in one text with `;` or `,`."""
    if isinstance(value, str):
        yield from ((("features",), part.strip()) for part in re.split(r"[;,]", value))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield ("features", index), item.strip()


def _name(text: str) -> str:
    return text.partition(":")[0].strip()


def _messages(
    text: str, name: str, definition: Mapping[str, Any], names: list[str]
) -> Iterator[str]:
    feature = features().get(name.lower())
    if name.lower() in DROPPED_FEATURES:
        yield f"{name} is retired and left out of the sign-up; remove it"
    elif name.lower() in MAPPED_FEATURES:
        yield f"{name} is sent as {MAPPED_FEATURES[name.lower()]}; write that name"
    elif feature is None:
        near = nearest(name, [each.name for each in features().values()])
        advice = f"did you mean {near}?" if near else "check its name"
        yield f"{name[:_SHOWN]!r} is not a feature that Salesforce documents; {advice}"
    else:
        if name.lower() != feature.name.lower():
            yield f"{name} is an earlier name; write {feature.name}"
        yield from _number(text, feature)
        if "sourceOrg" not in definition:  # the shape brings features, settings and an edition
            yield from _needs(feature, definition, names)


def _number(text: str, feature: Feature) -> Iterator[str]:
    _, colon, number = (part.strip() for part in text.partition(":"))
    if feature.low is None:
        if colon:
            yield f"{feature.name} takes no number; write {feature.name}"
    elif not (number.isascii() and number.isdigit() and len(number) < 10):
        if colon or not feature.is_number_optional:
            yield f"{feature.name} needs a number; write {feature.name}:N with {feature.range}"
    elif int(number) < feature.low or (feature.high is not None and int(number) > feature.high):
        yield f"{feature.name}:{number} is out of range; write {feature.range}"


def _needs(feature: Feature, definition: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    missing = [each for each in feature.with_features if each.lower() not in names]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        yield f"{feature.name} needs {' and '.join(missing)} as well; add {them} to features"
    if feature.with_setting and not _is_true(definition, feature.with_setting):
        yield f"{feature.name} needs the setting {feature.with_setting}; set it to true"
    edition = str(definition.get("edition") or "").removeprefix("Partner ")
    if feature.editions and edition and edition not in feature.editions:
        known = " and ".join(feature.editions)
        yield f"{feature.name} is documented for {known} editions, not for {edition}"


def _is_true(definition: Mapping[str, Any], setting: str) -> bool:
    """Whether `typeSettings.element` is set; the first letter of the type may be of either case."""
    kind, _, element = setting.partition(".")
    given = definition.get("settings")
    for name, elements in given.items() if isinstance(given, Mapping) else ():
        if name[:1].lower() + name[1:] == kind and isinstance(elements, Mapping):
            return str(elements.get(element)).lower() in ("true", "1")
    return False
