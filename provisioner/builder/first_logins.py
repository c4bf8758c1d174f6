"""The first sessions of orgs that are signed up without an app of the Dev Hub. Memory only.

Their one-time codes and tokens are credentials that no file may hold, so they are lost with this
process; `provisioner.builder.lost_sessions` replaces the orgs that are left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.org_credentials import org_login_url
from provisioner.salesforce.app_keys import PLATFORM_CLI
from provisioner.salesforce.authorization_code import FirstSession, exchange, revoke

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.declare.secret import Secret
    from provisioner.ledger.base import Org
    from provisioner.salesforce.grant import Grant, Post


def has_first_session(org: Org) -> bool:
    """Whether an org has no login but the first session: its row has no consumer key of its own."""
    return org.consumer_key == PLATFORM_CLI


def has_own_app(org: Org, config: PoolFile) -> bool:
    """Whether an org logs in through an app of its own; early rows of copied apps have no key."""
    keys = ("", PLATFORM_CLI, config.dev_hub.consumer_key, config.consumer_app.consumer_key)
    return org.consumer_key not in keys


class FirstLogins:
    """The codes that wait for their exchange, and the sessions. Safe to use from several threads.

    The work on one org is sequential, so a code is never exchanged twice.
    """

    def __init__(self, config: PoolFile, post: Post) -> None:
        self._config = config
        self._post = post
        self._lock = threading.Lock()
        self._codes: dict[str, Secret] = {}
        self._sessions: dict[str, FirstSession] = {}

    def keep_code(self, username: str, code: Secret) -> None:
        """Keep the code of a sign-up that is active, for the first session of its org."""
        with self._lock:
            self._codes[username] = code

    def session(self, row: Org) -> FirstSession:
        """The first session of an org; the first call exchanges the code. Raises SalesforceError.

        After an error without an answer, the next call sends the code again: if it was used, the
        org refuses it, and is replaced.
        """
        with self._lock:
            session, code = self._sessions.get(row.username), self._codes.get(row.username)
        if session is not None:
            return session
        if code is None:
            raise lost_session(row.username, "the Dev Hub does not return its AuthCode")
        login_url = org_login_url(row.username, row.login_url, self._config.dev_hub) or ""
        session = exchange(row.username, login_url, code, self._post)
        with self._lock:
            self._sessions[row.username] = session
            self._codes.pop(row.username, None)
        return session

    def is_open(self, username: str) -> bool:
        """Whether the first session of an org was opened and not revoked."""
        with self._lock:
            return username in self._sessions

    def revoke(self, row: Org) -> None:
        """Revoke the tokens of the first session. Raises SalesforceError."""
        revoke(row.username, self.session(row), self._post)
        with self._lock:
            self._sessions.pop(row.username, None)

    def forget(self, username: str) -> None:
        """Drop what is kept of an org that this build does not need any more.

        Its first session is revoked, if it still can be: the org may outlive the build
        (`--keep-failed`).
        """
        with self._lock:
            self._codes.pop(username, None)
            session = self._sessions.pop(username, None)
        if session is not None:
            with suppress(SalesforceError):
                revoke(username, session, self._post)

    def close(self) -> None:
        """Revoke the sessions that are left, as after an interruption; the first failure ends it.

        The orgs are deleted by the next build, which ends their sessions in any case.
        """
        with self._lock:
            left, self._sessions = dict(self._sessions), {}
            self._codes = {}
        with suppress(SalesforceError):
            for username, session in left.items():
                revoke(username, session, self._post)


def lost_session(username: str, why: str) -> SalesforceError:
    """The error for an org whose first session cannot be had, or has ended: nobody can log in."""
    return SalesforceError(
        f"nobody can log in to {username}: {why}",
        kind=ErrorKind.REPLACE,
        hint="the build user needs read access to the fields of ScratchOrgInfo",
    )


@dataclass(frozen=True)
class OrgFirstLogin:
    """The first session of one org, as the step that deploys its login app needs it."""

    row: Org
    logins: FirstLogins
    log_in: Callable[[Org], Grant]
    has_passed: Callable[[], bool]

    def sign_in(self, consumer_key: str) -> Grant:
        """A login as a consumer makes it. Raises LoginError."""
        return self.log_in(replace(self.row, consumer_key=consumer_key))

    def revoke(self) -> None:
        """Revoke the first session. Raises SalesforceError."""
        self.logins.revoke(self.row)

    @property
    def is_overdue(self) -> bool:
        """Whether a new app should be usable by now."""
        return self.has_passed()
