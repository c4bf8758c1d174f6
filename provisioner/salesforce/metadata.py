"""Metadata deploys over REST: send a package, read the status of a deploy.

Source: docs/reference/deploys.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    flag,
    optional_text,
    record_id,
    row,
    row_in,
    text,
)

if TYPE_CHECKING:
    from provisioner.salesforce.deploy_body import DeployBody
    from provisioner.salesforce.org import OrgClient

_REASONS = ("errorStatusCode", "errorMessage")
_IN_PROGRESS = frozenset({"", "Pending", "InProgress"})
_ENDED = frozenset({"Succeeded", "SucceededPartial", "Failed", "FinalizingFailed", "Canceled"})


@dataclass(frozen=True)
class ComponentProblem:
    """A problem or warning of a deploy about one component."""

    file: str  # in the package
    problem: str
    line: int = 0  # 0: unknown
    column: int = 0
    component_type: str = ""
    full_name: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        """`file:line:column: problem (Type name)`."""
        return self.line_at(self.file, is_same=True)

    def line_at(self, file: str, *, is_same: bool) -> str:
        """The same for the source file; `is_same`: its lines are those of the packaged file."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        location = ":".join([file, *(numbers if is_same else ())])
        about = f"{self.component_type} {self.full_name}".strip()
        if numbers and not is_same:
            about += f"; line {self.line} of {self.file} in the package"
        return f"{location}: {'warning: ' if self.is_warning else ''}{self.problem} ({about})"


@dataclass(frozen=True)
class DeployStatus:
    """The status of a deploy. Failures are only known when it is done."""

    id: str  # 0Af…
    status: str
    is_done: bool
    is_success: bool
    deployed: int  # components
    components: tuple[ComponentProblem, ...] = ()  # failed components
    tests: tuple[str, ...] = ()  # failed tests, one line each
    error: str = ""  # of the deploy as a whole
    warnings: tuple[ComponentProblem, ...] = ()  # about components that were deployed
    coverage: tuple[str, ...] = ()  # warnings about the coverage of the tests

    @property
    def failures(self) -> tuple[str, ...]:
        """A line for each failed component and test, and for each warning about coverage."""
        return (*map(str, self.components), *self.tests, *self.coverage)


def start_deploy(org: OrgClient, body: DeployBody) -> DeployStatus:
    """Send a package. Returns the first status of the deploy, which may be done."""
    return org.send(
        "POST",
        "metadata/deployRequest",
        lambda answer: _status(row(answer), is_first=True),
        data=body.content,
        headers={"Content-Type": body.content_type},
    )


def deploy_status(org: OrgClient, deploy_id: str) -> DeployStatus:
    """The status of a deploy. Its components are requested only when it has failed."""
    path = f"metadata/deployRequest/{deploy_id}"
    status = org.get(path, lambda answer: _status(row(answer)))
    if status.is_done and not status.is_success:
        status = deploy_details(org, deploy_id)
    return status


def deploy_details(org: OrgClient, deploy_id: str) -> DeployStatus:
    """The status of a deploy with its components and tests."""
    path = f"metadata/deployRequest/{deploy_id}?includeDetails=true"
    return org.get(path, lambda answer: _status(row(answer)))


def _status(answer: Row, *, is_first: bool = False) -> DeployStatus:
    """Raises MalformedAnswerError, also when the fields contradict each other.

    The answer to the deploy request itself need not contain the status.
    """
    result = _optional_row(answer, "deployResult") if is_first else row_in(answer, "deployResult")
    details = _optional_row(result, "details")
    status = optional_text(result, "status") if is_first else text(result, "status")
    is_done = "done" in result and flag(result, "done")
    if is_done and status in _IN_PROGRESS:
        raise MalformedAnswerError("done and status contradict each other")
    reasons = [optional_text(result, key, longest=LONGEST_AREA) for key in _REASONS]
    return DeployStatus(
        id=record_id(answer, "id", prefix="0Af"),
        status=status or "Pending",
        is_done=is_done or status in _ENDED,
        is_success=_is_success(result, status),
        deployed=_number(result.get("numberComponentsDeployed")),
        components=tuple(_problems(details.get("componentFailures"))),
        tests=tuple(_tests(details)),
        error=": ".join(part for part in reasons if part),
        warnings=tuple(
            one for one in _problems(details.get("componentSuccesses")) if one.is_warning
        ),
        coverage=tuple(_coverage(details)),
    )


def _is_success(result: Row, status: str) -> bool:
    has_success = "success" in result and status in _ENDED
    if has_success and not flag(result, "success") and status == "Succeeded":
        raise MalformedAnswerError("success and status contradict each other")
    if has_success and flag(result, "success") and status in ("Failed", "Canceled"):
        raise MalformedAnswerError("success and status contradict each other")
    return status == "Succeeded" or (has_success and flag(result, "success"))


def _optional_row(source: Row, key: str) -> Row:
    return row_in(source, key) if source.get(key) is not None else {}


def _problems(messages: Any) -> Iterable[ComponentProblem]:
    """The problems in a list of component messages."""
    for message in _listed(messages):
        yield ComponentProblem(
            file=str(message.get("fileName") or "package.xml"),
            problem=str(message.get("problem")),
            line=_number(message.get("lineNumber")),
            column=_number(message.get("columnNumber")),
            component_type=str(message.get("componentType") or ""),
            full_name=str(message.get("fullName") or ""),
            is_warning=message.get("problemType") == "Warning",
        )


def _number(value: Any) -> int:
    """A number, which the SOAP API writes as a text; 0 for anything else."""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", str(value)) else 0


def _tests(details: Mapping[str, Any]) -> Iterable[str]:
    """A line for each failed test."""
    tests = _optional_row(details, "runTestResult")
    for failure in _listed(tests.get("failures")):
        names = [str(failure[key]) for key in ("name", "methodName") if failure.get(key)]
        yield f"{'.'.join(names)}: {failure.get('message')}"


def _coverage(details: Mapping[str, Any]) -> Iterable[str]:
    """A line for each warning about coverage."""
    tests = _optional_row(details, "runTestResult")
    for warning in _listed(tests.get("codeCoverageWarnings")):
        yield f"{warning.get('name') or 'coverage'}: {warning.get('message')}"


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """A list of objects. The SOAP API may send a single object without a list."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
