"""SourceMember (Tooling): the changes of a scratch org, after deploys that are due.

Source: docs/reference/clients.md#source-tracking.
"""

from __future__ import annotations

from provisioner.emulator.metadata.setup_queue import settle
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.hooks import QueryView, on_query


@on_query("SourceMember")
def _settle(org: EmulatedOrg, _view: QueryView) -> None:
    """Finish deploys that are due, so that their changes are included."""
    settle(org)
