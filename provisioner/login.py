"""Logs in to an org with a username and a private key, and reads the identity of the session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from provisioner.errors import LoginError
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.ids import is_id
from provisioner.salesforce.login_errors import NOT_THIS_APP
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.post import get_with_token, post_form
from provisioner.salesforce.reply import Post
from provisioner.salesforce.sign_in import Credentials, SignIn

if TYPE_CHECKING:
    from provisioner.credentials import Candidate

NOT_REACHED = 420
"""HTTP status of an org that is deleted, expired, not ready or in maintenance."""


@dataclass(frozen=True)
class Session:
    """The session of a user. It is valid for the org's session time-out (2 h by default)."""

    username: str
    org_id: str  # 18 characters
    instance_url: str
    access_token: str = field(repr=False)
    consumer_key: str
    user_id: str = ""  # 18 characters; "" when it is unknown

    def as_json(self) -> dict[str, str]:
        """The output of `login --json`. It contains the token."""
        return {
            "username": self.username,
            "org_id": self.org_id,
            "instance_url": self.instance_url,
            "access_token": self.access_token,
            "consumer_key": self.consumer_key,
        }


def login(credentials: Credentials, *, post: Post = post_form) -> Session:
    """Log in. Raises LoginError, or UsageError for a key that cannot be read."""
    return _login(credentials, post)[0]


def _login(credentials: Credentials, post: Post) -> tuple[Session, Credentials]:
    """The session, and the credentials with the key that has opened it."""
    grant, used = SignIn().by_any_key(credentials, post)
    session = Session(
        username=credentials.username,
        org_id=grant.org_id,
        instance_url=grant.instance_url,
        access_token=grant.access_token,
        consumer_key=credentials.consumer_key,
        user_id=grant.user_id,
    )
    return session, used


def login_by_any(candidates: Sequence[Candidate]) -> tuple[Session, Candidate]:
    """Log in with the first consumer key that the org accepts, and say which one that was.

    Another key is tried only after a refusal that is about the app. Raises the first key's
    LoginError, with a line about each other key that was tried.
    """
    refused: list[tuple[Candidate, LoginError]] = []
    for candidate in candidates:
        try:
            session, used = _login(candidate.credentials, post_form)
            return session, replace(candidate, credentials=used)
        except LoginError as error:
            refused.append((candidate, error))
            if error.code not in NOT_THIS_APP:
                break
    (_, first), *others = refused
    for candidate, refusal in others:
        first_line = refusal.message.partition("\n")[0]
        first.message += f"\n  with the consumer key {candidate.source}: {first_line}"
    raise first


def identity(session: Session) -> dict[str, Any]:
    """The identity of the session's user, from the identity endpoint of the org.

    If the endpoint returns none, OpenID's userinfo is read. Raises LoginError.
    """
    base = session.instance_url
    urls = [f"{base}/id/{session.org_id}/{session.user_id}"] if session.user_id else []
    status = 0
    for url in [*urls, f"{base}/services/oauth2/userinfo"]:
        try:
            reply = get_with_token(url, session.access_token)
        except OSError as error:
            raise LoginError(
                f"{base} returned no identity for {session.username}: {network_reason(error)}",
                code="unreachable",
                is_transient=True,
            ) from None
        status = reply.status
        answer = _object(reply.body) if status == 200 else None
        if answer is not None:
            return answer
    raise LoginError(
        f"{base} returned no identity for {session.username}: HTTP {status}",
        code="org_gone" if status == NOT_REACHED else "no_identity",
        hint="the session may have expired; log in again",
    )


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None unless it has the id of an org."""
    try:
        answer = read_json(body)
    except MalformedAnswerError:
        return None
    if not isinstance(answer, dict):
        return None
    org = answer.get("organization_id")
    return answer if isinstance(org, str) and is_id(org) else None
