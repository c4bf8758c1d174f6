"""What a step is: options declared in its own file, `start`, and `poll`.

A build calls `start` when the row of an org holds no request id for its current step, and
`poll` with the id when it does. Both do a few short requests and return: nothing sleeps in
a step, so one slow org never holds a thread. A build that was killed calls `start` again,
therefore each step first looks at what is already there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from provisioner.errors import BuildError
from provisioner.salesforce.redaction import redact

if TYPE_CHECKING:
    from provisioner.salesforce.grant import Grant
    from provisioner.salesforce.org import OrgClient


@dataclass(frozen=True)
class Done:
    """The step is complete; `note` goes into the event log (`installed Billing 1.2.0.3`)."""

    note: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What the step found out about the org: fields of its ledger row, such as `expires_at`."""


@dataclass(frozen=True)
class Pending:
    """Look again: `request_id` is written to the ledger before anything else happens."""

    request_id: str = ""
    note: str = ""
    wait: float = 2.0  # seconds of the platform's time until the next look makes sense


Outcome = Done | Pending

AGAIN = "again"
"""A request id that says: the last request ended without effect, `poll` is to start anew.

A step remembers it before it raises an error of class `transient` about a request that is over.
"""

REPLACE = "replace"
"""Kind of a StepFailed whose org is in doubt or half done, where another org may do well."""


def no_sign_in() -> Grant:
    """Stands where a context was made without a login; a step that wants one has a bug."""
    raise NotImplementedError("this context has no login")


class StepFailed(BuildError):  # noqa: N818 - the name of the field
    """A step failed: `message` names the reason, `details` further lines.

    `kind` is a class of `provisioner.salesforce.classes`, or REPLACE; `transient` asks the build
    to come again, as after a SalesforceError of that class. What looks like a credential is
    taken out of all texts.
    """

    default_code = "step_failed"

    def __init__(
        self, message: str, *, details: Iterable[str] = (), hint: str = "", kind: str = "content"
    ) -> None:
        super().__init__(redact(message), hint=hint)
        self.details = tuple(redact(line) for line in details)
        self.kind = kind


@dataclass(frozen=True)
class StepContext:
    """All that a step may use: the org's API, its user, and where relative paths start."""

    org: OrgClient
    username: str
    directory: Path  # the folder of pool.yaml
    definition: Mapping[str, Any] = field(default_factory=dict)
    org_id: str = ""  # 18 characters, as the ledger has it
    sign_in: Callable[[], Grant] = field(default=no_sign_in, repr=False)
    """A login as a consumer makes it: a fresh assertion, no session reused. For the proof."""
    remember: Callable[[str], None] = lambda _request_id: None
    """Commits a remote request id to the ledger at once; for steps with several requests."""
    memory: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the step knows beyond its request id; it ends with the step, or with this process."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time, by a clock that does not jump in mid-build."""


class Step(Protocol):
    """One kind of step. Instances hold the options of one entry of `pool.yaml`."""

    kind: ClassVar[str]

    def start(self, context: StepContext) -> Outcome:
        """Look what is there, then do the step or ask the platform for it."""

    def poll(self, context: StepContext, request_id: str) -> Outcome:
        """Look how the request `request_id` stands. Raises StepFailed when it failed."""

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """What the org's content depends on, for the fingerprint; never a secret."""
