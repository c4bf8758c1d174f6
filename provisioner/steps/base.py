"""What a step is: options declared in its own file, `start`, and `poll`.

A build calls `start` when the row of an org holds no request id for its current step, and
`poll` with the id when it does. Both do a few short requests and return: nothing sleeps in
a step, so one slow org never holds a thread. A build that was killed calls `start` again,
therefore each step first looks at what is already there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from provisioner.errors import BuildError

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient


@dataclass(frozen=True)
class Done:
    """The step is complete; `note` goes into the event log (`installed Billing 1.2.0.3`)."""

    note: str = ""


@dataclass(frozen=True)
class Pending:
    """Look again: `request_id` is written to the ledger before anything else happens."""

    request_id: str = ""
    note: str = ""
    wait: float = 2.0  # seconds of the platform's time until the next look makes sense


Outcome = Done | Pending


class StepFailed(BuildError):  # noqa: N818 - the name of the field
    """A step failed for good: `message` names the reason, `details` further lines."""

    default_code = "step_failed"

    def __init__(
        self, message: str, *, details: Iterable[str] = (), hint: str = "", kind: str = "content"
    ) -> None:
        super().__init__(message, hint=hint)
        self.details = tuple(details)
        self.kind = kind


@dataclass(frozen=True)
class StepContext:
    """All that a step may use: the org's API, its user, and where relative paths start."""

    org: OrgClient
    username: str
    directory: Path  # the folder of pool.yaml
    definition: Mapping[str, Any] = field(default_factory=dict)
    remember: Callable[[str], None] = lambda _request_id: None
    """Commits a remote request id to the ledger at once; for steps with several requests."""


class Step(Protocol):
    """One kind of step. Instances hold the options of one entry of `pool.yaml`."""

    kind: ClassVar[str]

    def start(self, context: StepContext) -> Outcome:
        """Look what is there, then do the step or ask the platform for it."""

    def poll(self, context: StepContext, request_id: str) -> Outcome:
        """Look how the request `request_id` stands. Raises StepFailed when it failed."""

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """What the org's content depends on, for the fingerprint; never a secret."""
