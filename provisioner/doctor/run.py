"""Runs all checks: each one is shown, also after the failure of another."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.doctor.checks import CHECKS, Check
from provisioner.doctor.examination import Examination
from provisioner.doctor.result import CheckResult, Result, Status, not_checked, problem
from provisioner.errors import ProvisionerError
from provisioner.salesforce.hub_limits import limits_named

_FAILED = frozenset({Status.PROBLEM, Status.SKIPPED})


def examine(examination: Examination) -> Iterator[CheckResult]:
    """The results in the order of `CHECKS`, each as soon as it is known.

    A check whose needs failed is skipped. An error that a check raises is its problem.
    """
    applying = {n: c for n, c in CHECKS.items() if c.applies(examination.config)}
    for name, check in applying.items():
        for result in _results(check, examination):
            if result.status in _FAILED:
                examination.failed.add(name)
            yield CheckResult(name, result)


def _results(check: Check, examination: Examination) -> Iterator[Result]:
    missing = [need for need in check.needs if need in examination.failed]
    if missing:
        yield not_checked(*missing)
        return
    try:
        with limits_named():
            yield from check.examine(examination)
    except ProvisionerError as error:
        yield problem(error)
