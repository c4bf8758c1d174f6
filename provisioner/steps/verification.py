"""The verification: a login of the kind that a consumer makes, and a query of the org's identity.

It is the last step of every org, after which the org may be claimed. It has no entry in pool.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote_plus

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.api_errors import Call
from provisioner.salesforce.fields import nullable_moment, record_id
from provisioner.salesforce.ids import to_18
from provisioner.salesforce.query_pages import all_records
from provisioner.salesforce.retry_malformed import is_malformed, retry_malformed
from provisioner.salesforce.soql import select
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed

if TYPE_CHECKING:
    from provisioner.salesforce.session import OrgSession


@dataclass(frozen=True)
class Verification:
    """Logs in with a new session and reads the org's own record.

    Safe to run twice: it changes nothing.
    """

    kind: ClassVar[str] = "verification"

    def start(self, context: StepContext) -> Outcome:
        """Verify the org; its exact expiry goes into the ledger. Raises StepFailed, LoginError."""
        grant = context.sign_in()
        session = context.org.session.with_grant(grant)
        expires_at = verify_identity(session, context.org_id, context.org.api_version)
        changes: dict[str, Any] = {
            "proven_at": context.now(),
            "instance_url": grant.instance_url,
        }
        if expires_at:
            changes["expires_at"] = expires_at
        return Done("verified", changes)

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Nothing is ever pending: log in again."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """Nothing."""
        return ()


def verify_identity(session: OrgSession, org_id: str, api_version: str) -> datetime | None:
    """Query the org's id; returns the exact time of its expiry, None if it has none.

    `Organization.TrialExpirationDate` has a time of day, ScratchOrgInfo only a date
    (docs/reference/sign-up.md#expiry). Raises StepFailed when repeated queries return another id
    than `org_id`, and SalesforceError.
    """
    soql = select("Id, TrialExpirationDate", "Organization")
    path = f"/services/data/v{api_version}/query?q={quote_plus(soql)}"
    found = ""

    def read() -> datetime | None:
        nonlocal found
        (row,) = all_records(lambda page: _get(session, page), path) or [{}]
        found = record_id(row, "Id", prefix="00D")
        if org_id and found != to_18(org_id):
            raise MalformedAnswerError("it is another org")
        return nullable_moment(row, "TrialExpirationDate")

    try:
        return retry_malformed(session, Call(session.name, "GET", "query"), read)
    except SalesforceError as error:
        if not is_malformed(error):
            raise
        if found and org_id and found != to_18(org_id):
            text = f"the login opens org {found} instead of {org_id}"
            raise StepFailed(text, kind=ErrorKind.REPLACE) from None
        raise StepFailed("the org does not return its id", kind=ErrorKind.REPLACE) from None


def _get(session: OrgSession, path: str) -> Any:
    return session.request("GET", session.instance_url + path).json()
