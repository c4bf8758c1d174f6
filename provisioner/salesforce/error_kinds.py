"""The kind of each error of Salesforce, by its text, its code and its HTTP status.

Callers do not compare codes: `classify` returns the kind of an API error, `sign_up_kind` and
`sign_up_meaning` those of a sign-up that ended in Error. Sources: `sign-up.md`, `packages.md`,
`deploys.md` and `http.md` in docs/reference/. The codes are in the WSDL of the API
(docs/reference/http.md#error-bodies).
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.errors import ErrorKind

CODES: Mapping[str, ErrorKind] = {
    # the org is busy, or a part of it is not available
    "ALREADY_IN_PROCESS": ErrorKind.TRANSIENT,  # another install or deploy holds the setup lock
    "INVALID_QUERY_LOCATOR": ErrorKind.TRANSIENT,  # the query has to start again
    "PACKAGE_UNAVAILABLE": ErrorKind.TRANSIENT,  # a new version has not reached this instance yet
    "PACKAGE_UNAVAILABLE_CRC": ErrorKind.TRANSIENT,
    "PACKAGE_UNAVAILABLE_ZIP": ErrorKind.TRANSIENT,
    "QUERY_TIMEOUT": ErrorKind.TRANSIENT,
    "REQUEST_TIMEOUT": ErrorKind.TRANSIENT,
    "REQUEST_RUNNING_TOO_LONG": ErrorKind.TRANSIENT,
    "SERVER_UNAVAILABLE": ErrorKind.TRANSIENT,
    "UNABLE_TO_LOCK_ROW": ErrorKind.TRANSIENT,
    "UNINSTALL_IN_PROGRESS": ErrorKind.TRANSIENT,
    "UNKNOWN_EXCEPTION": ErrorKind.TRANSIENT,
    "server_error": ErrorKind.TRANSIENT,  # error codes of the token endpoint
    "temporarily_unavailable": ErrorKind.TRANSIENT,
    "unknown_error": ErrorKind.TRANSIENT,
    # limits
    "LIMIT_EXCEEDED": ErrorKind.LIMIT,  # sign-ups of the Dev Hub
    "REQUEST_LIMIT_EXCEEDED": ErrorKind.LIMIT,  # API calls of a day; see also MESSAGES
    # settings of the org, the app or the user
    "API_CURRENTLY_DISABLED": ErrorKind.CONFIGURATION,
    "API_DISABLED_FOR_ORG": ErrorKind.CONFIGURATION,
    "FUNCTIONALITY_NOT_ENABLED": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_OR_READONLY": ErrorKind.CONFIGURATION,
    "INVALID_SESSION_ID": ErrorKind.CONFIGURATION,  # also after a renewal of the session
    "INVALID_SIGNUP_COUNTRY": ErrorKind.CONFIGURATION,
    "INVALID_SIGNUP_OPTION": ErrorKind.CONFIGURATION,  # such as a release after its preview
    "UNSUPPORTED_API_VERSION": ErrorKind.CONFIGURATION,
    # the org is deleted, expired or locked
    "INACTIVE_ORG": ErrorKind.GONE,
    "ORG_LOCKED": ErrorKind.GONE,
}

MESSAGES: Mapping[str, ErrorKind] = {
    # 403 REQUEST_LIMIT_EXCEEDED for too many concurrent long requests: passes within seconds
    "concurrent": ErrorKind.TRANSIENT,
    "unable to obtain exclusive access": ErrorKind.TRANSIENT,
    "temporarily lock your organization": ErrorKind.TRANSIENT,
    "already been locked by another change": ErrorKind.TRANSIENT,
    "unable to complete the creation of the query cursor": ErrorKind.TRANSIENT,
    "failed while fetching query cursor data": ErrorKind.TRANSIENT,
    "unexpected internal servlet state": ErrorKind.TRANSIENT,
    "retry your request": ErrorKind.TRANSIENT,  # 400 unknown_error
    "access declined": ErrorKind.TRANSIENT,  # a page of Salesforce under load
    'that have the "updated" status': ErrorKind.TRANSIENT,  # a group is recalculated
}
"""Parts of an error's text in lower case. They take precedence over its code."""

