"""Metadata deploys over REST: sending a package, and how a deploy stands (salesforce-facts §4)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

LARGEST_ZIP = 39_000_000  # bytes
_EARLY = (1980, 1, 1, 0, 0, 0)  # the first day that a zip knows
MOST_FILES = 10_000

OPTIONS: Mapping[str, Any] = {
    "rollbackOnError": True,
    "ignoreWarnings": False,
    "checkOnly": False,
    "singlePackage": True,
    "purgeOnDelete": False,
}
"""What the CLI sends: all or nothing, package.xml at the root of the zip."""

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


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A small package as a zip; equal files give equal bytes, whenever it is made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLY), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def deploy_body(zip_bytes: bytes, options: Mapping[str, Any] | None = None) -> DeployBody:
    """The multipart body that carries options and zip."""
    from urllib3.fields import RequestField
    from urllib3.filepost import encode_multipart_formdata

    given = {"deployOptions": {**OPTIONS, **(options or {})}}
    parts = [
        RequestField("json", json.dumps(given).encode()),
        RequestField("file", zip_bytes, filename="package.zip"),
    ]
    for part, content_type in zip(parts, ("application/json", "application/zip"), strict=True):
        part.make_multipart(content_type=content_type)
    content, content_type = encode_multipart_formdata(parts)
    return DeployBody(content, content_type)


def start_deploy(org: OrgClient, body: DeployBody) -> DeployStatus:
    """Send a package. A deploy that ended at once comes back as done."""
    answer = org.read(
        "POST",
        "metadata/deployRequest",
        data=body.content,
        headers={"Content-Type": body.content_type},
    )
    return _status(answer)


def deploy_status(org: OrgClient, deploy_id: str) -> DeployStatus:
    """How a deploy stands; the components are asked for only when it has failed."""
    path = f"metadata/deployRequest/{deploy_id}"
    status = _status(org.read("GET", path))
    if status.is_done and not status.is_success:
        status = _status(org.read("GET", f"{path}?includeDetails=true"))
    return status


def _status(answer: Mapping[str, Any]) -> DeployStatus:
    result = answer.get("deployResult") or {}
    details = result.get("details") or {}
    status = str(result.get("status") or "Pending")
    code, message = result.get("errorStatusCode") or "", result.get("errorMessage") or ""
    return DeployStatus(
        id=str(answer.get("id") or result.get("id") or ""),
        status=status,
        is_done=_truth(result.get("done")) or status in _ENDED,
        is_success=_truth(result.get("success")) or status == "Succeeded",
        deployed=int(result.get("numberComponentsDeployed") or 0),
        components=tuple(_problems(details.get("componentFailures"))),
        tests=tuple(_tests(details)),
        error=": ".join(part for part in (code, message) if part),
    )


def _truth(value: Any) -> bool:
    """A boolean; the guide's examples have them as texts, too."""
    return str(value).lower() == "true"


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
    """A count from 1; 0 for what is none."""
    return int(value) if str(value).isdecimal() else 0


def _tests(details: Mapping[str, Any]) -> Iterable[str]:
    """A line for each test that failed, and for each warning about coverage."""
    tests = details.get("runTestResult") or {}
    for failure in _listed(tests.get("failures")):
        yield f"{failure.get('name')}.{failure.get('methodName')}: {failure.get('message')}"
    for warning in _listed(tests.get("codeCoverageWarnings")):
        yield f"{warning.get('name') or 'coverage'}: {warning.get('message')}"


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """A list of objects; clients of the SOAP API know a single one without its list."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value or () if isinstance(item, Mapping)]
