"""The one-time code of a sign-up: exchanged for the first session of an org, which is revoked.

`PlatformCLI` is in every org, so a sign-up that names it copies no app, and its AuthCode opens the
first session. Code and tokens are credentials and stay in memory. Source:
docs/reference/login.md#codes-and-refresh-tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provisioner.declare.secret import Secret
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.app_keys import PLATFORM_CLI
from provisioner.salesforce.definition import CALLBACK_URL
from provisioner.salesforce.grant import Grant, grant_of
from provisioner.salesforce.hosts import may_receive_token
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.reply import Post, Reply


@dataclass(frozen=True)
class FirstSession:
    """The session that the code of a sign-up has opened."""

    grant: Grant
    to_revoke: Secret  # the refresh token, or the access token when there is none


def exchange(username: str, login_url: str, code: Secret, post: Post) -> FirstSession:
    """Exchange the code, which works once, at the org's login URL.

    Raises SalesforceError: TRANSIENT without an answer, else REPLACE, because no other login to the
    org exists.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "client_id": PLATFORM_CLI,
        "redirect_uri": CALLBACK_URL,
    }
    what = f"the exchange of the sign-up's code of {username}"
    reply = _posted(what, f"{login_url}/services/oauth2/token", form, post)
    answer = _json(reply)
    grant = grant_of(answer) if reply.status == 200 else None
    if grant is None:
        raise _refused(what, reply, answer, code)
    if not may_receive_token(grant.instance_url, login_url):
        host = urlsplit(grant.instance_url).hostname
        raise SalesforceError(
            f"{what}: the answer names {host} as the org's host, which is not a Salesforce host; "
            "nothing was sent to it",
            kind=ErrorKind.REPLACE,
            hint="check for a proxy between this machine and Salesforce",
        )
    refresh = answer.get("refresh_token")
    return FirstSession(grant, Secret(refresh if isinstance(refresh, str) else grant.access_token))


def revoke(username: str, session: FirstSession, post: Post) -> None:
    """Revoke the tokens; of a refresh token, Salesforce also ends the access tokens.

    A token that is not valid any more counts as revoked. Raises SalesforceError.
    """
    what = f"the revocation of the first session of {username}"
    url = f"{session.grant.instance_url}/services/oauth2/revoke"
    reply = _posted(what, url, {"token": session.to_revoke.reveal()}, post)
    answer = _json(reply)
    if reply.status != 200 and answer.get("error") not in (
        "invalid_token",
        "unsupported_token_type",
    ):
        raise _refused(what, reply, answer, session.to_revoke)


def _posted(what: str, url: str, form: Mapping[str, str], post: Post) -> Reply:
    try:
        return post(url, form)
    except OSError as error:
        text = f"{what}: {network_reason(error)}"
        raise SalesforceError(text, kind=ErrorKind.TRANSIENT) from None


def _json(reply: Reply) -> dict[str, Any]:
    try:
        answer = read_json(reply.body)
    except MalformedAnswerError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refused(what: str, reply: Reply, answer: Mapping[str, Any], secret: Secret) -> SalesforceError:
    """A server error may pass. Any other answer means that the code or token is lost."""
    is_error = "error" in answer
    reason = f"{answer['error']}: {answer.get('error_description')}" if is_error else ""
    reason = reason.replace(secret.reveal(), "***")
    text = f"{what} failed: HTTP {reply.status} {one_line(redact(reason))}".rstrip()
    is_passing = reply.status >= 500 or reply.status in (408, 420, 429)
    kind = ErrorKind.TRANSIENT if is_passing else ErrorKind.REPLACE
    return SalesforceError(text, status=reply.status, kind=kind)
