"""What a step is: options declared in its own file, `start`, `poll`, and the states between them.

A build calls `start` when the row of an org holds no state of its current step, and `poll` with
that state when it does. Both send a few short requests and return: nothing sleeps in a step, so
that a slow org does not hold a thread. A build that follows a killed one calls `start` again,
therefore each step first reads what is already in the org.

Each kind of step has its own types of states. The ledger keeps a state as text: `text` of the
state writes it, `read_state` of the step reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from provisioner.errors import BuildError, ErrorKind
from provisioner.salesforce.redaction import redact

if TYPE_CHECKING:
    from provisioner.salesforce.grant import Grant
    from provisioner.salesforce.org import OrgClient


@dataclass(frozen=True)
class Done:
    """The step is complete; `note` says what it did (`installed 04t…`)."""

    note: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the org's ledger row that the step has read, such as `expires_at`."""
    warnings: tuple[str, ...] = ()
    """What people should know although the step succeeded; each is one line of the report."""
    output: str = ""
    """What a program has printed, for the report."""
    leaves: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """For the memory of the step that follows at once, in this process; it must do without, too."""


class StepState(Protocol):
    """What a step has to know at its next poll. A frozen dataclass, comparable by its fields."""

    def text(self) -> str:
        """The state as the ledger keeps it: 1 to `LONGEST_STATE` characters, never a secret.

        Earlier and later versions read it, too: a format that was released stays readable.
        """


@dataclass(frozen=True)
class StartAgain:
    """No request is pending, because the last one ended without effect: `poll` starts the step.

    A step remembers it before it raises a transient error about a request that has ended.
    """

    def text(self) -> str:
        """`again`."""
        return "again"


UNAVAILABLE = "package_unavailable"
"""The code of a transient error that is waited for until the timeout of the step."""

LONGEST_STATE = 16_000
"""Characters. A row on the Dev Hub has 32,768 for its fields in all."""


@dataclass(frozen=True)
class Pending:
    """Poll again: `state` is written to the ledger before anything else happens."""

    state: StepState
    note: str = ""
    wait: float = 2.0
    """Seconds of the platform's time until a first poll is useful, where nothing else is known.

    The build decides when it polls, by how long such operations have taken
    (`provisioner.builder.poll_times`). 0: the step has more to do, and only lets others run.
    """
    operation: str = ""
    """What is awaited, in a step that awaits several things one after the other."""
    phase: str = ""
    """What Salesforce says of it, such as `InProgress`: the rest is expected by it."""
    is_progress: bool = False  # the note says how far the step is, and is shown when it changes


Outcome = Done | Pending


def no_sign_in() -> Grant:
    """The `sign_in` of a context that was made without a login."""
    raise NotImplementedError("this context has no login")


def no_sign_in_as(username: str) -> Grant:
    """The `sign_in_as` of a context that was made without a login."""
    raise NotImplementedError(f"this context has no login for {username}")


class FirstLogin(Protocol):
    """The first session of an org that was signed up without an app of the Dev Hub."""

    def sign_in(self, consumer_key: str) -> Grant:
        """A login of the kind that a consumer makes, by this key. Raises LoginError."""

    def revoke(self) -> None:
        """End the first session. Raises SalesforceError."""

    @property
    def is_overdue(self) -> bool:
        """Whether a new app should be usable by now."""


class SnapshotSource(Protocol):
    """What the marker `snapshot` needs of the Dev Hub, for the org in which it runs."""

    @property
    def name(self) -> str:
        """The name of the snapshot."""

    def is_chosen(self) -> bool:
        """Whether this org is the one whose content is kept; no other org gets True then."""

    def request(self, org: OrgClient, org_id: str) -> str:
        """The id of the snapshot: of one with this name, or a new one. Raises SalesforceError."""

    def status(self, snapshot_id: str) -> tuple[str, str]:
        """Status and error of the snapshot; "" if there is none. Raises SalesforceError."""

    def made(self) -> None:
        """The snapshot is Active."""

    def failed(self, why: str) -> None:
        """There will be no snapshot in this build."""


