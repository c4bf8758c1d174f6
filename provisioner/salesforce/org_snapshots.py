"""Org snapshots of a Dev Hub: find, create, read and delete them.

Source: docs/reference/sign-up.md#snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.deletion import Deletion
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    nullable_day,
    nullable_id,
    nullable_text,
    record_id,
    text,
)
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.soql import equals, literal, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

PREFIX = "0Oo"  # of the ids
LONGEST_DESCRIPTION = 255
BATCH = 200  # records of one collection call (docs/reference/http.md#collections)

_FIELDS = "Id, SnapshotName, Status, SourceOrg, Description, ExpirationDate, Error"
_FAILED = frozenset({"Error", "Expired"})
_OFF_OR_NO_RIGHT = frozenset({"INVALID_TYPE", "NOT_FOUND"})
_NO_RIGHT = frozenset(
    {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    }
)
_RIGHTS = "give the user Read, Create and Delete on Org Snapshots"
_ENABLE = f"enable Scratch Org Snapshots in Setup of the Dev Hub (Scratch Orgs), or {_RIGHTS}"


@dataclass(frozen=True)
class OrgSnapshot:
    """An org snapshot that the user may see."""

    id: str
    name: str
    status: str  # New, Pending, In Progress, Active, Error, Expired
    source_org: str  # org id; "" where the Dev Hub does not give it
    description: str
    expires: date | None  # None until it is active
    error: str  # why it failed

    @property
    def is_active(self) -> bool:
        """Whether orgs can be signed up from it."""
        return self.status == "Active"

    @property
    def has_failed(self) -> bool:
        """Whether no org can be signed up from it, now or later."""
        return self.status in _FAILED

    @property
    def is_pending(self) -> bool:
        """Whether it is still made: any status that is not known is one of these."""
        return not (self.is_active or self.has_failed)


class OrgSnapshots:
    """The snapshots of one Dev Hub. Every method raises SalesforceError or LoginError.

    Where org snapshots are off, or the user has no right to them, its code is
    `snapshots_unavailable`.
    """

    def __init__(self, client: OrgClient) -> None:
        self._client = client

    def named(self, prefix: str) -> list[OrgSnapshot]:
        """All that the user may see whose names start with `prefix`, in any case: one query."""
        return self._found(f"SnapshotName LIKE {literal(prefix + '%')}")

    def read(self, snapshot_id: str) -> OrgSnapshot | None:
        """The snapshot with this id; None if it was deleted. One query."""
        return next(iter(self._found(equals("Id", snapshot_id))), None)

    def create(self, name: str, source_org: str, description: str) -> str:
        """Request a snapshot of a scratch org. Returns its id (0Oo…).

        `name` has at most 15 letters and digits. After an error of kind TRANSIENT the Dev Hub may
        have the request: find it by its name before sending it again.
        """
        fields = {
            "SourceOrg": source_org,
            "SnapshotName": name,
            "Description": description[:LONGEST_DESCRIPTION],
            "Content": "metadatadata",  # the only value that the Salesforce CLI sends
        }
        with _explained(name):
            return self._client.create("OrgSnapshot", fields, prefix=PREFIX)

    def delete(self, ids: Sequence[str]) -> list[str]:
        """Delete snapshots, 200 in one request. Returns why some were not deleted.

        One that does not exist counts as deleted.
        """
        refusals: list[str] = []
        for start in range(0, len(ids), BATCH):
            batch = list(ids[start : start + BATCH])
            results = self._client.delete_many(batch)
            pairs = zip(batch, results, strict=True)
            refusals += [
                f"{snapshot_id}: {answer.refusal}"
                for snapshot_id, answer in ((key, Deletion.of(key, one)) for key, one in pairs)
                if answer.refusal
            ]
        return refusals

    def _found(self, condition: str) -> list[OrgSnapshot]:
        with _explained(""):
            return self._client.query_as(select(_FIELDS, "OrgSnapshot", condition), _snapshot)


def _snapshot(record: Row) -> OrgSnapshot:
    return OrgSnapshot(
        id=record_id(record, "Id", prefix=PREFIX),
        name=text(record, "SnapshotName"),
        status=text(record, "Status"),
        source_org=nullable_id(record, "SourceOrg", prefix="00D"),
        description=nullable_text(record, "Description", longest=LONGEST_AREA),
        expires=nullable_day(record, "ExpirationDate"),
        error=one_line(redact(nullable_text(record, "Error", longest=LONGEST_AREA))),
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say in an error of OrgSnapshot what would help."""
    try:
        yield
    except SalesforceError as error:
        if error.kind is not ErrorKind.TRANSIENT:
            _explain(error, name)
        raise


def _explain(error: SalesforceError, name: str) -> None:
    if error.error_code in _OFF_OR_NO_RIGHT or error.error_code in _NO_RIGHT:
        error.kind, error.code = ErrorKind.CONFIGURATION, "snapshots_unavailable"
        error.hint = _RIGHTS if error.error_code in _NO_RIGHT else _ENABLE
    elif error.error_code == "DUPLICATE_VALUE":
        error.hint = f"the Dev Hub has a snapshot {name} that this user may not see; delete it, or "
        error.hint += "give the user View All on Org Snapshots"
    elif error.error_code == "LIMIT_EXCEEDED":
        error.code = "snapshot_limit"
        error.hint = _limit_hint(error.message)


def _limit_hint(message: str) -> str:
    """What helps when an allowance is used up. Both have the same error code."""
    if "daily" in message.lower():
        return "the Dev Hub allows no more snapshots today; a later build makes this one"
    return (
        "delete org snapshots that are not needed (`sf org list snapshot`, "
        "`sf org delete snapshot`)"
    )
