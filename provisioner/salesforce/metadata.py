"""Metadata deploys over REST: sending a package, and how a deploy stands.

Source: docs/reference/deploys.md.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    from provisioner.salesforce.org import OrgClient

LARGEST_ZIP = 39_000_000  # bytes
MOST_FILES = 10_000

OPTIONS: Mapping[str, Any] = {
    "rollbackOnError": True,
    "ignoreWarnings": False,
    "checkOnly": False,
    "singlePackage": True,
    "purgeOnDelete": False,
}
"""What the CLI sends: all or nothing, package.xml at the root of the zip."""

_REASONS = ("errorStatusCode", "errorMessage")
_UNDER_WAY = frozenset({"", "Pending", "InProgress"})
_ENDED = frozenset({"Succeeded", "SucceededPartial", "Failed", "FinalizingFailed", "Canceled"})


@dataclass(frozen=True)
class DeployBody:
    """A deploy request, ready to send: made once, it serves any number of orgs."""

    content: bytes = field(repr=False)
    content_type: str
    files: int = 0  # how many there are in the package, when that is known

    @property
    def first_wait(self) -> float:
        """Seconds until the first look makes sense, by size as the official library waits."""
        megabytes = len(self.content) / 1_000_000
        return next(
            (wait for size, wait in ((15, 10.0), (5, 5.0), (1, 2.0)) if megabytes > size), 1.0
        )


@dataclass(frozen=True)
class ComponentProblem:
    """What a deploy says against one component."""

    file: str  # in the package
    problem: str
    line: int = 0  # 0: not known
    column: int = 0
    component_type: str = ""
    full_name: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        """`file:line:column: problem (Type name)`."""
        return self.line_at(self.file, is_same=True)

    def line_at(self, file: str, *, is_same: bool) -> str:
        """The same with the file that this one was made of; `is_same`: line by line."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        place = ":".join([file, *(numbers if is_same else ())])
        about = f"{self.component_type} {self.full_name}".strip()
        if numbers and not is_same:
            about += f"; line {self.line} of {self.file} in the package"
        return f"{place}: {'warning: ' if self.is_warning else ''}{self.problem} ({about})"


@dataclass(frozen=True)
class DeployStatus:
    """How a deploy stands; what failed is only known of one that is done."""

    id: str  # 0Af…
    status: str
    is_done: bool
    is_success: bool
    deployed: int  # components
    components: tuple[ComponentProblem, ...] = ()  # that failed
    tests: tuple[str, ...] = ()  # that failed, a line each
    error: str = ""  # what stopped the deploy as a whole

    @property
    def failures(self) -> tuple[str, ...]:
        """A line for each component and each test that failed."""
        return (*map(str, self.components), *self.tests)


def deploy_body(zip_bytes: bytes, options: Mapping[str, Any] | None = None) -> DeployBody:
    """The multipart body that carries options and zip."""
    given = {"deployOptions": {**OPTIONS, **(options or {})}}
    boundary = secrets.token_hex(16)
    parts: list[str | bytes] = []
    for name, kind, part in (
        ('"json"', "application/json", json.dumps(given)),
        ('"file"; filename="package.zip"', "application/zip", zip_bytes),
    ):
        parts += [f"--{boundary}\r\nContent-Disposition: form-data; name={name}\r\n"]
        parts += [f"Content-Type: {kind}\r\n\r\n", part, "\r\n"]
    parts.append(f"--{boundary}--\r\n")
    content = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return DeployBody(content, f"multipart/form-data; boundary={boundary}")


def start_deploy(org: OrgClient, body: DeployBody) -> DeployStatus:
    """Send a package. A deploy that ended at once comes back as done."""
    return org.send(
        "POST",
        "metadata/deployRequest",
        lambda answer: _status(row(answer), is_first=True),
        data=body.content,
        headers={"Content-Type": body.content_type},
    )


def deploy_status(org: OrgClient, deploy_id: str) -> DeployStatus:
    """How a deploy stands; the components are asked for only when it has failed."""
    path = f"metadata/deployRequest/{deploy_id}"
    status = org.get(path, lambda answer: _status(row(answer)))
    if status.is_done and not status.is_success:
        status = org.get(f"{path}?includeDetails=true", lambda answer: _status(row(answer)))
    return status


def _status(answer: Row, *, is_first: bool = False) -> DeployStatus:
    """Raises MalformedAnswerError, also when the fields contradict each other.

    The first answer, to the request itself, need not tell how the deploy stands.
    """
    result = _optional_row(answer, "deployResult") if is_first else row_in(answer, "deployResult")
    details = _optional_row(result, "details")
    status = optional_text(result, "status") if is_first else text(result, "status")
    is_done = "done" in result and flag(result, "done")
    if is_done and status in _UNDER_WAY:
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
    )


def _is_success(result: Row, status: str) -> bool:
    is_told = "success" in result and status in _ENDED
    if is_told and not flag(result, "success") and status == "Succeeded":
        raise MalformedAnswerError("success and status contradict each other")
    if is_told and flag(result, "success") and status in ("Failed", "Canceled"):
        raise MalformedAnswerError("success and status contradict each other")
    return status == "Succeeded" or (is_told and flag(result, "success"))


def _optional_row(source: Row, key: str) -> Row:
    return row_in(source, key) if source.get(key) is not None else {}


def _problems(messages: Any) -> Iterable[ComponentProblem]:
    """What is said of each component in a list of them."""
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
    """A count from 1, which the SOAP API writes as a text; 0 for what is none."""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", str(value)) else 0


def _tests(details: Mapping[str, Any]) -> Iterable[str]:
    """A line for each test that failed, and for each warning about coverage."""
    tests = _optional_row(details, "runTestResult")
    for failure in _listed(tests.get("failures")):
        yield f"{failure.get('name')}.{failure.get('methodName')}: {failure.get('message')}"
    for warning in _listed(tests.get("codeCoverageWarnings")):
        yield f"{warning.get('name') or 'coverage'}: {warning.get('message')}"


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """A list of objects; clients of the SOAP API know a single one without its list."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
