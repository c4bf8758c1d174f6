"""A Bulk API 2.0 job: its settings, its state over time, its description in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.bulk.csv_text import DELIMITERS, LINE_ENDINGS, CsvFormat
from provisioner.emulator.clock import Progression
from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_WORKING = ("UploadComplete", "InProgress", "JobComplete")
_OVER = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(eq=False)
class Job:
    """What ingest and query jobs have in common.

    A closed job works in world time: `work` is called when it leaves the state UploadComplete.
    """

    id: str
    org: EmulatedOrg
    user_id: str
    operation: str
    object_name: str
    version: str
    form: CsvFormat
    created: str
    state: str = "Open"
    modified: str = ""
    error_message: str | None = None
    processed: int = 0
    _progression: Progression | None = None
    _has_worked: bool = False

    def work(self) -> str | None:
        """Process the data; returns the errorMessage of a Failed job, or None."""
        raise NotImplementedError

    def close(self) -> None:
        """The data is complete: processing starts."""
        with self.org.store.lock:
            self.state = "UploadComplete"
            self._touch()
            self._progression = self.org.world.progression("bulk", _WORKING, of=self.org.username)

    def abort(self) -> None:
        """Stop the job; changes already made remain."""
        with self.org.store.lock:
            if self.state in _OVER:
                raise invalid_state(f"Aborting not allowed when the job is in state {self.state}")
            self.state = "Aborted"
            self._touch()

    def poll(self) -> str:
        """The current state; advances by at most one, and processes the data when that is due."""
        with self.org.store.lock:
            if self._progression is None or self.state in _OVER:
                return self.state
            state = self._progression.poll()
            if state != self.state:
                self._touch()
            if state != "UploadComplete" and not self._has_worked:
                self._has_worked = True
                self.error_message = self.work()
            if state == "JobComplete" and self.error_message:
                state = "Failed"
            self.state = state
            return self.state

    @property
    def is_over(self) -> bool:
        """Whether the job has reached a final state."""
        return self.state in _OVER

    def _touch(self) -> None:
        self.modified = format_datetime(self.org.world.now())

    def description(self) -> dict[str, Any]:
        """The JSON that is common to both kinds of job."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.modified or self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.form.line_ending,
            "columnDelimiter": self.form.delimiter,
        }


def invalid_state(message: str) -> ApiError:
    """400: the state of the job does not allow the operation."""
    return ApiError(400, "INVALIDJOBSTATE", message)


def not_found() -> ApiError:
    """404: there is no such job in this org."""
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def csv_format(body: Mapping[str, Any]) -> CsvFormat:
    """`columnDelimiter` and `lineEnding` of a new job, with their defaults. Raises ApiError."""
    delimiter = str(body.get("columnDelimiter") or "COMMA")
    ending = str(body.get("lineEnding") or "LF")
    for name, value, known in (
        ("columnDelimiter", delimiter, DELIMITERS),
        ("lineEnding", ending, LINE_ENDINGS),
    ):
        if value not in known:
            text = f"Value '{value}' for {name} is none of {', '.join(known)}"
            raise ApiError(400, "JSON_PARSER_ERROR", text)
    if str(body.get("contentType") or "CSV") != "CSV":
        raise ApiError(400, "INVALIDJOB", "InvalidJob : Only CSV is supported as contentType")
    return CsvFormat(delimiter, ending)