STATUSES: Mapping[int, ErrorKind] = {
    0: ErrorKind.TRANSIENT,  # no answer
    401: ErrorKind.CONFIGURATION,
    403: ErrorKind.CONFIGURATION,
    408: ErrorKind.TRANSIENT,
    420: ErrorKind.GONE,  # deleted, expired, not ready or in maintenance (jsforce#1772, cli#2978)
    429: ErrorKind.TRANSIENT,
    500: ErrorKind.TRANSIENT,
    502: ErrorKind.TRANSIENT,
    503: ErrorKind.TRANSIENT,
    504: ErrorKind.TRANSIENT,
}
"""By HTTP status, for errors with an unknown text and code. Other statuses: see `_by_hundreds`."""

NOT_AVAILABLE_YET = (
    "this package is not yet available",
    "package_unavailable",
)
"""Parts of the text of an install whose version has not reached the instance of the org yet.

Source: docs/reference/packages.md#transient-failures.
"""

PACKAGE_RETRIES = (
    *NOT_AVAILABLE_YET,
    "installedpackage version number",
    "the requested package doesn't yet exist or has been deleted",
    "is either invalid or not yet available",
    "uninstall_in_progress",
    "unable to obtain exclusive access to this record",
    "unable_to_lock_row",
    "already_in_process",
    "already been locked by another change",
    "invalid cross reference id",
)
"""Parts of the text of a failed install that is worth a retry, as CumulusCI lists them.

Source: docs/reference/packages.md#transient-failures.
"""

DEPLOY_RETRIES = (
    "unknown_exception",
    "unable_to_lock_row",
    "unable to obtain exclusive access",
    "already_in_process",
    "already been locked by another change",
    "background job",
)
"""Parts of the error of a failed deploy that is worth a retry.

Source: docs/reference/deploys.md#transient-failures.
"""

_SIGN_UP: Mapping[str, tuple[ErrorKind, str]] = {
    "": (ErrorKind.TRANSIENT, "Salesforce gives no error code"),
    "C-1007": (
        ErrorKind.TRANSIENT,
        "the username is already in use; a new sign-up uses another one",
    ),
    "C-1015": (
        ErrorKind.TRANSIENT,
        "Salesforce could not register the org's My Domain",
    ),
    "C-1016": (
        ErrorKind.CONFIGURATION,
        "the connected app could not be set up in the org: its consumer key or callback URL is "
        "wrong, its certificate has expired, or it is an External Client App, which sign-ups do "
        "not copy; check consumer_key and the app; for an External Client App set "
        "dev_hub.login_app to deployed or auto",
    ),
    "C-1017": (
        ErrorKind.CONFIGURATION,
        "the namespace has a wrong format; correct namespace in the org definition",
    ),
    "C-1018": (
        ErrorKind.CONFIGURATION,
        "the My Domain name is invalid; correct it in the org definition",
    ),
    "C-1019": (ErrorKind.TRANSIENT, "the My Domain name is in use"),
    "C-1020": (
        ErrorKind.CONFIGURATION,
        "the template does not exist; correct template in the org definition",
    ),
    "C-1027": (
        ErrorKind.CONFIGURATION,
        "the template is not supported; use edition instead of template",
    ),
    "C-1033": (
        ErrorKind.TRANSIENT,
        "the template or snapshot has the wrong version; create a new snapshot if Salesforce had "
        "a new release since",
    ),
    "C-1034": (
        ErrorKind.TRANSIENT,
        "Salesforce could not create the org; if this happens again, ask Salesforce Support",
    ),
    "C-9998": (ErrorKind.CONFIGURATION, "not a valid scratch org; check the org definition"),
    "C-9999": (
        ErrorKind.TRANSIENT,
        "the sign-up service failed and gives no reason",
    ),
    "INVALID_ID_FIELD": (
        ErrorKind.CONFIGURATION,
        "the template id is malformed; correct template in the org definition",
    ),
    "S-1006": (
        ErrorKind.CONFIGURATION,
        "adminEmail is not a valid e-mail address; correct it in the org definition",
    ),
    "S-1017": (
        ErrorKind.CONFIGURATION,
        "the namespace is not linked to the Dev Hub; link it in the Dev Hub, or remove "
        "namespace from the org definition",
    ),
    "S-1018": (
        ErrorKind.CONFIGURATION,
        "the My Domain name is invalid; correct it in the org definition",
    ),
    "S-1019": (ErrorKind.TRANSIENT, "the My Domain name is in use"),
    "S-1026": (
        ErrorKind.CONFIGURATION,
        "the namespace has a wrong format; correct namespace in the org definition",
    ),
    "S-2006": (
        ErrorKind.CONFIGURATION,
        "the country code is invalid; correct country in the org definition",
    ),
    "S-9999": (
        ErrorKind.TRANSIENT,
        "the sign-up service failed and gives no reason",
    ),
    "SH-0001": (
        ErrorKind.CONFIGURATION,
        "the source org has not shared its org shape with the Dev Hub; share it in the source org",
    ),
    "SH-0002": (
        ErrorKind.CONFIGURATION,
        "the source org has no org shape; create one in the source org",
    ),
    "SH-0003": (
        ErrorKind.CONFIGURATION,
        "the org shape is from an older release; create it again in the source org",
    ),
    "SH-9999": (
        ErrorKind.TRANSIENT,
        "Salesforce could not validate the org shape",
    ),
    "SN-0001": (ErrorKind.CONFIGURATION, "the snapshot has expired; create a new one"),
    "SN-0002": (
        ErrorKind.CONFIGURATION,
        "the snapshot belongs to another Dev Hub; create one on this Dev Hub",
    ),
    "T-0002": (
        ErrorKind.CONFIGURATION,
        "the template or snapshot does not exist; correct its name in the org definition",
    ),
    "T-0003": (
        ErrorKind.CONFIGURATION,
        "the template or snapshot is not approved; use another one, or an edition",
    ),
    "T-0004": (
        ErrorKind.CONFIGURATION,
        "the source org of the template or snapshot no longer exists, or a snapshot is of the "
        "release before; use another one, or an edition",
    ),
    "VR-0001": (
        ErrorKind.TRANSIENT,
        "scratch orgs cannot be created at the moment",
    ),
    "VR-0002": (
        ErrorKind.CONFIGURATION,
        "the requested release is not available; correct release in the org definition",
    ),
    "VR-0003": (
        ErrorKind.CONFIGURATION,
        "the requested release is not available; correct release in the org definition",
    ),
}
"""ScratchOrgInfo.ErrorCode → kind, and cause with fix.

Source: docs/reference/sign-up.md#errors-of-a-sign-up.
"""


