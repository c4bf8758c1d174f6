"""Code coverage of Apex tests, estimated: tests are not run.

A test covers all lines of the classes that its class names, and of the triggers on the objects that
it names. What counts as a line is a line on which a statement ends, in a method or a trigger.

Source: "ApexCodeCoverage", "ApexCodeCoverageAggregate" and "ApexOrgWideCoverage" in the Tooling API
reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from provisioner.emulator.ids import to_18
from provisioner.emulator.metadata.apex.tokens import ApexProblem, tokenize
from provisioner.emulator.metadata.apex_tests import is_test_class
from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


@dataclass(frozen=True)
class Covered:
    """What one test method covers of one class or trigger."""

    test_class: str  # ids
    method: str
    tested: str
    lines: tuple[int, ...]


def note_coverage(org: EmulatedOrg, test_class: StoredComponent, methods: list[str]) -> None:
    """Remember what the methods of a test class cover."""
    words = names_in(test_class.body)
    for one in tested_components(org):
        lines = executable_lines(one.body, one.type)
        if not lines or not names_of(one) & words:
            continue
        for method in methods:
            found = Covered(test_class.id, method, one.id, lines)
            org.coverage[test_class.id, method, one.id] = found


def tested_components(org: EmulatedOrg) -> list[StoredComponent]:
    """The deployed classes and triggers that are not tests."""
    return [
        one
        for one in list(org.components.values())
        if isinstance(one, StoredComponent)
        and one.type in ("ApexClass", "ApexTrigger")
        and one.body
        and not is_test_class(one)
    ]


def covered_by_methods(org: EmulatedOrg) -> list[dict[str, Any]]:
    """Rows of ApexCodeCoverage: a test method and a class or trigger that still exist."""
    lines = _lines_of(org)
    tests = {one.id for one in list(org.components.values())}
    return [
        {
            "Id": to_18(f"714{number:012d}"),
            "ApexTestClassId": one.test_class,
            "ApexClassOrTriggerId": one.tested,
            "TestMethodName": one.method,
            **_counts(lines[one.tested], frozenset(one.lines)),
        }
        for number, one in enumerate(list(org.coverage.values()), 1)
        if one.tested in lines and one.test_class in tests
    ]


def aggregated(org: EmulatedOrg) -> list[dict[str, Any]]:
    """Rows of ApexCodeCoverageAggregate: one for each class or trigger, after the first tests."""
    if not org.coverage:
        return []
    covered: dict[str, set[int]] = {}
    for one in list(org.coverage.values()):
        covered.setdefault(one.tested, set()).update(one.lines)
    return [
        {
            "Id": to_18(f"715{tested[3:15]}"),
            "ApexClassOrTriggerId": tested,
            **_counts(lines, covered.get(tested, set())),
        }
        for tested, lines in _lines_of(org).items()
    ]


def percent_covered(org: EmulatedOrg) -> int:
    """The share of the lines of an org that tests cover, in percent; 0 before the first tests."""
    rows = aggregated(org)
    covered = sum(row["NumLinesCovered"] for row in rows)
    total = covered + sum(row["NumLinesUncovered"] for row in rows)
    return covered * 100 // total if total else 0


@lru_cache(maxsize=2048)  # the orgs of a pool get the same classes
def executable_lines(body: str, component_type: str) -> tuple[int, ...]:
    """The numbers of the lines on which statements of methods, or of a trigger, end."""
    depth, lines = 0, set()
    outside = 0 if component_type == "ApexTrigger" else 1  # the depth of declarations
    for token in tokenize(body):
        if token.kind == "symbol":
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if token.text == ";" and depth > outside:
                lines.add(token.line)
    return tuple(sorted(lines))


def _lines_of(org: EmulatedOrg) -> dict[str, tuple[int, ...]]:
    found = {one.id: executable_lines(one.body, one.type) for one in tested_components(org)}
    return {own_id: lines for own_id, lines in found.items() if lines}


def _counts(lines: tuple[int, ...], covered: set[int] | frozenset[int]) -> dict[str, Any]:
    yes = [line for line in lines if line in covered]
    no = [line for line in lines if line not in covered]
    return {
        "NumLinesCovered": len(yes),
        "NumLinesUncovered": len(no),
        "Coverage": {"coveredLines": yes, "uncoveredLines": no},
    }


def names_of(tested: StoredComponent) -> set[str]:
    """The names by which a test reaches it: the class; the object of a trigger."""
    if tested.type == "ApexClass":
        return {tested.full_name.lower()}
    try:
        tokens = [one.lower for one in tokenize(tested.body)]
        return {tokens[tokens.index("on") + 1]}
    except (ApexProblem, ValueError, IndexError):
        return set()


def names_in(body: str) -> set[str]:
    """All names in a body, in lower case."""
    try:
        return {one.lower for one in tokenize(body) if one.kind == "name"}
    except ApexProblem:
        return set()