class StepFailed(BuildError):  # noqa: N818 - the name of the field
    """A step failed: `message` names the reason, `details` further lines.

    After one of kind TRANSIENT the build retries the step, as after a SalesforceError of that kind.
    After one of kind REPLACE the org's content is incomplete or unknown, and another org may
    succeed. What looks like a credential is removed from all texts.
    """

    default_code = "step_failed"

    def __init__(
        self,
        message: str,
        *,
        details: Iterable[str] = (),
        hint: str = "",
        kind: ErrorKind = ErrorKind.CONTENT,
    ) -> None:
        super().__init__(redact(message), hint=hint)
        self.details = tuple(redact(line) for line in details)
        self.kind = kind


class OutcomeUnknown(StepFailed):
    """It is unknown whether a request of the step took effect, so the org is replaced."""

    default_code = "outcome_unknown"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, kind=ErrorKind.REPLACE)


def state_text(state: StepState) -> str:
    """The text of a state, for the ledger. Raises StepFailed for one that is empty or too long."""
    text = state.text()
    if not 0 < len(text) <= LONGEST_STATE:
        raise StepFailed(
            f"the state of the step has {len(text):,} characters; "
            f"the ledger accepts 1 to {LONGEST_STATE:,}"
        )
    return text


@dataclass(frozen=True)
class StepContext:
    """What a step may use: the org's API, its user, and the folder of relative paths."""

    org: OrgClient
    username: str
    directory: Path  # the folder of pool.yaml
    definition: Mapping[str, Any] = field(default_factory=dict)
    org_id: str = ""  # 18 characters, as the ledger has it
    sign_in: Callable[[], Grant] = field(default=no_sign_in, repr=False)
    """A login of the kind that a consumer makes: a new assertion, no session reused."""
    sign_in_as: Callable[[str], Grant] = field(default=no_sign_in_as, repr=False)
    """The same for another user of the org, by username. Raises LoginError."""
    has_own_app: bool = False  # that the build has deployed; else it has a copy of the Dev Hub's
    users: tuple[Mapping[str, str], ...] = ()
    """Those that earlier steps have created: `persona` and `username` of each."""
    snapshot_source: SnapshotSource | None = field(default=None, repr=False)
    """Only for the marker `snapshot`, where a snapshot can be made."""
    compare_with_source: Callable[[OrgClient], list[str]] | None = field(default=None, repr=False)
    """Only in the first org of a snapshot: the differences between its source and an org."""
    first_login: FirstLogin | None = field(default=None, repr=False)
    """Only for the login app, while `org` is the first session."""
    remember: Callable[[StepState], None] = lambda _state: None
    """Commits a state to the ledger at once; for steps with several requests."""
    memory: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the step knows beyond its state; it is dropped after the step and with this process.

    What has a method `close` is closed then, also when the step fails or takes too long.
    """
    output: Path | None = None
    """The beginning of the paths of files that the step writes for people; it names org and step.

    Such files may contain the user's data, but no secret. None: nobody reads them.
    """
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time, by a clock that does not jump during the build."""


class Step(Protocol):
    """One kind of step. Instances hold the options of one entry of `pool.yaml`.

    Three attributes are optional, and false without a declaration: `is_repeatable`, whether `start`
    may run again in an org where the step has failed (`retry` needs it); `is_atomic`, whether the
    step has changed nothing in an org where its content is refused; and `takes_real_time`, whether
    the step works on this machine, where a rehearsal is not faster than a build. So are the
    methods `components` and `needs` of `provisioner.steps.components`, which `check` compares.
    """

    kind: ClassVar[str]

    def start(self, context: StepContext) -> Outcome:
        """Read what the org has, then do the step or request it from Salesforce."""

    def poll(self, context: StepContext, state: Any) -> Outcome:
        """Continue from `state`, which `read_state` returned. Raises StepFailed."""

    def read_state(self, text: str) -> Any:
        """The state that `text` describes, of the type that `poll` takes.

        For a text that is none of this step's: `StartAgain` where that is safe; else it raises
        StepFailed of kind REPLACE.
        """

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """What the org's content depends on, for the fingerprint; never a secret."""
