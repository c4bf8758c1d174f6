"""The limits of a Dev Hub: how much remains, and the error when one is reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from provisioner.errors import ErrorKind, HubLimitError, SalesforceError
from provisioner.salesforce.fields import Row, integer, row_in

_MOST_ORGS = 1_000_000


@dataclass(frozen=True)
class HubLimits:
    """The limits of scratch orgs. Salesforce's figures lag, so they are estimates."""

    active_max: int
    active_remaining: int
    daily_max: int
    daily_remaining: int
    active_snapshots: int | None = None  # what remains; None where the Dev Hub does not say
    daily_snapshots: int | None = None


@dataclass(frozen=True)
class _Limit:
    """One limit: its code in `--json`, its name and its hint in messages."""

    code: str
    name: str
    hint: str


_ACTIVE = _Limit(
    "active_limit",
    "active scratch org limit",
    "delete scratch orgs that are not needed (`provisioner reap`), or lower the size of the pools",
)
_DAILY = _Limit(
    "daily_limit",
    "daily scratch org limit",
    "the Dev Hub counts the sign-ups of the last 24 hours; run the build again later",
)
_API = _Limit(
    "api_limit",
    "API request limit",
    "the Dev Hub counts the API calls of the last 24 hours; run the build again later",
)


@contextmanager
def limits_named() -> Iterator[None]:
    """Raise a HubLimitError that names the limit in place of a SalesforceError of kind LIMIT."""
    try:
        yield
    except SalesforceError as error:
        if error.kind is not ErrorKind.LIMIT:
            raise
        limit = _limit(error)
        raise HubLimitError(
            f"The Dev Hub's {limit.name} is reached ({error.message}).",
            code=limit.code,
            hint=limit.hint,
        ) from None


def _limit(error: SalesforceError) -> _Limit:
    """The limit of an error. Both sign-up limits have the same code.

    Source: docs/reference/sign-up.md#refused-requests.
    """
    if error.error_code == "REQUEST_LIMIT_EXCEEDED":
        return _API
    return _ACTIVE if "active scratch org" in error.message.lower() else _DAILY


READ_LIMITS = "View Setup and Configuration"
"""The permission that `/limits` needs (docs/reference/dev-hub.md#limits)."""


def is_refused(error: SalesforceError) -> bool:
    """Whether the user may not read the limits. How Salesforce says so is unknown."""
    return error.kind is ErrorKind.CONFIGURATION and not error.is_unreachable


def hub_limits(answer: Row) -> HubLimits:
    """The limits in the answer of `/limits`. Raises MalformedAnswerError."""
    active, daily = row_in(answer, "ActiveScratchOrgs"), row_in(answer, "DailyScratchOrgs")
    snapshots = [_remaining(answer, key) for key in ("ActiveOrgSnapshots", "DailyOrgSnapshots")]
    return HubLimits(*_limit_of(active), *_limit_of(daily), *snapshots)


def _remaining(answer: Row, key: str) -> int | None:
    """What remains of a limit that a Dev Hub may not have.

    Source: docs/reference/sign-up.md#snapshots.
    """
    return None if answer.get(key) is None else _limit_of(row_in(answer, key))[1]


def _limit_of(limit: Row) -> tuple[int, int]:
    """The maximum, and what remains of it."""
    most = integer(limit, "Max", most=_MOST_ORGS)
    return most, integer(limit, "Remaining", most=most)


def no_limits(org: str, answer: Row) -> SalesforceError | None:
    """The error for an org whose limits do not include scratch orgs; None otherwise."""
    if "ActiveScratchOrgs" in answer and "DailyScratchOrgs" in answer:
        return None
    return SalesforceError(
        f"{org}: its limits do not include scratch orgs",
        kind=ErrorKind.CONFIGURATION,
        hint=f"enable Dev Hub in Setup, and give the user {READ_LIMITS}",
    )
