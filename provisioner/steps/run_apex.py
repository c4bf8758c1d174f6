"""`run_apex`: a script of anonymous Apex, run once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioner.declare.options import Finding, option
from provisioner.errors import SalesforceError, UsageError
from provisioner.input_file import TEXT, read_input
from provisioner.salesforce.apex import execute_anonymous
from provisioner.salesforce.api_errors import NOT_SENT
from provisioner.steps.base import (
    Done,
    Outcome,
    OutcomeUnknown,
    StartAgain,
    StepContext,
    StepFailed,
)
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import NO_COMPONENTS, Components

if TYPE_CHECKING:
    from provisioner.salesforce.apex import ApexResult


@dataclass(frozen=True)
class ScriptSent:
    """The script is sent, or about to be, and no answer is known."""

    def text(self) -> str:
        """`sent`."""
        return "sent"


RunState = ScriptSent | StartAgain


@dataclass(frozen=True, kw_only=True)
class RunApex:
    """Runs a script of anonymous Apex.

    Not safe to run twice: a script may do anything. It is sent once; when the answer is
    lost, it is unknown whether it ran, and the org is replaced. A script that failed has
    changed nothing: Salesforce rolls it back.
    """

    kind: ClassVar[str] = "run_apex"
    shorthand: ClassVar[str] = "file"
    is_repeatable: ClassVar[bool] = True
    is_atomic: ClassVar[bool] = True

    file: Path = option("the script", path="file", example="scripts/setup.apex")

    _script: CachedInput = cached_input()

    def check(self, directory: Path) -> Iterable[Finding]:
        """The script must be text and not empty."""
        try:
            text = self._script.checked("", lambda: self._read(directory))
        except UsageError as error:
            yield Finding("file", error.message)
        else:
            if not text.strip():
                yield Finding("file", f"{self.file} is empty")

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """A script can hardly create metadata, so it counts as bringing nothing."""
        return NO_COMPONENTS

    def start(self, context: StepContext) -> Outcome:
        """Send the script. Raises StepFailed with its problem or its exception."""
        script = self._script.get("", lambda: self._read(context.directory))
        context.remember(ScriptSent())
        try:
            result = execute_anonymous(context.org, script)
        except SalesforceError as error:
            if _was_not_run(error):
                context.remember(StartAgain())
                raise
            raise self._unconfirmed(error.message) from None
        if not result.is_success:
            raise self._failure(result)
        return Done(f"ran {self.file}")

    def poll(self, context: StepContext, state: RunState) -> Outcome:
        """Send a script that did not run. Raises StepFailed for one that a killed build sent."""
        if isinstance(state, ScriptSent):
            raise self._unconfirmed("the build that sent it was interrupted")
        return self.start(context)

    def read_state(self, text: str) -> RunState:
        """Whether the script was sent. Raises StepFailed for any other text."""
        states: tuple[RunState, ...] = (ScriptSent(), StartAgain())
        for state in states:
            if text == state.text():
                return state
        raise self._unconfirmed("the state of the step in the ledger cannot be read")

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The script. Raises UsageError when it cannot be read."""
        yield self._script.fresh("", lambda: self._read(directory)).encode()

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The script."""
        script = self._script.get("", lambda: self._read(directory))
        yield self.file.as_posix(), script.encode()

    def _read(self, directory: Path) -> str:
        try:
            text = read_input(directory / self.file, TEXT).decode("utf-8-sig")
            return text.replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            raise UsageError(f"{self.file} is not UTF-8 text", code="apex_file") from None
        except OSError as error:
            text = f"{self.file} cannot be read: {error.strerror}"
            raise UsageError(text, code="apex_file") from None

    def _unconfirmed(self, why: str) -> StepFailed:
        return OutcomeUnknown(f"{self.file}: it is unknown whether the script ran: {why}")

    def _failure(self, result: ApexResult) -> StepFailed:
        location = f"{self.file}:{result.line}:{result.column}" if result.line > 0 else self.file
        if not result.is_compiled:
            return StepFailed(f"{location}: {result.problem or 'it does not compile'}")
        text = result.exception or "it failed without a message"
        return StepFailed(f"{location}: {text}", details=[result.trace] if result.trace else [])


def _was_not_run(error: SalesforceError) -> bool:
    """Whether Salesforce refused the request itself, or did not receive it.

    A 503 with an error code of Salesforce means that nothing was run; one without may come from
    a gateway that had forwarded the request.
    """
    is_refusal = 300 <= error.status < 500 or (error.status == 503 and error.error_code != "")
    return error.error_code == NOT_SENT or is_refusal
