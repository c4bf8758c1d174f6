"""Removes credentials from texts before they are printed or stored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_LINE_END = r"(?:\\+(?:[nr]|x0[ad])|\s)*"  # also escaped once or twice by other programs
_CREDENTIALS = re.compile(
    r"00D[0-9A-Za-z]{12,15}![0-9A-Za-z._]+"  # a session id
    r"|eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a JWT: an assertion, or a token of that form
    r"|(?<=Bearer )\S+"
    r"|(?<=[?&](?:sid|otp)=)[^&\s]+"  # a login link
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"  # a private key, also if it was cut off
    rf"(?:{_LINE_END}(?:Proc-Type: 4,ENCRYPTED|DEK-Info: \S+|[A-Za-z0-9+/=]{{20,}}))*"
    rf"(?:{_LINE_END}[A-Za-z0-9+/]{{1,19}}={{0,2}})?(?:{_LINE_END}-----END [A-Z0-9 ]*KEY-----)?"
    r"|force://[^\s\"'<>]+"  # an auth URL of the Salesforce CLI
    r"|\bgh[opsur]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"  # GitHub, GitLab
    r"|\bxox[abeprs]-[\w-]{10,}|(?<=hooks\.slack\.com/)[\w-]+/[\w/-]+"  # Slack
    r"|LS0tLS1CRUdJTi(?:[A-Za-z0-9+/=]|\s+(?=[A-Za-z0-9+/=]{20}))+"  # in base64
)
_SURELY_SECRET = 6  # characters; a shorter one also occurs in other words


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with `***` in place of each credential that is recognised, and of all `secrets`."""
    text = _CREDENTIALS.sub("***", text)  # first, because a replaced part would hide the rest
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def redact_all(value: Any, secrets: Collection[str] = ()) -> Any:
    """A document with all its texts redacted, including keys."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        return {redact_all(k, secrets): redact_all(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(item, secrets) for item in value]
    return value


def distinctive(secrets: Iterable[str]) -> frozenset[str]:
    """The `secrets` that are long enough to be replaced in any text."""
    return frozenset(secret for secret in secrets if len(secret) >= _SURELY_SECRET)
