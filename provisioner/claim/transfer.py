"""Gives a claimed org to another user of the Dev Hub, who can then delete it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.builder.connections import Connections
from provisioner.errors import ClaimError, ErrorKind, ProvisionerError, SalesforceError, UsageError
from provisioner.salesforce import users
from provisioner.salesforce.org_owner import change_owner, owned_org
from provisioner.upkeep.hub_owner import is_given_by_claim, record_owner

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org

_HINTS = {
    "TRANSFER_REQUIRES_READ": "give {user} Read on Scratch Org Infos, and Read, Edit and Delete on "
    "Active Scratch Orgs",
    "INACTIVE_OWNER_OR_USER": "pass a user who is active",
}
_MAY_NOT = (
    "only the user who has signed the org up, or one with Modify All on Scratch Org Infos and "
    "Active Scratch Orgs, can give it away: use that user in dev_hub.username"
)


class Transfer:
    """Logs in to the Dev Hub and finds the user, so that a wrong name claims nothing.

    Close it, or use it as a context manager. Raises UsageError, LoginError, SalesforceError.
    """

    def __init__(self, pool_file: PoolFile, user: str) -> None:
        self.user = user
        self._builder = pool_file.dev_hub.username
        self._connections = Connections(pool_file)
        try:
            self._hub = self._connections.hub.client
            self._user_id = users.ids(self._hub, [user]).get(user.lower(), "")
        except ProvisionerError as error:
            self.close()
            error.message = f"--owner-user needs a login to the Dev Hub: {error.message}"
            raise
        if not self._user_id:
            self.close()
            raise UsageError(
                f"the Dev Hub has no user {user}; nothing was claimed",
                code="unknown_hub_user",
                hint="pass the username with which that person logs in to the Dev Hub",
            )

    def carry_out(self, ledger: Ledger, org: Org) -> Org:
        """Give the org to the user; its row. Does nothing if the user has it already.

        The ledger records it before it is sent. Raises UsageError when the Dev Hub refuses it, of
        kind TRANSIENT when the result is unknown.
        """
        found = owned_org(self._hub, org.username)
        if found is None:
            if is_given_by_claim(ledger, org, self.user):
                return org  # by an earlier try of this claim: then only its owner sees it
            raise UsageError(
                f"{self._builder} cannot see {org.username} on the Dev Hub, so it was not given to "
                f"{self.user}",
                code="owner_not_changed",
                hint=_MAY_NOT,
            )
        if found.owner_id[:15] == self._user_id[:15]:
            return org
        recorded = record_owner(ledger, org, self.user)
        if recorded is None:
            raise ClaimError(f"the claim of {org.username} has ended", code="claim_lost")
        try:
            change_owner(self._hub, found, self._user_id)
        except SalesforceError as error:
            raise self._failed(org, error) from None
        return recorded

    def _failed(self, org: Org, error: SalesforceError) -> UsageError:
        """An error of the use, of the same kind: the exit code is 2, or 9 without an answer."""
        if is_unknown(error):
            code, hint = error.code, error.hint
        else:
            code = "owner_not_changed"
            hint = _HINTS.get(error.error_code, _MAY_NOT).format(user=self.user)
        failed = UsageError(
            f"the Dev Hub does not give {org.username} to {self.user}: {error.message}",
            code=code,
            hint=hint,
        )
        failed.kind = error.kind
        return failed

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def is_unknown(error: BaseException) -> bool:
    """Whether the org may belong to the user after this error: no answer, or an interruption."""
    return not isinstance(error, ProvisionerError) or error.kind is ErrorKind.TRANSIENT