def classify(
    status: int, error_code: str = "", message: str = "", *, is_hub: bool = False
) -> ErrorKind:
    """The kind of an API error, by its text, else its code, else its HTTP status.

    An error of the Dev Hub is never GONE: it is TRANSIENT there.
    """
    kind = _kind(status, error_code, message)
    return ErrorKind.TRANSIENT if is_hub and kind is ErrorKind.GONE else kind


def _kind(status: int, error_code: str, message: str) -> ErrorKind:
    if status == 420:
        return ErrorKind.GONE
    text = message.lower()
    for part, kind in MESSAGES.items():
        if part in text:
            return kind
    return CODES.get(error_code) or STATUSES.get(status) or _by_hundreds(status)


def _by_hundreds(status: int) -> ErrorKind:
    if status < 300:
        return ErrorKind.TRANSIENT  # a success with a page that is not Salesforce's
    return ErrorKind.CONFIGURATION if status < 400 else ErrorKind.CONTENT  # 3xx: a redirect


def sign_up_kind(error_code: str | None) -> ErrorKind:
    """The kind of a sign-up that ended in Error.

    An unknown code is TRANSIENT. `provisioner.builder.signup_breaker` limits the sign-ups that
    this costs.
    """
    return _SIGN_UP.get(error_code or "", (ErrorKind.TRANSIENT, ""))[0]


def sign_up_meaning(error_code: str | None) -> str:
    """The cause of a failed sign-up by its error code, and how to fix it."""
    return _SIGN_UP.get(
        error_code or "", (ErrorKind.TRANSIENT, "the meaning of this error code is not documented")
    )[1]


def says_any(text: str, parts: tuple[str, ...]) -> bool:
    """Whether an error's text contains one of `parts`, in any case."""
    lower = text.lower()
    return any(part in lower for part in parts)
