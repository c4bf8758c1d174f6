"""The outcome of each component of a deploy: `componentSuccesses`, `componentFailures`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from provisioner.emulator.metadata.component_types import root_name

ProblemType = Literal["Error", "Warning", "Info"]


@dataclass(frozen=True)
class Problem:
    """A problem of a component; `line` and `column` count from 1, 0 is unknown."""

    text: str
    line: int = 0
    column: int = 0
    type: ProblemType = "Error"
    full_name: str = ""  # when it is about another component than the one that is processed
    component_type: str = ""


@dataclass
class Outcome:
    """The outcome of one component in the deploy result (docs/reference/deploys.md#result)."""

    component_type: str
    full_name: str
    file_name: str  # with the zip's top folder
    id: str = ""
    problem: str = ""
    problem_type: ProblemType | Literal[""] = ""
    line: int = 0
    column: int = 0
    is_created: bool = False
    is_changed: bool = False
    is_deleted: bool = False
    files: tuple[str, ...] = ()  # all its files, for source tracking
    is_warning_fatal: bool = False  # ignoreWarnings is false: a warning is treated as an error

    @property
    def success(self) -> bool:
        """Whether the component itself was accepted."""
        if self.problem_type == "Warning":
            return not self.is_warning_fatal
        return self.problem_type != "Error"

    def to_json(self, created_date: str) -> dict[str, Any]:
        """The entry as REST and SOAP both render it, keys in the WSDL's order."""
        entry: dict[str, Any] = {
            "changed": self.is_changed,
            "columnNumber": self.column or None,
            "componentType": self._shown_type(),
            "created": self.is_created,
            "createdDate": created_date,
            "deleted": self.is_deleted,
            "fileName": self.file_name,
            "fullName": self.full_name,
            "id": self.id or None,
            "lineNumber": self.line or None,
            "problem": self.problem or None,
            "problemType": self.problem_type or None,
            "success": self.success,
        }
        return entry

    def _shown_type(self) -> str:
        """Settings have their own types here, such as LanguageSettings.

        Source: source-deploy-retrieve (deployMessages.ts), answers in simple-salesforce's tests.
        """
        if self.component_type == "Settings":
            return root_name(self.full_name)
        return self.component_type
