"""Checks `settings` and `objectSettings` of an org definition against the Metadata API.

Source: docs/reference/sign-up.md#features-and-settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.checks import nearest
from provisioner.config.org_definitions.catalogue import settings
from provisioner.config.org_definitions.found import Found
from provisioner.salesforce.definition import upper_first

_ORG_PREFERENCES = (
    "orgPreferenceSettings can no longer be deployed; write the settings that replace it, "
    'such as "lightningExperienceSettings": {"enableS1DesktopEnabled": true}'
)
_OBJECT_KEYS = ("defaultRecordType", "sharingModel")


def setting_problems(definition: Mapping[str, Any]) -> Iterator[Found]:
    """Unknown types and elements are warnings, because a release may add them."""
    for key in ("settings", "objectSettings"):
        value = definition.get(key)
        if not isinstance(value, Mapping):
            continue
        for name, content in value.items():
            if name.lower() == "orgpreferencesettings":
                yield Found((key,), _ORG_PREFERENCES)
            elif not isinstance(content, Mapping):
                yield Found((key,), f"{name[:40]} is not an object; write {{…}}")
            elif key == "settings":
                yield from _type_problems(name, content)
            else:
                yield from _object_problems(name, content)


def _type_problems(name: str, content: Mapping[str, Any]) -> Iterator[Found]:
    """The root element is the name with an upper-case first letter; case matters in XML."""
    kind = upper_first(name)
    if kind not in settings():
        yield _unknown(("settings", name), name, list(map(_lower_first, settings())), "settings")
        return
    elements = settings()[kind]
    for element in content if elements else ():
        if element not in elements:
            yield _unknown(("settings", name, element), element, list(elements), kind)


def _unknown(path: tuple[str, ...], name: str, known: list[str], what: str) -> Found:
    near = next((each for each in known if each.lower() == name.lower()), "")
    if near:
        return Found(path, f"upper and lower case matter; write {near}")
    near = nearest(name, known)
    thing = f"an element of {what}" if len(path) > 2 else "a type of settings"
    advice = f"did you mean {near}?" if near else "its deploy may fail; check the name"
    return Found(path, f"is not {thing} that Salesforce documents; {advice}", is_warning=True)


def _object_problems(name: str, content: Mapping[str, Any]) -> Iterator[Found]:
    for key in content:
        if key not in _OBJECT_KEYS:
            near = nearest(key, _OBJECT_KEYS)
            advice = f"did you mean {near}?" if near else f"known: {', '.join(_OBJECT_KEYS)}"
            path = ("objectSettings", name, key)
            yield Found(path, f"has no effect; {advice}", is_warning=True)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
