"""Apex tests: found and counted, not run; they pass unless a fault lets them fail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_TEST_CLASS = re.compile(r"@\s*istest\b", re.IGNORECASE)
_TEST_METHOD = re.compile(
    r"(?:@\s*istest\b(?:\s*\([^)]*\))?[^;{}()]*?\bvoid\s+|\btestmethod\s+(?:\w+\s+)*?void\s+)(\w+)\s*\(",
    re.IGNORECASE,
)


@dataclass
class ApexTests:
    """The test results of a deploy."""

    methods: list[tuple[str, str]] = field(default_factory=list)  # class, method
    failures: list[dict[str, Any]] = field(default_factory=list)
    coverage_warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many tests there were."""
        return len(self.methods) + len(self.failures)

    def to_json(self) -> dict[str, Any]:
        """`runTestResult` of the deploy's details."""
        return {
            "apexLogId": None,
            "codeCoverage": [],
            "codeCoverageWarnings": self.coverage_warnings,
            "failures": self.failures,
            "flowCoverage": [],
            "flowCoverageWarnings": [],
            "numFailures": len(self.failures),
            "numTestsRun": self.count,
            "successes": [
                {"id": None, "methodName": method, "name": name, "namespace": None, "time": 1.0}
                for name, method in self.methods
            ],
            "totalTime": float(len(self.methods)),
        }


def test_classes(org: EmulatedOrg) -> list[StoredComponent]:
    """The deployed classes that contain tests, in the order in which they were deployed."""
    return [
        one
        for one in list(org.components.values())
        if isinstance(one, StoredComponent) and is_test_class(one)
    ]


def is_test_class(component: StoredComponent) -> bool:
    """Whether a component is a class with tests."""
    return component.type == "ApexClass" and bool(_TEST_CLASS.search(component.body))


def test_methods(component: StoredComponent) -> list[str]:
    """The names of the test methods of a class, in their order."""
    return list(_TEST_METHOD.findall(component.body))


def failure(org: EmulatedOrg, class_name: str, method: str) -> str | None:
    """The message with which a fault lets a test fail; None if it passes."""
    subject = f"{class_name}.{method}"
    wanted = org.world.faults.operation("apex_test", org=org.label, subject=subject)
    if wanted is None:
        return None
    default = "System.AssertException: Assertion Failed"
    return str(wanted.get("message") or wanted.get("error") or default)


def stack_trace(class_name: str, method: str) -> str:
    """Where a test failed, in the platform's format; the line is not known."""
    return f"Class.{class_name}.{method}: line 1, column 1"
