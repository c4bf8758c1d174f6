"""The login to the Dev Hub that holds the ledger: one grant, renewed when its session has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from provisioner.declare.secret import Secret
from provisioner.errors import LedgerError, LoginError
from provisioner.salesforce.audience import hub_rungs
from provisioner.salesforce.grant import App, Grant, sign_in
from provisioner.salesforce.keys import load_signing_key
from provisioner.salesforce.post import FORM
from provisioner.salesforce.reply import may_pass

if TYPE_CHECKING:
    from provisioner.ledger.account import HubAccount
    from provisioner.salesforce.http_client import HttpClient
    from provisioner.salesforce.reply import Reply
    from provisioner.salesforce.server_clock import ServerClock


_WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before the second try and those after it


class HubLogin:
    """Logs in when it is first needed. Safe to use from several threads."""

    def __init__(self, account: HubAccount, client: HttpClient, clock: ServerClock) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._app: App | None = None
        self._grant: Grant | None = None

    def granted(self, ended: Grant | None = None) -> Grant:
        """The grant; a new one in place of `ended`, unless another thread has got it already.

        Raises ClockError where the login is refused and this machine's clock is wrong.
        Raises LoginError when the first login is refused, and for whatever comes later
        LedgerError: to a build a LoginError means an org.
        """
        with self._lock:
            if self._grant is None or self._grant is ended:
                try:
                    self._grant = self._sign_in()
                except LoginError as error:
                    if ended is None:
                        raise
                    raise _told(error) from None
            return self._grant

    def _sign_in(self) -> Grant:
        account = self._account
        if self._app is None:
            key, passphrase = account.private_key, account.private_key_passphrase
            signing_key = load_signing_key(
                key.reveal() if isinstance(key, Secret) else key,
                passphrase.reveal() if passphrase else None,
            )
            self._app = App(account.consumer_key, signing_key)
        try:
            return sign_in(self._app, account.username, hub_rungs(account.login_url), self._post)
        except LoginError:
            self._clock.check()
            raise

    def _post(self, url: str, form: Mapping[str, str]) -> Reply:
        """Send the form of a login; it may be asked for twice."""
        for wait in _WAITS:
            try:
                reply = self._client.send("POST", url, FORM, urlencode(form).encode())
            except ConnectionError as error:
                if isinstance(error, ConnectionRefusedError):
                    raise
            else:
                if not may_pass(reply):
                    return reply
            time.sleep(wait)
        return self._client.send("POST", url, FORM, urlencode(form).encode())


def _told(error: LoginError) -> LedgerError:
    """A later login failed."""
    if error.is_unreachable:
        text = f"the Dev Hub that holds the ledger cannot be reached: {error.message}"
        return LedgerError(text, code="ledger_unreachable", hint=error.hint)
    text = f"the Dev Hub that holds the ledger refuses a new login: {error.message}"
    return LedgerError(text, code="ledger_login", hint=error.hint)
