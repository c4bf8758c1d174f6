"""Enters an org to see whether it lives, until when, and whether somebody else was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import SalesforceError
from provisioner.salesforce.fields import nullable_moment
from provisioner.salesforce.soql import equals
from provisioner.steps.verification import verify_identity
from provisioner.upkeep.rebuild import Entry

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.ledger.base import Org

OUR_LOGIN = timedelta(minutes=2)  # between our login and our look at the list, clocks included


def enter(connections: Connections, org: Org, since: datetime) -> Entry:
    """Log in, prove the org, and look for logins of its user since a time.

    An org that does not tell of its logins counts as in use. Raises LoginError, StepFailed,
    SalesforceError.
    """
    client = connections.org(org)
    expires_at = verify_identity(client.session, org.org_id, client.api_version)
    moment = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    soql = (
        f"SELECT LoginTime FROM LoginHistory WHERE {equals('UserId', client.user_id)} "  # noqa: S608 - SOQL, quoted
        f"AND LoginTime > {moment} ORDER BY LoginTime DESC LIMIT 2"
    )
    try:
        times = client.query_as(soql, lambda row: nullable_moment(row, "LoginTime"))
    except SalesforceError:
        return Entry(expires_at, is_in_use=True)
    seen = [at for at in times if at is not None]
    return Entry(expires_at, is_in_use=not _are_ours(seen, connections.clock.now()))


def _are_ours(times: Sequence[datetime], now: datetime) -> bool:
    """Whether there is no login but, perhaps, the one that has just been made to look."""
    return not times or (len(times) == 1 and abs(now - times[0]) < OUR_LOGIN)
