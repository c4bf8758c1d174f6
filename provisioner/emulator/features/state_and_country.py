"""State and Country/Territory Picklists: addresses hold codes, and the names follow them.

Source: "Address Compound Fields" and "State and Country/Territory Picklists" in the Object
Reference and Salesforce Help.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from provisioner.emulator.errors import RecordError
from provisioner.emulator.features import has_feature
from provisioner.emulator.objects.rules import Change, rule

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

FEATURE = "StateAndCountryPicklist"


@rule("*", "before insert")
@rule("*", "before update")
def _address(org: EmulatedOrg, change: Change) -> None:
    if not has_feature(org, FEATURE):
        return
    for name in change.type.fields:
        if name.endswith("CountryCode") and f"{name.removesuffix('Code')}" in change.type.fields:
            _complete(change, name.removesuffix("CountryCode"))


def _complete(change: Change, prefix: str) -> None:
    """Country first: a state is one of its country."""
    _one(change, f"{prefix}Country", _countries(), "country")
    country = change.record.get(f"{prefix}CountryCode")
    states = _states().get(str(country), {})
    if f"{prefix}StateCode" in change.record:
        _one(change, f"{prefix}State", states, "state", is_open=bool(country) and not states)


def _one(
    change: Change, name: str, known: dict[str, str], what: str, *, is_open: bool = False
) -> None:
    """Complete the name by the code, or the code by the name."""
    record, code = change.record, f"{name}Code"
    if record.get(code) and code in change.given:
        found = known.get(str(record[code]).upper())
        if found is None and not is_open:
            raise _invalid(name, what, code)
        record[name] = found or record[code]
    elif record.get(name) and name in change.given:
        text = str(record[name]).lower()
        codes = (key for key, value in known.items() if value.lower() == text)
        match = next(codes, text.upper() if text.upper() in known else None)
        if match is None and not is_open:
            raise _invalid(name, what, name)
        record[code] = match
        record[name] = known.get(match or "", record[name])
    elif {name, code} & change.given:
        record[name] = record[code] = None


def _invalid(name: str, what: str, field: str) -> RecordError:
    """As recorded for a value outside the picklist."""
    label = "Country/Territory" if what == "country" else "State/Province"
    address = re.sub("(Country|State)$", "", name)
    shown = " ".join(one for one in (address, label, "Code" * field.endswith("Code")) if one)
    values = "countries" if what == "country" else "states"
    text = (
        f"There's a problem with this {what}, even though it may appear correct. Please choose a "
        f"{what} out of the list of valid {values}.: {shown}"
    )
    return RecordError("FIELD_INTEGRITY_EXCEPTION", text, [field])


@cache
def _countries() -> dict[str, str]:
    return {code: name for code, name in _lines() if "-" not in code}


@cache
def _states() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for code, name in _lines():
        country, has_state, state = code.partition("-")
        if has_state:
            found.setdefault(country, {})[state] = name
    return found


def _lines() -> list[tuple[str, str]]:
    text = (files(__package__) / "addresses.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and line[0] != "#")
    return [(code, name) for code, _, name in (line.partition(" ") for line in lines)]
