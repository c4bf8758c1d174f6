"""Logs in to an org to find out whether it works, until when, and whether it is in use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import SalesforceError
from provisioner.salesforce.fields import nullable_moment
from provisioner.salesforce.soql import equals
from provisioner.steps.verification import verify_identity
from provisioner.upkeep.rebuild import Inspection

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.ledger.base import Org

OUR_LOGIN = timedelta(minutes=2)  # from our login to our query, with a difference of clocks


def inspect_org(connections: Connections, org: Org, since: datetime) -> Inspection:
    """Log in, verify the org, and query the logins of its user since a time.

    An org whose logins cannot be queried counts as in use. Raises LoginError, StepFailed,
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
        return Inspection(expires_at, is_in_use=True)
    seen = [at for at in times if at is not None]
    return Inspection(expires_at, is_in_use=not _are_ours(seen, connections.clock.now()))


def _are_ours(times: Sequence[datetime], now: datetime) -> bool:
    """Whether there is no login but, perhaps, the one that has just been made here."""
    return not times or (len(times) == 1 and abs(now - times[0]) < OUR_LOGIN)
