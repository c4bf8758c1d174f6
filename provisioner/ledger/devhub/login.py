"""The login to the Dev Hub that holds the ledger: one grant, renewed when its session has ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from provisioner.errors import LedgerError, LoginError
from provisioner.ledger.account import hub_credentials
from provisioner.salesforce.post import posting
from provisioner.salesforce.sign_in import SignIn

if TYPE_CHECKING:
    from provisioner.ledger.account import HubAccount
    from provisioner.salesforce.grant import Grant
    from provisioner.salesforce.http_client import HttpClient
    from provisioner.salesforce.server_clock import ServerClock


class HubLogin:
    """Logs in when it is first needed. Safe to use from several threads."""

    def __init__(self, account: HubAccount, client: HttpClient, clock: ServerClock) -> None:
        self._account = account
        self._post = posting(client.send)
        self._clock = clock
        self._lock = threading.Lock()
        self._sign_in = SignIn()
        self._grant: Grant | None = None

    def granted(self, ended: Grant | None = None) -> Grant:
        """The grant; a new one in place of `ended`, unless another thread has got it already.

        Raises ClockError where the login is refused and this machine's clock is wrong.
        Raises LoginError when the first login is refused. A later failure is a LedgerError, because
        a build takes a LoginError for a failure of an org.
        """
        with self._lock:
            if self._grant is None or self._grant is ended:
                try:
                    credentials = hub_credentials(self._account)
                    self._grant = self._sign_in(credentials, self._post, clock=self._clock)
                except LoginError as error:
                    if ended is None:
                        raise
                    raise _translated(error) from None
            return self._grant


def _translated(error: LoginError) -> LedgerError:
    """A later login failed."""
    if error.is_unreachable:
        text = f"the ledger on the Dev Hub cannot be reached: {error.message}"
        return LedgerError(text, code="ledger_unreachable", hint=error.hint)
    text = f"the Dev Hub of the ledger refuses a new login: {error.message}"
    return LedgerError(text, code="ledger_login", hint=error.hint)
