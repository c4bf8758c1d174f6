"""What the Dev Hub has of the app: whether it is there, whether it is ours, its settings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import SalesforceError, UsageError
from provisioner.salesforce.external_client_app import SETTINGS_TYPE, settings_name
from provisioner.salesforce.fields import nullable_text, record_id
from provisioner.salesforce.metadata_retrieve import AppSettings, retrieved_settings, start_retrieve
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.fields import Row
    from provisioner.salesforce.org import OrgClient

NAME = "ProvisionerHub"
"""API name of the app, its permission set, and the prefix of its other parts."""

LABEL = "Provisioner hub"
SET_DESCRIPTION = (
    "For the user of the build: logs in through the app Provisioner hub, and creates and deletes "
    "scratch orgs. Managed by `provisioner hub app`."
)
_POLLS = 300
_POLL = 2.0  # seconds


@dataclass(frozen=True)
class Found:
    """The ids of the app and of its permission set; "" for the one that is missing."""

    app: str
    permission_set: str

    def __bool__(self) -> bool:
        return bool(self.app or self.permission_set)


def find(org: OrgClient) -> Found:
    """The app and its permission set.

    Raises UsageError when one of that name is not ours: a deploy would overwrite it.
    """
    apps = _rows(org, "ExternalClientApplication", "MasterLabel", equals("DeveloperName", NAME))
    where = f"{equals('Name', NAME)} AND IsOwnedByProfile = false AND NamespacePrefix = null"
    sets = _rows(org, "PermissionSet", "Description", where)
    for kind, found, ours in (
        ("External Client App", apps, LABEL),
        ("permission set", sets, SET_DESCRIPTION),
    ):
        if any(text != ours for _, text in found):
            raise UsageError(
                f"the Dev Hub has an {kind} {NAME}".replace("an p", "a p")
                + ", which provisioner did not create; nothing was changed",
                code="name_taken",
                hint=f"rename or delete that {kind} in Setup, then run the command again",
            )
    return Found(*(next((key for key, _ in rows), "") for rows in (apps, sets)))


def _rows(org: OrgClient, sobject: str, field: str, where: str) -> list[tuple[str, str]]:
    def read(row: Row) -> tuple[str, str]:
        return record_id(row, "Id"), nullable_text(row, field)

    return org.query_as(select(f"Id, {field}", sobject, where), read)


def settings(org: OrgClient, *, time_scale: float) -> AppSettings:
    """Consumer key and certificate of the app, by a metadata retrieve. Raises SalesforceError."""
    retrieve = start_retrieve(org, SETTINGS_TYPE, settings_name(NAME))
    for _ in range(_POLLS):
        found = retrieved_settings(org, retrieve)
        if found is not None:
            return found
        time.sleep(_POLL * time_scale)
    raise SalesforceError(
        f"{org.name}: the retrieve {retrieve} of the app's consumer key does not end",
        hint="run the command again",
    )
