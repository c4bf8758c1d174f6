"""The JWT bearer login: climb the ladder of hosts and audiences until one gives a token.

I/O-free: the caller gives the function that sends a form. `provisioner.salesforce.post` has
one without imports worth mentioning; a build gives one that keeps its connections alive.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.errors import LoginError, UsageError
from provisioner.retry import AT_ONCE
from provisioner.salesforce.answers import Refusal, elsewhere, refusal_of, unreachable
from provisioner.salesforce.assertion import App, assertion
from provisioner.salesforce.audience import Rung, named_origin
from provisioner.salesforce.hosts import may_be_told
from provisioner.salesforce.ids import is_id, to_18
from provisioner.salesforce.json_text import MalformedAnswerError, read_json
from provisioner.salesforce.refusals import Then
from provisioner.salesforce.reply import Post, Reply

__all__ = ["App", "Grant", "Post", "Reply", "Rung", "sign_in"]

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")  # what may stand in a header
_LONGEST_URL = 2_000
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Grant:
    """A session. There is no refresh token: when it ends, sign in again.

    Source: docs/reference/login.md#request-and-answer.
    """

    access_token: str = field(repr=False)
    instance_url: str
    org_id: str  # 18 characters
    user_id: str  # 18 characters
    identity_url: str


def sign_in(
    app: App,
    username: str,
    rungs: Sequence[Rung],
    post: Post,
    *,
    now: Callable[[], float] = time.time,
) -> Grant:
    """Log `username` in through `app`, trying each rung until one gives a token.

    Every rung gets an assertion of its own, signed at the time `now()`, seconds since 1970.
    Raises LoginError with the most telling of the refusals, and each rung's answer in its text;
    `is_transient` is true when waiting may help, as it does just after a sign-up.
    """
    if not username.strip():
        raise UsageError("the login has no username")
    refused: list[tuple[Rung, Refusal]] = []
    for _ in range(AT_ONCE.tries):
        answer = _climb(app, username, rungs, post, now)
        if isinstance(answer, Grant):
            return answer
        refused = answer
        if not any(refusal.text.startswith("200 ") for _, refusal in refused):
            break  # else: a success without a session, which the next try may have
    raise _error(username, refused, now())


def _climb(
    app: App, username: str, rungs: Sequence[Rung], post: Post, now: Callable[[], float]
) -> Grant | list[tuple[Rung, Refusal]]:
    """The first session that a rung gives, or what each has answered."""
    refused: list[tuple[Rung, Refusal]] = []
    for rung in rungs:
        if any(r.host == rung.host and e.kind.then is Then.NEXT_HOST for r, e in refused):
            continue
        signed = assertion(app, username, rung.audience, now())
        answer = _ask(rung, signed, post)
        if isinstance(answer, Grant):
            return answer
        refused.append((rung, answer))
        if answer.kind.then is Then.STOP:
            break
    return refused


def _ask(rung: Rung, signed: str, post: Post) -> Grant | Refusal:
    """One exchange at one rung."""
    try:
        reply = post(rung.token_url, {"grant_type": GRANT_TYPE, "assertion": signed})
    except OSError as error:
        return unreachable(error)
    answer = _json(reply.body)
    if reply.status == 200:
        grant = _grant(answer)
        if grant and not may_be_told(grant.instance_url, rung.host):
            return elsewhere(grant.instance_url)
        return grant or refusal_of(reply)
    return refusal_of(reply, answer.get("error"), answer.get("error_description"))


def _json(body: bytes) -> dict[str, Any]:
    """The answer's JSON object; an empty one when it is none.

    The list of errors that the REST API would send is read as one of the token endpoint.
    """
    try:
        answer = read_json(body)
    except MalformedAnswerError:
        return {}
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        first = answer[0]
        return {"error": first.get("errorCode"), "error_description": first.get("message")}
    return answer if isinstance(answer, dict) else {}


def _grant(answer: dict[str, Any]) -> Grant | None:
    """The session in a token answer; None when a part that everything rests on is missing."""
    token, instance, identity = (answer.get(k) for k in ("access_token", "instance_url", "id"))
    if not (isinstance(token, str) and _TOKEN.fullmatch(token) and isinstance(instance, str)):
        return None
    identity = identity if isinstance(identity, str) and len(identity) <= _LONGEST_URL else ""
    path = identity.partition("?")[0].rstrip("/").split("/")
    org, user = path[-2:] if len(path) >= 2 else ("", "")
    org = org if is_id(org) else token.partition("!")[0]  # a session id starts with the org's id
    try:
        return Grant(
            token, named_origin(instance), to_18(org), to_18(user) if is_id(user) else "", identity
        )
    except (ValueError, UsageError):
        return None


def _error(username: str, refused: list[tuple[Rung, Refusal]], now: float) -> LoginError:
    """The error for a login that no rung granted."""
    if not refused:
        return LoginError(f"login of {username}: no login endpoint is known", code="login_url")
    rung, telling = min(refused, key=lambda each: each[1].rank)
    kind = telling.kind
    lines = [f"login of {username} at {rung.host} failed: {kind.cause}{_skew(telling, now)}"]
    lines += [f"  {r.host}, audience {r.audience}: {refusal.text}" for r, refusal in refused]
    return LoginError(
        "\n".join(lines),
        code=kind.code,
        hint=kind.fix,
        is_transient=kind.passes
        or (kind.then is not Then.STOP and any(e.kind.passes for _, e in refused)),
    )


def _skew(refusal: Refusal, now: float) -> str:
    """How far this machine's clock is off, when that is what the refusal is about."""
    if refusal.kind.code != "login_clock_skew" or not refusal.date:
        return ""
    from email.utils import parsedate_to_datetime

    try:
        behind = round(parsedate_to_datetime(refusal.date).timestamp() - now)
    except ValueError:
        return ""
    return f" (by {behind} s)" if behind > 0 else f" (the server's clock reads {refusal.date})"
