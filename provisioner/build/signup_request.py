"""What a sign-up asks the Dev Hub for: the org definition, our username, our stamp."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from provisioner.salesforce.hub import SignUp

if TYPE_CHECKING:
    from provisioner.build.context import BuildContext
    from provisioner.ledger.base import Org


def sign_up_request(context: BuildContext, org: Org) -> SignUp:
    """The sign-up of one ledger row."""
    pool = context.config.pools[org.pool]
    definition = next(d for d in pool.definitions if d.name == org.definition)
    return SignUp(
        definition=definition.content,
        username=org.username,
        consumer_key=org.consumer_key,
        duration_days=pool.duration_days,
        stamp=stamp(org),
    )


def stamp(org: Org) -> str:
    """One line for ScratchOrgInfo.Description: tells ours from other people's orgs."""
    return json.dumps({"provisioner": {"pool": org.pool, "run": org.run}}, sort_keys=True)
