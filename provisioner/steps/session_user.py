"""The user of an org's session, whom steps assign permissions to."""

from __future__ import annotations

from provisioner.errors import ErrorKind
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.soql import equals, select
from provisioner.steps.base import StepContext, StepFailed


def session_user_id(context: StepContext) -> str:
    """The id of the session's user: from the login, else from a query."""
    if context.org.user_id:
        return context.org.user_id
    soql = select("Id", "User", equals("Username", context.username))
    found = context.org.query_as(soql, lambda row: record_id(row, "Id", prefix="005"))
    if not found:
        raise StepFailed(f"the org has no user {context.username}", kind=ErrorKind.REPLACE)
    return found[0]
