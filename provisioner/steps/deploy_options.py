"""The options of every step that deploys: tests, and whether warnings are errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from provisioner.declare.options import Finding, option

TestLevel = Literal[
    "NoTestRun", "RunSpecifiedTests", "RunRelevantTests", "RunLocalTests", "RunAllTestsInOrg"
]
SPECIFIED = "RunSpecifiedTests"


@dataclass(frozen=True, kw_only=True)
class DeployOptions:
    """They decide whether a deploy succeeds, not what it brings: no part of the fingerprint.

    Source: docs/reference/deploys.md#tests.
    """

    is_repeatable: ClassVar[bool] = True
    is_atomic: ClassVar[bool] = True

    test_level: TestLevel | None = option(
        "which Apex tests run in the deploy; by default none", default=None, example="RunLocalTests"
    )
    run_tests: tuple[str, ...] = option(
        "the test classes of RunSpecifiedTests",
        default=(),
        pattern=r"(?:[A-Za-z]\w*\.)?[A-Za-z]\w*",
        expects="the name of a class, in a package with its namespace: ns.MyTest",
        example="[MyTest]",
    )
    ignore_warnings: bool = option(
        "whether the deploy succeeds in spite of warnings; they are in the report", default=False
    )

    def check_options(self) -> Iterable[Finding]:
        """Tests belong to RunSpecifiedTests, and it needs some."""
        if self.run_tests and self.test_level != SPECIFIED:
            text = f"these tests run only with test_level: {SPECIFIED}; write that, too"
            yield Finding("run_tests", text)
        if self.test_level == SPECIFIED and not self.run_tests:
            text = f"{SPECIFIED} needs the test classes; write run_tests: [MyTest]"
            yield Finding("test_level", text)

    def deploy_options(self, *, ignore_warnings: bool = False) -> Mapping[str, Any]:
        """The options as the API takes them."""
        options: dict[str, Any] = {"ignoreWarnings": self.ignore_warnings or ignore_warnings}
        if self.test_level is not None:
            options["testLevel"] = self.test_level
        if self.run_tests:
            options["runTests"] = list(self.run_tests)
        return options
