"""AssignmentRules: the active rule of cases and leads gives a new or changed record its owner.

Source: "Assignment Rule Header" in the REST API Developer Guide; "AssignmentRules" in the
Metadata API Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg

_WORDS = re.compile(r"\d+|AND|OR|NOT|[()]")


@rule("Case", "before insert")
@rule("Case", "before update")
@rule("Lead", "before insert")
@rule("Lead", "before update")
def _assign(org: EmulatedOrg, change: Change) -> None:
    """The first entry whose criteria match decides; without one the owner is unchanged."""
    if not org.world.applies_assignment_rules():
        return
    for entry in _entries(org, change.type.name):
        if _matches(entry, change.type.name, change.record):
            owner = _owner(org, entry)
            if owner:
                change.record["OwnerId"] = owner
            return


def _entries(org: EmulatedOrg, object_name: str) -> Iterator[Element]:
    """The entries of the active rule of an object."""
    stored = state.find(org, "AssignmentRules", object_name)
    rules = stored.element.every("assignmentRule") if stored and stored.element else ()
    for one in rules:
        if one.flag("active"):
            yield from one.every("ruleEntry")


def _owner(org: EmulatedOrg, entry: Element) -> str | None:
    """The user, by username, or the queue, by developer name; None for one that is unknown."""
    name = entry.value("assignedTo")
    if entry.value("assignedToType") == "Queue":
        found = org.store.find_by("Group", "DeveloperName", name)
        found = [one for one in found if one["Type"] == "Queue"]
    else:
        found = org.store.find_by("User", "Username", name)
    return str(found[0]["Id"]) if found else None


def _matches(entry: Element, object_name: str, record: Record) -> bool:
    """Whether the criteria of an entry hold; formulas are not evaluated and never hold."""
    if entry.value("formula"):
        return False
    results = [_holds(one, object_name, record) for one in entry.every("criteriaItems")]
    return _combined(entry.value("booleanFilter"), results)


def _holds(item: Element, object_name: str, record: Record) -> bool:
    """One criterion; those about fields of another object are unknown and do not hold."""
    owner, _, name = item.value("field").rpartition(".")
    test = _TESTS.get(item.value("operation"))
    if owner != object_name or name not in record or test is None:
        return False
    have = record[name]
    if isinstance(have, bool):
        have = "true" if have else "false"
    return test(have, [one.strip() for one in item.value("value").split(",")])


def _combined(logic: str, results: list[bool]) -> bool:
    """The criteria combined by a filter such as `1 AND (2 OR 3)`; without one all must hold."""
    words = _WORDS.findall(logic.upper())
    if not words:
        return all(results)
    return _Filter(words, results).either()


class _Filter:
    """A filter logic, read from left to right."""

    def __init__(self, words: list[str], results: list[bool]) -> None:
        self._words, self._results = words, results

    def either(self) -> bool:
        value = self._both()
        while self._take("OR"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._take("AND"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._take("NOT"):
            return not self._one()
        if self._take("("):
            value = self.either()
            self._take(")")
            return value
        word = self._words.pop(0) if self._words else ""
        number = int(word) if word.isdigit() else 0
        return 0 < number <= len(self._results) and self._results[number - 1]

    def _take(self, word: str) -> bool:
        is_next = bool(self._words) and self._words[0] == word
        if is_next:
            del self._words[0]
        return is_next


def _is_equal(have: Any, wanted: list[str]) -> bool:
    if isinstance(have, int | float):
        return any(_number(one) == have for one in wanted)
    return str(have or "").lower() in {one.lower() for one in wanted}


def _contains(have: Any, wanted: list[str]) -> bool:
    return any(one.lower() in str(have or "").lower() for one in wanted)


def _starts(have: Any, wanted: list[str]) -> bool:
    return str(have or "").lower().startswith(tuple(one.lower() for one in wanted))


def _chosen(have: Any, wanted: list[str]) -> bool:
    return bool({one.lower() for one in wanted} & set(str(have or "").lower().split(";")))


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, list[str]], bool]:
    """A comparison of numbers, or of dates, which are texts of equal form."""

    def test(have: Any, wanted: list[str]) -> bool:
        if isinstance(have, int | float):
            number = _number(wanted[0])
            return number is not None and compare(have, number)
        return have is not None and compare(str(have), wanted[0])

    return test


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_TESTS: dict[str, Callable[[Any, list[str]], bool]] = {
    "equals": _is_equal,
    "notEqual": lambda have, wanted: not _is_equal(have, wanted),
    "contains": _contains,
    "notContain": lambda have, wanted: not _contains(have, wanted),
    "startsWith": _starts,
    "includes": _chosen,
    "excludes": lambda have, wanted: not _chosen(have, wanted),
    "lessThan": _compared(lambda have, wanted: have < wanted),
    "lessOrEqual": _compared(lambda have, wanted: have <= wanted),
    "greaterThan": _compared(lambda have, wanted: have > wanted),
    "greaterOrEqual": _compared(lambda have, wanted: have >= wanted),
}
