"""Runs all checks: each one is shown, also after the failure of another."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.doctor.checks import CHECKS, Check
from provisioner.doctor.examination import Examination
from provisioner.doctor.result import CheckResult, Result, Status, problem, skipped
from provisioner.errors import ProvisionerError

_FAILED = frozenset({Status.PROBLEM, Status.SKIPPED})


def examine(examination: Examination) -> Iterator[CheckResult]:
    """The results in the order of `CHECKS`, each as soon as it is known.

    A check whose needs failed is skipped. An error that a check raises is its problem.
    """
    failed: set[str] = set()
    for name, check in CHECKS.items():
        for result in _results(check, examination, failed):
            if result.status in _FAILED:
                failed.add(name)
            yield CheckResult(name, result)


def _results(check: Check, examination: Examination, failed: set[str]) -> Iterator[Result]:
    missing = [title(need) for need in check.needs if need in failed]
    if missing:
        yield skipped(f"not checked, because it needs: {', '.join(missing)}")
        return
    try:
        yield from check.examine(examination)
    except ProvisionerError as error:
        yield problem(error)


def title(name: str) -> str:
    """The name of a check for people: `private key`, `Dev Hub`."""
    return {"dev_hub": "Dev Hub", "api_version": "API version"}.get(name, name.replace("_", " "))
