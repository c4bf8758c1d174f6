"""Translates refusals of the Dev Hub into errors that name the permission and what to do now."""

from __future__ import annotations

import re
from collections.abc import Collection

from provisioner.errors import ErrorKind, LedgerError, RowValueError
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.redaction import one_line, redact

BUILDER, CONSUMER = "Provisioner_Builder", "Provisioner_Consumer"
"""The permission sets of `provisioner hub install`; the first allows all of the second."""

_PERMISSION = frozenset(
    {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",  # no Create on the object
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD",  # a hidden field does not exist for the user
        "INVALID_FIELD_FOR_INSERT_UPDATE",  # a read-only one cannot be written
        "INVALID_TYPE",  # no Read on the object, or no such object: the words are the same
        "NOT_FOUND",
    }
)


_ABOUT_VALUES = frozenset(
    {
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "JSON_PARSER_ERROR",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
    }
)
"""Codes of a write with a value that a field does not accept; the ledger itself works."""

_NOISE = re.compile(
    r"\A.*ERROR at Row:\d+:Column:\d+"  # the query, and where in it
    r"|\. If you are attempting to use a custom .*\Z"
    r"|\. Please check the security settings of .*\Z",
    re.DOTALL,
)
"""Parts that the platform adds to a message about a query."""

_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})


class RefusedError(Exception):
    """The Dev Hub answered with an error."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"HTTP {status} {code}")
        self.status = status
        self.code = code
        self.text = one_line(redact(_NOISE.sub("", text)))

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed when it is repeated."""
        return classify(self.status, self.code, self.text, is_hub=True) is ErrorKind.TRANSIENT

    @property
    def is_gone(self) -> bool:
        """Whether a record that was named by its id no longer exists."""
        return self.code in _GONE

    @property
    def is_about_permissions(self) -> bool:
        """Whether a missing permission, object or field may be the cause."""
        return self.code in _PERMISSION

    def __str__(self) -> str:
        """The message of the Dev Hub."""
        return f"{self.code}: {self.text}" if self.code else f"HTTP {self.status}: {self.text}"


class LostError(Exception):
    """No answer came; the Dev Hub may have acted."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class LockLostError(Exception):
    """The record of our builder lock is gone: another build has taken over."""


def missing_permission(
    user: str, needed: str, refused: RefusedError, installed: Collection[str], has: Collection[str]
) -> LedgerError:
    """The error for a refusal that the permission set `needed` prevents.

    `installed` are the permission sets that the Dev Hub has, `has` those of the user.
    """
    if not installed:
        return LedgerError(
            f"the Dev Hub of {user} has no ledger, or the user lacks the permission set {needed} "
            f"({refused})",
            code="hub_not_installed",
            hint="ask an administrator of the Dev Hub to run: provisioner hub install",
        )
    if needed not in has and BUILDER not in has:
        option = "--builder" if needed == BUILDER else "--consumer"
        return LedgerError(
            f"the Dev Hub user {user} lacks the permission set {needed} ({refused})",
            code="hub_permission",
            hint="ask an administrator of the Dev Hub to run: "
            f"provisioner hub install {option} {user}",
        )
    return LedgerError(
        f"the ledger on the Dev Hub does not match this version of provisioner ({refused})",
        code="hub_outdated",
        hint="ask an administrator of the Dev Hub to run: provisioner hub install",
    )


def failure(name: str, refused: RefusedError) -> LedgerError:
    """The error for a refusal that has nothing to do with permissions.

    Also the API limit is a LedgerError here: to a build a HubLimitError means its sign-ups.
    """
    if refused.code == "STORAGE_LIMIT_EXCEEDED":
        return LedgerError(
            f"{name}: the Dev Hub's data storage is full",
            code="hub_storage",
            hint="delete unneeded records in the Dev Hub; each build also deletes old events",
        )
    if refused.code in _ABOUT_VALUES:
        return RowValueError(f"{name} cannot store a value: {refused}")
    if classify(refused.status, refused.code, refused.text) is ErrorKind.LIMIT:
        return LedgerError(
            f"{name}: the Dev Hub's API request limit is reached ({refused})",
            code="api_limit",
            hint="the Dev Hub limits the API calls in 24 hours; try again later",
        )
    return LedgerError(
        f"{name}: {refused}",
        hint="try again; https://status.salesforce.com shows whether Salesforce has an incident",
    )


def unreachable(name: str, why: str) -> LedgerError:
    """The error when no request was answered."""
    return LedgerError(
        f"{name} does not answer: {why}",
        code="ledger_unreachable",
        hint="check the network, then try again: a claim with --idempotency-key may be repeated",
    )


def contended(name: str, what: str) -> LedgerError:
    """The error when other claims were faster each time."""
    return LedgerError(f"{name}: {what}", code="ledger_contended", hint="try again")


def lock_lost(name: str) -> LedgerError:
    """The error of a build whose lock another has taken."""
    return LedgerError(
        f"this build has lost its lock on {name}: another build holds it now; "
        "nothing more is written",
        code="ledger_lock_lost",
        hint="run `provisioner build` again to resume",
    )
