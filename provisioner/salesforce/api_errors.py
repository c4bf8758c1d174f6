"""Turns error answers and lost answers of the API into SalesforceError."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError, read_json
from provisioner.salesforce.error_kinds import classify
from provisioner.salesforce.http_client import NotConnectedError
from provisioner.salesforce.network_errors import causes, network_reason
from provisioner.salesforce.redaction import one_line, redact

NOT_SENT = "NOT_SENT"
"""Error code of a request that was not sent, for lack of a connection. Safe to send again."""

NO_ANSWER = "NO_ANSWER"
"""Error code of a request whose answer was lost: the server may have acted on it."""

TIMED_OUT = "TIMED_OUT"
"""Error code of a request without an answer in time: the server may still be acting on it."""

HINTS: Mapping[str, str] = {
    "REQUEST_LIMIT_EXCEEDED": "the org's API calls of the last 24 hours are used up; try again "
    "later, or see Setup, Company Information",
    "INVALID_SESSION_ID": "check the session policies of the app and of the user's profile",
    "API_DISABLED_FOR_ORG": "give the user's profile the permission API Enabled",
}

PAGE = 20_000  # characters of a page that are searched for known texts
_USAGE = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})\b")


@dataclass(frozen=True)
class Call:
    """One request, as error messages name it."""

    org: str  # "Dev Hub hub@acme.example", or a scratch org's username
    method: str
    resource: str

    def __str__(self) -> str:
        return f"{self.org}: {self.method} {self.resource}"


def error_codes(body: str) -> list[tuple[str, str]]:
    """Code and text of each error in an answer's body; empty for any other body.

    REST returns a list of `{errorCode, message, fields}`, the token endpoint
    `{error, error_description}`, composite calls `{statusCode, message}`
    (docs/reference/http.md#error-bodies).
    """
    try:
        answer = read_json(body)
    except MalformedAnswerError:
        return []
    found = []
    for error in answer if isinstance(answer, list) else [answer]:
        if isinstance(error, dict) and (code := _first(error, "errorCode", "statusCode", "error")):
            text = _first(error, "message", "error_description")
            found.append((code, text + _fields(error)))
    return found


def api_usage(limit_info: str) -> tuple[int, int] | None:
    """API calls of the day, used and allowed, from a `Sforce-Limit-Info` header; None without."""
    found = _USAGE.search(limit_info)
    return (int(found[1]), int(found[2])) if found else None


def _first(error: Mapping[str, Any], *keys: str) -> str:
    return next((str(error[key]) for key in keys if error.get(key)), "")


def _fields(error: Mapping[str, Any]) -> str:
    """The fields of an error that its text does not name."""
    fields = error.get("fields")
    text = str(error.get("message"))
    missing = [str(f) for f in fields if str(f) not in text] if isinstance(fields, list) else []
    return f" ({', '.join(missing)})" if missing else ""


def refused(
    call: Call, status: int, body: str, content_type: str, *, is_hub: bool = False
) -> SalesforceError:
    """The error for an answer with an error status. `is_hub`: the Dev Hub sent it."""
    errors = error_codes(body)
    code = errors[0][0] if errors else ""
    kind = classify(status, code, errors[0][1] if errors else _page(body), is_hub=is_hub)
    if kind is ErrorKind.GONE:
        text = "the scratch org is deleted, expired or under maintenance"
    elif errors:
        text = "; ".join(f"{code}: {message}" if message else code for code, message in errors)
    elif "html" in content_type:
        text = "a web page instead of an API response"
    else:
        text = body or "an empty answer"
    return SalesforceError(
        f"{call}: HTTP {status}: {one_line(redact(text))}",
        status=status,
        error_code=code,
        kind=kind,
        hint=HINTS.get(code, ""),
    )


def _page(body: str) -> str:
    """The part of an answer without error codes that is classified: pages are long."""
    return body[:PAGE]


def unusable(call: Call, status: int, what: str) -> SalesforceError:
    """The error for an answer with a success status and unexpected content."""
    return SalesforceError(
        f"{call}: HTTP {status}, but {one_line(redact(what))}",
        status=status,
        kind=ErrorKind.TRANSIENT,
    )


def lost(call: Call, error: OSError) -> SalesforceError:
    """The error for a request without an answer. Its `error_code` says whether it was sent."""
    reason = network_reason(error)
    found = list(causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in found):
        return SalesforceError(
            f"{call}: {reason}",
            error_code=NOT_SENT,
            kind=ErrorKind.CONFIGURATION,
            hint="set SSL_CERT_FILE to the certificate file of your private CA, or of your "
            "company's proxy",
            code="tls_certificate",
        )
    if isinstance(error, NotConnectedError):
        code, text = NOT_SENT, f"not sent: {reason}"
    elif any(isinstance(cause, TimeoutError) for cause in found):
        code, text = TIMED_OUT, "no answer in time"
    else:
        code, text = NO_ANSWER, f"the answer was lost: {reason}"
    return SalesforceError(
        f"{call}: {text}",
        error_code=code,
        kind=ErrorKind.TRANSIENT,
        hint="check the network and HTTPS_PROXY, then try again",
        code="unreachable",
    )
