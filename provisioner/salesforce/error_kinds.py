"""What may be done about an error of Salesforce: one table of its words, one of its statuses.

A caller never looks at codes itself: `classify` answers with the class of an API error,
`sign_up_kind` and `sign_up_meaning` with that of a sign-up that ended in Error. Sources:
`sign-up.md`, `packages.md`, `deploys.md` and `http.md` in docs/reference/; the codes themselves
are in the API's WSDL (docs/reference/http.md#error-bodies).
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.errors import ErrorKind

CODES: Mapping[str, ErrorKind] = {
    # busy, or one of its parts is out of order
    "ALREADY_IN_PROCESS": ErrorKind.TRANSIENT,  # another install or deploy holds the org's set-up
    "INVALID_QUERY_LOCATOR": ErrorKind.TRANSIENT,  # the query is to be sent again from its start
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
    "server_error": ErrorKind.TRANSIENT,  # words of the token endpoint
    "temporarily_unavailable": ErrorKind.TRANSIENT,
    "unknown_error": ErrorKind.TRANSIENT,
    # allowances
    "LIMIT_EXCEEDED": ErrorKind.LIMIT,  # sign-ups of the Dev Hub
    "REQUEST_LIMIT_EXCEEDED": ErrorKind.LIMIT,  # API calls of a day; another case is in MESSAGES
    # how the org, the app or the user is set up
    "API_CURRENTLY_DISABLED": ErrorKind.CONFIGURATION,
    "API_DISABLED_FOR_ORG": ErrorKind.CONFIGURATION,
    "FUNCTIONALITY_NOT_ENABLED": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ErrorKind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_OR_READONLY": ErrorKind.CONFIGURATION,
    "INVALID_SESSION_ID": ErrorKind.CONFIGURATION,  # also after the session was renewed
    "INVALID_SIGNUP_COUNTRY": ErrorKind.CONFIGURATION,
    "INVALID_SIGNUP_OPTION": ErrorKind.CONFIGURATION,  # such as a release after its preview
    "UNSUPPORTED_API_VERSION": ErrorKind.CONFIGURATION,
    # the org has ended, or is closed for a while
    "INACTIVE_ORG": ErrorKind.GONE,
    "ORG_LOCKED": ErrorKind.GONE,
}

MESSAGES: Mapping[str, ErrorKind] = {
    # 403 REQUEST_LIMIT_EXCEEDED for too many long requests at once passes within seconds
    "concurrent": ErrorKind.TRANSIENT,
    "unable to obtain exclusive access": ErrorKind.TRANSIENT,
    "temporarily lock your organization": ErrorKind.TRANSIENT,
    "already been locked by another change": ErrorKind.TRANSIENT,
    "unable to complete the creation of the query cursor": ErrorKind.TRANSIENT,
    "failed while fetching query cursor data": ErrorKind.TRANSIENT,
    "unexpected internal servlet state": ErrorKind.TRANSIENT,
    "retry your request": ErrorKind.TRANSIENT,  # 400 unknown_error
    "access declined": ErrorKind.TRANSIENT,  # a page that Salesforce shows under load
    'that have the "updated" status': ErrorKind.TRANSIENT,  # a permission set group recalculates
}
"""Parts of an error's text, lower case. They count before its code: one code has many senses."""

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
"""By HTTP status, for answers whose words say nothing; what is not here is content."""

PACKAGE_RETRIES = (
    "this package is not yet available",
    "installedpackage version number",
    "the requested package doesn't yet exist or has been deleted",
    "is either invalid or not yet available",
    "package_unavailable",
    "uninstall_in_progress",
    "unable to obtain exclusive access to this record",
    "unable_to_lock_row",
    "already_in_process",
    "already been locked by another change",
    "invalid cross reference id",
)
"""Parts of the text of a failed install that passes by itself (CumulusCI's list).

Source: docs/reference/packages.md#failures-that-pass.
"""

DEPLOY_RETRIES = (
    "unknown_exception",
    "unable_to_lock_row",
    "unable to obtain exclusive access",
    "already_in_process",
    "already been locked by another change",
    "background job",
)
"""Parts of the error of a failed deploy that is worth another one (docs/reference/deploys.md)."""

