"""What a sign-up asks the Dev Hub for: the org definition, our username, our ownership tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.salesforce.definition import definition_from_snapshot
from provisioner.salesforce.hub import SignUp
from provisioner.upkeep.ownership_tag import tag_of

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.ledger.base import Org


def sign_up_request(context: BuildContext, org: Org) -> SignUp:
    """The sign-up of one ledger row."""
    pool = context.config.pools[org.pool]
    definition = pool.definition(org.definition)
    if org.snapshot:
        definition = definition_from_snapshot(definition, org.snapshot)
    return SignUp(
        definition=definition,
        username=org.username,
        consumer_key=org.consumer_key,
        duration_days=pool.duration_days,
        ownership_tag=tag_of(context.config, org).line(),
    )
