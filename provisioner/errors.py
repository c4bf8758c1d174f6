"""All errors that users see, with their exit codes, codes, hints and kinds.

ProvisionerError                          1  a bug in provisioner, when raised itself
├── UsageError                            2  a wrong option, an unknown pool
│   ├── ConfigError                       2  problems in pool.yaml, all of them at once
│   ├── LedgerError                       2  the ledger cannot be read or written
│   │   └── RowValueError                 2  it cannot store a value of one row
│   ├── ClockError                        2  the clock of this machine is wrong
│   └── AccessError                       2  `serve` or `mcp` refuses a person, a job or an agent
├── NoOrgError                            3  no scratch org available, or no such username
├── HubLimitError                         4  a Dev Hub limit
├── LoginError                            5  Salesforce refused the login
├── BuildError                            6  fewer orgs were built than wanted
│   └── SalesforceError                   6  a call to Salesforce failed
├── ClaimError                            7  the claim belongs to another owner, or is lost
├── BusyError                             8  another build holds a pool or the ledger
└── Interrupted                         130  Ctrl-C, SIGTERM or SIGHUP; state saved

The class of an error determines its exit code. `code` is the stable word that `--json` prints and
scripts may test, `hint` says what the user can do, and `kind` what the caller can do. The text of
an error never contains a secret.

An error of any class whose `code` is in UNREACHABLE has the exit code 9 instead: Salesforce, or the
database of the ledger, could not be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

UNREACHABLE = frozenset({"unreachable", "ledger_unreachable", "tls_certificate", "proxy_refused"})
"""Codes of errors without an answer: no such host, connection refused, no connection through a
proxy or over TLS, no answer in time, connection lost."""


class ErrorKind(StrEnum):
    """What a caller may do about an error.

    For errors of Salesforce, `provisioner.salesforce.error_kinds` decides.
    """

    TRANSIENT = "transient"  # passes by itself: read the current state, then send again
    LIMIT = "limit"  # an allowance is used up until Salesforce resets it
    CONFIGURATION = "configuration"  # the org, its app or a permission must be set up differently
    CONTENT = "content"  # the request is wrong: sent again, it fails again
    GONE = "gone"
    """The error of a deleted or expired org. An active org returns the same error in maintenance
    or before it is ready, so it counts as transient until the Dev Hub reports the org as deleted
    (`DevHub.gone`)."""
    REPLACE = "replace"  # the org's content is incomplete or unknown; another org may succeed


class ProvisionerError(Exception):
    """The root of the tree: `message` says what happened, `hint` what to do now."""

    exit_code: int = 1
    kind: ErrorKind = ErrorKind.CONTENT
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        if self.is_unreachable:
            self.exit_code = 9

    def as_json(self) -> dict[str, str]:
        """The error as `--json` prints it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    @property
    def is_unreachable(self) -> bool:
        """Whether no answer was received."""
        return self.code in UNREACHABLE


class UsageError(ProvisionerError):
    """The command line has a wrong option, or names something that does not exist."""

    exit_code = 2
    default_code = "usage"


@dataclass(frozen=True, order=True)
class Problem:
    """One problem in a file: its location, its key, and what to write instead."""

    file: str
    line: int
    column: int
    key_path: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        """`FILE:LINE:COLUMN: key.path: what is wrong`, as editors and CI systems parse it."""
        kind = "warning: " if self.is_warning else ""
        key = f"{self.key_path}: " if self.key_path else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{key}{self.message}"


class ConfigError(UsageError):
    """pool.yaml, or a file that it names, is wrong. `problems` has all problems found."""

    default_code = "config"

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        super().__init__("\n".join(map(str, problems)), hint=hint)
        self.problems = problems


class LedgerError(UsageError):
    """The ledger is unreadable, read-only, locked for too long, or of a newer version."""

    default_code = "ledger"


class RowValueError(LedgerError):
    """The ledger cannot store a value of one row. In a build, only that org fails."""

    default_code = "ledger_value"


class ClockError(UsageError):
    """The clocks of this machine and of Salesforce differ, so orgs cannot be judged by age."""

    default_code = "clock"


class AccessError(UsageError):
    """A person, a CI job or an agent may not do this. `serve` and `mcp` raise it."""

    default_code = "forbidden"


class NoOrgError(ProvisionerError):
    """No scratch org is available, or the username is not in the ledger."""

    exit_code = 3
    default_code = "no_org_available"


class HubLimitError(ProvisionerError):
    """The Dev Hub's daily or active scratch org limit (or its API limit) is reached."""

    exit_code = 4
    kind = ErrorKind.LIMIT
    default_code = "hub_limit"


class LoginError(ProvisionerError):
    """Salesforce refused the login, or could not be reached for it (see UNREACHABLE).

    `is_transient` is true for refusals that pass by themselves shortly after a sign-up. The kind
    is TRANSIENT for those, and CONFIGURATION for all others.
    """

    exit_code = 5
    default_code = "login_refused"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str = "", is_transient: bool = False
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.kind = ErrorKind.TRANSIENT if is_transient else ErrorKind.CONFIGURATION

    @property
    def is_transient(self) -> bool:
        """Whether the same login may succeed later."""
        return self.kind is ErrorKind.TRANSIENT


class BuildError(ProvisionerError):
    """Fewer orgs were built than `pool.yaml` wants."""

    exit_code = 6
    default_code = "built_fewer"


class ClaimError(ProvisionerError):
    """The org is claimed by another owner, or the claim was lost."""

    exit_code = 7
    default_code = "not_yours"


class BusyError(ProvisionerError):
    """Another build holds a pool, or the ledger."""

    exit_code = 8
    default_code = "build_running"


class Interrupted(ProvisionerError):  # noqa: N818 - an event, not a fault
    """Ctrl-C, SIGTERM or SIGHUP: work in progress is in the ledger; a build resumes it."""

    exit_code = 130
    default_code = "interrupted"


class SalesforceError(BuildError):
    """A call to Salesforce returned an error, or got no answer.

    `status` is the HTTP status (0: no answer), `error_code` the code of Salesforce
    (`UNABLE_TO_LOCK_ROW`), `kind` what `provisioner.salesforce.error_kinds` says about both.
    """

    default_code = "salesforce"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        error_code: str = "",
        kind: ErrorKind = ErrorKind.CONTENT,
        hint: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status
        self.error_code = error_code
        self.kind = kind


STOPS = (ClockError, LedgerError)
"""Errors that are not about one org: they stop the build, and the next build resumes."""