_SIGN_UP: Mapping[str, tuple[ErrorKind, str]] = {
    "": (ErrorKind.TRANSIENT, "the sign-up failed without an error code"),
    "C-1007": (ErrorKind.TRANSIENT, "the username is in use already"),
    "C-1015": (ErrorKind.TRANSIENT, "the My Domain of the org could not be registered"),
    "C-1016": (
        ErrorKind.CONFIGURATION,
        "the connected app could not be set up in the org: its consumer key is wrong, its "
        "certificate has expired, or it is an External Client App, which sign-ups cannot copy; "
        "make a connected app in the Dev Hub",
    ),
    "C-1017": (ErrorKind.CONFIGURATION, "the namespace is not valid"),
    "C-1018": (ErrorKind.CONFIGURATION, "the My Domain name is not valid"),
    "C-1019": (ErrorKind.TRANSIENT, "the My Domain name is in use"),
    "C-1020": (ErrorKind.CONFIGURATION, "the template does not exist"),
    "C-1027": (ErrorKind.CONFIGURATION, "the template is not supported; use an edition instead"),
    "C-1033": (ErrorKind.TRANSIENT, "the template has the wrong version"),
    "C-1034": (
        ErrorKind.TRANSIENT,
        "the org could not be created; ask Salesforce Support for the reason",
    ),
    "C-9998": (ErrorKind.CONFIGURATION, "not a valid scratch org"),
    "C-9999": (ErrorKind.TRANSIENT, "a fatal error of the sign-up service"),
    "INVALID_ID_FIELD": (ErrorKind.CONFIGURATION, "the template id is malformed"),
    "S-1006": (ErrorKind.CONFIGURATION, "adminEmail is not a valid e-mail address"),
    "S-1017": (ErrorKind.CONFIGURATION, "the namespace is not linked to the Dev Hub"),
    "S-1018": (ErrorKind.CONFIGURATION, "the My Domain name is not valid"),
    "S-1019": (ErrorKind.TRANSIENT, "the My Domain name is in use"),
    "S-1026": (ErrorKind.CONFIGURATION, "the namespace is not valid"),
    "S-2006": (ErrorKind.CONFIGURATION, "the country code is not valid"),
    "S-9999": (ErrorKind.TRANSIENT, "a fatal error of the sign-up service"),
    "SH-0001": (
        ErrorKind.CONFIGURATION,
        "the source org has not shared its shape with the Dev Hub",
    ),
    "SH-0002": (ErrorKind.CONFIGURATION, "the source org has no org shape"),
    "SH-0003": (ErrorKind.CONFIGURATION, "the org shape is of an older release; make it again"),
    "SH-9999": (ErrorKind.TRANSIENT, "the org shape could not be checked"),
    "SN-0001": (ErrorKind.CONFIGURATION, "the snapshot has expired"),
    "SN-0002": (ErrorKind.CONFIGURATION, "the snapshot belongs to another Dev Hub"),
    "T-0002": (ErrorKind.CONFIGURATION, "there is no such template or snapshot"),
    "T-0003": (ErrorKind.CONFIGURATION, "the template is not approved"),
    "T-0004": (ErrorKind.CONFIGURATION, "the source org of the template is gone"),
    "VR-0001": (ErrorKind.TRANSIENT, "scratch orgs cannot be created now"),
    "VR-0002": (ErrorKind.CONFIGURATION, "the release asked for is not available"),
    "VR-0003": (ErrorKind.CONFIGURATION, "the release asked for is not available"),
}
"""ScratchOrgInfo.ErrorCode → class and meaning (docs/reference/sign-up.md#errors-of-a-sign-up)."""


def classify(
    status: int, error_code: str = "", message: str = "", *, is_hub: bool = False
) -> ErrorKind:
    """The class of an API error: by what its text says, then its code, then the HTTP status.

    From the Dev Hub nothing is GONE: what says so of an org passes there.
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
        return ErrorKind.TRANSIENT  # a success, but not of Salesforce: some page in between
    return ErrorKind.CONFIGURATION if status < 400 else ErrorKind.CONTENT  # 3xx: a redirect


def sign_up_kind(error_code: str | None) -> ErrorKind:
    """The class of a sign-up that ended in Error.

    A code that nobody has described counts as transient: how many sign-ups that may cost is
    bounded (`provisioner.builder.signup_breaker`).
    """
    return _SIGN_UP.get(error_code or "", (ErrorKind.TRANSIENT, ""))[0]


def sign_up_meaning(error_code: str | None) -> str:
    """What the error code of a sign-up means, in words."""
    return _SIGN_UP.get(
        error_code or "", (ErrorKind.TRANSIENT, "an error code without a documented meaning")
    )[1]


def says_any(text: str, parts: tuple[str, ...]) -> bool:
    """Whether an error's text contains one of `parts`, in any case."""
    lower = text.lower()
    return any(part in lower for part in parts)
