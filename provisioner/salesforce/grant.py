"""The JWT bearer login: try the login endpoints in order until one returns a session.

I/O-free: the caller passes the function that sends a form. `provisioner.salesforce.post` has a
function that imports little; a build passes one with pooled connections.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.errors import LoginError, UsageError
from provisioner.retry import AT_ONCE
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.assertion import App, assertion
from provisioner.salesforce.hosts import may_receive_token
from provisioner.salesforce.ids import is_id, to_18
from provisioner.salesforce.login_answers import Refusal, foreign_session, refusal_of, unreachable
from provisioner.salesforce.login_endpoints import LoginEndpoint, named_origin
from provisioner.salesforce.login_errors import Then
from provisioner.salesforce.reply import Post, Reply

__all__ = ["App", "Grant", "LoginEndpoint", "Post", "Reply", "grant_of", "sign_in"]

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")  # the characters that a header may have
_LONGEST_URL = 2_000
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Grant:
    """A session. There is no refresh token: when the session ends, sign in again.

    Source: docs/reference/login.md#request-and-answer.
    """

    access_token: str = field(repr=False)
    instance_url: str
    org_id: str  # 18 characters
    user_id: str  # 18 characters, or ""
    endpoint: LoginEndpoint | None = field(default=None, compare=False)  # that accepted the JWT


def sign_in(
    app: App,
    username: str,
    endpoints: Sequence[LoginEndpoint],
    post: Post,
    *,
    now: Callable[[], float] = time.time,
) -> Grant:
    """Log `username` in through `app`, trying each endpoint until one returns a session.

    Each endpoint gets its own assertion, signed at the time `now()` in seconds since 1970.
    Raises LoginError with the most specific refusal; its text lists the answer of each endpoint.
    `is_transient` is true when a later login may succeed, as just after a sign-up.
    """
    if not username.strip():
        raise UsageError("the login has no username")
    refused: list[tuple[LoginEndpoint, Refusal]] = []
    for _ in range(AT_ONCE.tries):
        answer = _try_each(app, username, endpoints, post, now)
        if isinstance(answer, Grant):
            return answer
        refused = answer
        if not any(refusal.text.startswith("200 ") for _, refusal in refused):
            break  # a 200 without a session may be followed by a 200 with one
    raise _error(username, refused, now())


def _try_each(
    app: App,
    username: str,
    endpoints: Sequence[LoginEndpoint],
    post: Post,
    now: Callable[[], float],
) -> Grant | list[tuple[LoginEndpoint, Refusal]]:
    """The first session that an endpoint returns, or the refusal of each."""
    refused: list[tuple[LoginEndpoint, Refusal]] = []
    for endpoint in endpoints:
        if any(e.host == endpoint.host and r.error_type.then is Then.NEXT_HOST for e, r in refused):
            continue
        signed = assertion(app, username, endpoint.audience, now())
        answer = _ask(endpoint, signed, post)
        if isinstance(answer, Grant):
            return replace(answer, endpoint=endpoint)
        refused.append((endpoint, answer))
        if answer.error_type.then is Then.STOP:
            break
    return refused


def _ask(endpoint: LoginEndpoint, signed: str, post: Post) -> Grant | Refusal:
    """Request a session from one endpoint."""
    try:
        reply = post(endpoint.token_url, {"grant_type": GRANT_TYPE, "assertion": signed})
    except OSError as error:
        return unreachable(error)
    answer = _json(reply.body)
    if reply.status == 200:
        grant = grant_of(answer)
        if grant and not may_receive_token(grant.instance_url, endpoint.host):
            return foreign_session(grant.instance_url)
        return grant or refusal_of(reply)
    return refusal_of(reply, answer.get("error"), answer.get("error_description"))


def _json(body: bytes) -> dict[str, Any]:
    """The answer's JSON object; an empty one for any other answer.

    A list of errors, as the REST API sends it, is read like an error of the token endpoint.
    """
    try:
        answer = read_json(body)
    except MalformedAnswerError:
        return {}
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        first = answer[0]
        return {"error": first.get("errorCode"), "error_description": first.get("message")}
    return answer if isinstance(answer, dict) else {}


def grant_of(answer: dict[str, Any]) -> Grant | None:
    """The session in a token answer; None when its token, host or org id is missing."""
    token, instance, identity = (answer.get(k) for k in ("access_token", "instance_url", "id"))
    if not (isinstance(token, str) and _TOKEN.fullmatch(token) and isinstance(instance, str)):
        return None
    identity = identity if isinstance(identity, str) and len(identity) <= _LONGEST_URL else ""
    path = identity.partition("?")[0].rstrip("/").split("/")
    org, user = path[-2:] if len(path) >= 2 else ("", "")
    org = org if is_id(org) else token.partition("!")[0]  # a session id starts with the org's id
    try:
        return Grant(token, named_origin(instance), to_18(org), to_18(user) if is_id(user) else "")
    except (ValueError, UsageError):
        return None


def _error(username: str, refused: list[tuple[LoginEndpoint, Refusal]], now: float) -> LoginError:
    """The error for a login that every endpoint refused."""
    if not refused:
        return LoginError(f"login of {username}: no login endpoint is known", code="login_url")
    endpoint, refusal = min(refused, key=lambda each: each[1].rank)
    error_type = refusal.error_type
    cause = error_type.cause + _skew(refusal, now)
    lines = [f"login of {username} at {endpoint.host} failed: {cause}"]
    lines += [f"  {e.host}, audience {e.audience}: {r.text}" for e, r in refused]
    return LoginError(
        "\n".join(lines),
        code=error_type.code,
        hint=error_type.fix,
        is_transient=error_type.passes
        or (error_type.then is not Then.STOP and any(r.error_type.passes for _, r in refused)),
    )


def _skew(refusal: Refusal, now: float) -> str:
    """For an expired assertion: by how much this machine's clock is behind the server's."""
    if refusal.error_type.code != "login_clock_skew" or not refusal.date:
        return ""
    from email.utils import parsedate_to_datetime

    try:
        behind = round(parsedate_to_datetime(refusal.date).timestamp() - now)
    except ValueError:
        return ""
    return f" (by {behind} s)" if behind > 0 else f" (the server's clock reads {refusal.date})"
