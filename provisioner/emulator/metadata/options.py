"""Deploy options, as REST's `deployOptions` and SOAP's `DeployOptions` give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEST_LEVELS = frozenset(
    {"NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg", "RunRelevantTests"}
)


@dataclass(frozen=True)
class DeployOptions:
    """The options of a deploy; defaults are the platform's.

    Source: docs/reference/deploys.md#requests.
    """

    allow_missing_files: bool = False
    auto_update_package: bool = False
    check_only: bool = False
    ignore_warnings: bool = False
    perform_retrieve: bool = False
    purge_on_delete: bool = False
    rollback_on_error: bool = False
    run_tests: tuple[str, ...] = ()
    single_package: bool = False
    test_level: str = ""

    def to_json(self) -> dict[str, Any]:
        """The options as REST shows them."""
        return {
            "allowMissingFiles": self.allow_missing_files,
            "autoUpdatePackage": self.auto_update_package,
            "checkOnly": self.check_only,
            "ignoreWarnings": self.ignore_warnings,
            "performRetrieve": self.perform_retrieve,
            "purgeOnDelete": self.purge_on_delete,
            "rollbackOnError": self.rollback_on_error,
            "runTests": list(self.run_tests) or None,
            "singlePackage": self.single_package,
            "testLevel": self.test_level or None,
        }


class TestsRefused(ValueError):  # noqa: N818 - the platform's refusal, not a failure of ours
    """`runTests` and `testLevel` contradict each other."""

    code = "INVALID_OPERATION"


def read_options(given: Mapping[str, Any]) -> DeployOptions:
    """Options from their API names. Raises ValueError, which may be TestsRefused."""
    flags = {
        "allow_missing_files": "allowMissingFiles",
        "auto_update_package": "autoUpdatePackage",
        "check_only": "checkOnly",
        "ignore_warnings": "ignoreWarnings",
        "perform_retrieve": "performRetrieve",
        "purge_on_delete": "purgeOnDelete",
        "rollback_on_error": "rollbackOnError",
        "single_package": "singlePackage",
    }
    values = {own: _flag(api_name, given.get(api_name)) for own, api_name in flags.items()}
    level = given.get("testLevel") or ""
    if level and level not in TEST_LEVELS:
        raise ValueError(f"'{level}' is not a valid value for the enum 'TestLevel'")
    tests = given.get("runTests") or ()
    names = (tests,) if isinstance(tests, str) else tuple(str(one) for one in tests)
    _check_tests(str(level), names)
    return DeployOptions(**values, run_tests=names, test_level=str(level))


def _check_tests(level: str, names: tuple[str, ...]) -> None:
    """Raises TestsRefused. Source: docs/reference/deploys.md#tests."""
    if names and level != "RunSpecifiedTests":
        raise TestsRefused("runTests can only be used with a testLevel of RunSpecifiedTests")
    if level == "RunSpecifiedTests" and not names:
        raise TestsRefused(
            "runTests must not be empty when a testLevel of RunSpecifiedTests is used"
        )


def _flag(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false", "0", "1", ""):
        return value.strip().lower() in ("true", "1")
    raise ValueError(f"{name}: '{value}' is not a valid value for the type xsd:boolean")
