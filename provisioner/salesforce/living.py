"""All scratch orgs that live or may yet come to life, with what their descriptions say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioner.salesforce.fields import LONGEST_AREA, Row, nullable_text
from provisioner.salesforce.signup_status import SignUpStatus, sign_up_status

if TYPE_CHECKING:
    from provisioner.salesforce.hub import DevHub

BATCH = 200  # records that one collection call takes (docs/reference/http.md#collections)
_QUERY = (
    "SELECT Id, Username, SignupUsername, Status, ErrorCode, ScratchOrg, LoginUrl, "
    "SignupInstance, ExpirationDate, Description FROM ScratchOrgInfo "
    "WHERE Status NOT IN ('Deleted', 'Error')"
)


@dataclass(frozen=True)
class LivingOrg:
    """A sign-up that is active, or may become so; whoever made it."""

    sign_up: SignUpStatus
    description: str  # its last line is the stamp, if the org is one of ours

    @property
    def is_active(self) -> bool:
        """Whether the org is there; else it is still being signed up."""
        return self.sign_up.status == "Active"

    @property
    def username(self) -> str:
        """Lower case; "" where the Dev Hub does not tell it yet."""
        return self.sign_up.username

    @property
    def expiration_date(self) -> date | None:
        """The day on which the org ends."""
        return self.sign_up.expiration_date


def living_orgs(hub: DevHub) -> list[LivingOrg]:
    """All that the user may see, in one query; AuthCode is a credential and never selected.

    A row that stays malformed is left out: whoever misses an org asks for it by its id.
    """
    return hub.readable(_QUERY, _living, lambda _: None)


def describe(hub: DevHub, descriptions: Mapping[str, str]) -> None:
    """Write descriptions, by ScratchOrgInfo id: one request for every 200.

    A row that is refused keeps its old description. Raises SalesforceError.
    """
    records = [
        {"attributes": {"type": "ScratchOrgInfo"}, "id": key, "Description": text}
        for key, text in descriptions.items()
    ]
    for start in range(0, len(records), BATCH):
        batch = {"allOrNone": False, "records": records[start : start + BATCH]}
        hub.client.call("PATCH", "composite/sobjects", json=batch, is_repeatable=True)


def _living(row: Row) -> LivingOrg:
    description = nullable_text(row, "Description", longest=LONGEST_AREA)
    return LivingOrg(sign_up_status(row), description)
