"""The Apex tests of a deploy: which ones its test level selects, their results, their coverage.

Coverage is estimated, therefore one that is too low is a warning and fails no deploy.
Source: docs/reference/deploys.md#tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.apex_coverage import (
    executable_lines,
    names_in,
    names_of,
    tested_components,
)
from provisioner.emulator.metadata.apex_tests import (
    ApexTests,
    failure,
    stack_trace,
    test_classes,
    test_methods,
)
from provisioner.emulator.metadata.options import DeployOptions
from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

REQUIRED = 75  # percent
_OF_PACKAGE = frozenset({"RunSpecifiedTests", "RunRelevantTests"})
"""Test levels that require the coverage of each class and trigger of the package."""

Keys = frozenset[tuple[str, str]]
"""The components of the package: type, and full name in lower case."""


def run_tests(org: EmulatedOrg, options: DeployOptions, deployed: Keys) -> ApexTests:
    """The test run that the test level of a deploy asks for."""
    run = ApexTests()
    if options.test_level in ("", "NoTestRun"):
        return run
    classes = list(_selected(org, options, deployed))
    if options.test_level == "RunSpecifiedTests":
        known = {_qualified(one) for one in classes} | {one.full_name.lower() for one in classes}
        run.failures = [_unknown(name) for name in options.run_tests if name.lower() not in known]
    for one in classes:
        for name in test_methods(one):
            problem = failure(org, one.full_name, name)
            if problem is None:
                run.methods.append((one.full_name, name))
            else:
                run.failures.append(_failed(one, name, problem))
    of_package = options.test_level in _OF_PACKAGE
    run.coverage_warnings = list(_coverage(org, classes, deployed if of_package else None))
    return run


def _selected(
    org: EmulatedOrg, options: DeployOptions, deployed: Keys
) -> Iterator[StoredComponent]:
    """The test classes of a test level; those of installed packages only where it says so."""
    wanted = {name.lower() for name in options.run_tests}
    own = (None, org.namespace or None)
    changed = [one for one in tested_components(org) if one.key in deployed]
    names = {name for one in changed for name in names_of(one)}
    for one in test_classes(org):
        if options.test_level == "RunSpecifiedTests":
            is_selected = bool({_qualified(one), one.full_name.lower()} & wanted)
        elif options.test_level == "RunRelevantTests":
            is_selected = one.key in deployed or bool(names & names_in(one.body))
        else:
            is_selected = options.test_level == "RunAllTestsInOrg" or one.namespace in own
        if is_selected:
            yield one


def _qualified(one: StoredComponent) -> str:
    return f"{one.namespace}.{one.full_name}".lower() if one.namespace else one.full_name.lower()


def _coverage(
    org: EmulatedOrg, classes: Iterable[StoredComponent], deployed: Keys | None
) -> Iterator[dict[str, Any]]:
    """The warnings: for each component of `deployed`, or one for all of the org."""
    words = frozenset[str]().union(*(names_in(one.body) for one in classes))
    covered = total = 0
    for one in tested_components(org):
        lines = len(executable_lines(one.body, one.type))
        is_covered = bool(names_of(one) & words)
        if not lines or one.namespace:
            continue
        total += lines
        covered += lines if is_covered else 0
        if deployed is not None and one.key in deployed and not is_covered:
            kind = "Trigger" if one.type == "ApexTrigger" else "Class"
            text = f"Test coverage of selected Apex {kind} is 0%"
            yield _warning(text, one.id, one.full_name)
    if deployed is None and total and covered * 100 // total < REQUIRED:
        share = covered * 100 // total
        yield _warning(f"Average test coverage across all Apex Classes and Triggers is {share}%")


def _warning(text: str, own_id: str | None = None, name: str | None = None) -> dict[str, Any]:
    message = f"{text}, at least {REQUIRED}% test coverage is required"
    message += "" if name else "."
    return {"id": own_id, "message": message, "name": name, "namespace": None}


def _failed(test_class: StoredComponent, method: str, problem: str) -> dict[str, Any]:
    name = test_class.full_name
    more = {"message": problem, "methodName": method, "stackTrace": stack_trace(name, method)}
    return {**_unknown(name), **more, "id": test_class.id, "namespace": test_class.namespace}


def _unknown(name: str) -> dict[str, Any]:
    return {
        "id": None,
        "message": f"Cannot find test class {name}",
        "methodName": None,
        "name": name,
        "namespace": None,
        "packageName": name,
        "stackTrace": None,
        "time": 0.0,
        "type": "Class",
    }
