"""All active scratch orgs and pending sign-ups of a Dev Hub, with their descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioner.salesforce.fields import LONGEST_AREA, Row, nullable_text
from provisioner.salesforce.signup_status import SignUpStatus, sign_up_status

if TYPE_CHECKING:
    from provisioner.salesforce.hub import DevHub

BATCH = 200  # records of one collection call (docs/reference/http.md#collections)
_QUERY = (
    "SELECT Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, "
    "SignupInstance, ExpirationDate, Description FROM ScratchOrgInfo "
    "WHERE Status NOT IN ('Deleted', 'Error')"
)


@dataclass(frozen=True)
class ActiveOrg:
    """A sign-up that is active or pending, of any user of the Dev Hub."""

    sign_up: SignUpStatus
    description: str  # its last line is the ownership tag, when the org has one

    @property
    def is_signed_up(self) -> bool:
        """Whether the org is active. Otherwise its sign-up is pending."""
        return self.sign_up.status == "Active"

    @property
    def username(self) -> str:
        """Lower case; "" while the Dev Hub does not return it."""
        return self.sign_up.username

    @property
    def expiration_date(self) -> date | None:
        """The day on which the org expires."""
        return self.sign_up.expiration_date


def active_orgs(hub: DevHub) -> list[ActiveOrg]:
    """All that the user may see, in one query. AuthCode is a credential and never selected.

    A row that stays malformed is left out. A caller that misses an org queries it by its id.
    """
    return hub.readable(_QUERY, _active_org, lambda _: None)


def describe(hub: DevHub, descriptions: Mapping[str, str]) -> None:
    """Write descriptions by ScratchOrgInfo id, 200 in one request.

    A row whose update is refused keeps its old description. Raises SalesforceError.
    """
    records = [
        {"attributes": {"type": "ScratchOrgInfo"}, "id": key, "Description": text}
        for key, text in descriptions.items()
    ]
    for start in range(0, len(records), BATCH):
        batch = {"allOrNone": False, "records": records[start : start + BATCH]}
        hub.client.call("PATCH", "composite/sobjects", json=batch, is_repeatable=True)


def _active_org(row: Row) -> ActiveOrg:
    description = nullable_text(row, "Description", longest=LONGEST_AREA)
    return ActiveOrg(sign_up_status(row), description)
