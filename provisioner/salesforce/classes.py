"""What may be done about an error of Salesforce: one table of its words, one of its statuses.

A caller never looks at codes itself: `classify` answers with the class of an API error,
`sign_up_kind` and `sign_up_meaning` with that of a sign-up that ended in Error. Sources:
`sign-up.md`, `packages.md`, `deploys.md` and `http.md` in docs/reference/; the codes themselves
are in the API's WSDL (docs/reference/http.md#error-bodies).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What an error means for the caller."""

    TRANSIENT = "transient"  # passes by itself: look what is there, then ask again
    LIMIT = "limit"  # an allowance is used up: no more of this until it is filled again
    CONFIGURATION = "configuration"  # the org, its app or a permission must be set up otherwise
    CONTENT = "content"  # what was sent is wrong: asking again gives the same answer
    GONE = "gone"
    """What a deleted or expired org answers. An active one answers the same in maintenance or
    before it is ready: it passes, until the Dev Hub says that the org is gone (`hub.gone`)."""


CODES: Mapping[str, Kind] = {
    # busy, or one of its parts is out of order
    "ALREADY_IN_PROCESS": Kind.TRANSIENT,  # another install or deploy holds the org's set-up
    "INVALID_QUERY_LOCATOR": Kind.TRANSIENT,  # the query is to be sent again from its start
    "PACKAGE_UNAVAILABLE": Kind.TRANSIENT,  # a new version has not reached this instance yet
    "PACKAGE_UNAVAILABLE_CRC": Kind.TRANSIENT,
    "PACKAGE_UNAVAILABLE_ZIP": Kind.TRANSIENT,
    "QUERY_TIMEOUT": Kind.TRANSIENT,
    "REQUEST_TIMEOUT": Kind.TRANSIENT,
    "REQUEST_RUNNING_TOO_LONG": Kind.TRANSIENT,
    "SERVER_UNAVAILABLE": Kind.TRANSIENT,
    "UNABLE_TO_LOCK_ROW": Kind.TRANSIENT,
    "UNINSTALL_IN_PROGRESS": Kind.TRANSIENT,
    "UNKNOWN_EXCEPTION": Kind.TRANSIENT,
    "server_error": Kind.TRANSIENT,  # words of the token endpoint
    "temporarily_unavailable": Kind.TRANSIENT,
    "unknown_error": Kind.TRANSIENT,
    # allowances
    "LIMIT_EXCEEDED": Kind.LIMIT,  # sign-ups of the Dev Hub
    "REQUEST_LIMIT_EXCEEDED": Kind.LIMIT,  # API calls of a day; see MESSAGES for the other sense
    # how the org, the app or the user is set up
    "API_CURRENTLY_DISABLED": Kind.CONFIGURATION,
    "API_DISABLED_FOR_ORG": Kind.CONFIGURATION,
    "FUNCTIONALITY_NOT_ENABLED": Kind.CONFIGURATION,
    "INSUFFICIENT_ACCESS": Kind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Kind.CONFIGURATION,
    "INSUFFICIENT_ACCESS_OR_READONLY": Kind.CONFIGURATION,
    "INVALID_SESSION_ID": Kind.CONFIGURATION,  # also after the session was renewed
    "INVALID_SIGNUP_COUNTRY": Kind.CONFIGURATION,
    "INVALID_SIGNUP_OPTION": Kind.CONFIGURATION,  # such as a release outside its preview window
    "UNSUPPORTED_API_VERSION": Kind.CONFIGURATION,
    # the org has ended, or is closed for a while
    "INACTIVE_ORG": Kind.GONE,
    "ORG_LOCKED": Kind.GONE,
}

MESSAGES: Mapping[str, Kind] = {
    # 403 REQUEST_LIMIT_EXCEEDED for too many long requests at once passes within seconds
    "concurrent": Kind.TRANSIENT,
    "unable to obtain exclusive access": Kind.TRANSIENT,
    "temporarily lock your organization": Kind.TRANSIENT,
    "already been locked by another change": Kind.TRANSIENT,
    "unable to complete the creation of the query cursor": Kind.TRANSIENT,
    "failed while fetching query cursor data": Kind.TRANSIENT,
    "unexpected internal servlet state": Kind.TRANSIENT,
    "retry your request": Kind.TRANSIENT,  # 400 unknown_error
    "access declined": Kind.TRANSIENT,  # a page that Salesforce shows under load
    'that have the "updated" status': Kind.TRANSIENT,  # a permission set group recalculates
}
"""Parts of an error's text, lower case. They count before its code: one code has many senses."""

STATUSES: Mapping[int, Kind] = {
    0: Kind.TRANSIENT,  # no answer
    401: Kind.CONFIGURATION,
    403: Kind.CONFIGURATION,
    408: Kind.TRANSIENT,
    420: Kind.GONE,  # deleted, expired, not ready or in maintenance (jsforce#1772, cli#2978)
    429: Kind.TRANSIENT,
    500: Kind.TRANSIENT,
    502: Kind.TRANSIENT,
    503: Kind.TRANSIENT,
    504: Kind.TRANSIENT,
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

_SIGN_UP: Mapping[str, tuple[Kind, str]] = {
    "": (Kind.TRANSIENT, "the sign-up failed without an error code"),
    "C-1007": (Kind.TRANSIENT, "the username is in use already"),
    "C-1015": (Kind.TRANSIENT, "the My Domain of the org could not be registered"),
    "C-1016": (
        Kind.CONFIGURATION,
        "the connected app could not be set up in the org: its consumer key is wrong, its "
        "certificate has expired, or it is an External Client App, which sign-ups cannot copy; "
        "make a connected app in the Dev Hub",
    ),
    "C-1017": (Kind.CONFIGURATION, "the namespace is not valid"),
    "C-1018": (Kind.CONFIGURATION, "the My Domain name is not valid"),
    "C-1019": (Kind.TRANSIENT, "the My Domain name is in use"),
    "C-1020": (Kind.CONFIGURATION, "the template does not exist"),
    "C-1027": (Kind.CONFIGURATION, "the template is not supported; use an edition instead"),
    "C-1033": (Kind.TRANSIENT, "the template has the wrong version"),
    "C-1034": (
        Kind.TRANSIENT,
        "the org could not be created; ask Salesforce Support for the reason",
    ),
    "C-9998": (Kind.CONFIGURATION, "not a valid scratch org"),
    "C-9999": (Kind.TRANSIENT, "a fatal error of the sign-up service"),
    "INVALID_ID_FIELD": (Kind.CONFIGURATION, "the template id is malformed"),
    "S-1006": (Kind.CONFIGURATION, "adminEmail is not a valid e-mail address"),
    "S-1017": (Kind.CONFIGURATION, "the namespace is not linked to the Dev Hub"),
    "S-1018": (Kind.CONFIGURATION, "the My Domain name is not valid"),
    "S-1019": (Kind.TRANSIENT, "the My Domain name is in use"),
    "S-1026": (Kind.CONFIGURATION, "the namespace is not valid"),
    "S-2006": (Kind.CONFIGURATION, "the country code is not valid"),
    "S-9999": (Kind.TRANSIENT, "a fatal error of the sign-up service"),
    "SH-0001": (Kind.CONFIGURATION, "the source org does not share its shape with this Dev Hub"),
    "SH-0002": (Kind.CONFIGURATION, "the source org has no org shape"),
    "SH-0003": (Kind.CONFIGURATION, "the org shape is of an older release; make it again"),
    "SH-9999": (Kind.TRANSIENT, "the org shape could not be checked"),
    "SN-0001": (Kind.CONFIGURATION, "the snapshot has expired"),
    "SN-0002": (Kind.CONFIGURATION, "the snapshot belongs to another Dev Hub"),
    "T-0002": (Kind.CONFIGURATION, "there is no such template or snapshot"),
    "T-0003": (Kind.CONFIGURATION, "the template is not approved"),
    "T-0004": (Kind.CONFIGURATION, "the source org of the template is gone"),
    "VR-0001": (Kind.TRANSIENT, "scratch orgs cannot be created now"),
    "VR-0002": (Kind.CONFIGURATION, "the release asked for is not available"),
    "VR-0003": (Kind.CONFIGURATION, "the release asked for is not available"),
}
"""ScratchOrgInfo.ErrorCode → class and meaning (docs/reference/sign-up.md#errors-of-a-sign-up)."""


def classify(status: int, error_code: str = "", message: str = "", *, is_hub: bool = False) -> Kind:
    """The class of an API error: by what its text says, then its code, then the HTTP status.

    From the Dev Hub nothing is GONE: what says so of an org passes there.
    """
    kind = _class(status, error_code, message)
    return Kind.TRANSIENT if is_hub and kind is Kind.GONE else kind


def _class(status: int, error_code: str, message: str) -> Kind:
    if status == 420:
        return Kind.GONE
    text = message.lower()
    for part, kind in MESSAGES.items():
        if part in text:
            return kind
    return CODES.get(error_code) or STATUSES.get(status) or _by_hundreds(status)


def _by_hundreds(status: int) -> Kind:
    if status < 300:
        return Kind.TRANSIENT  # a success, but not of Salesforce: some page in between
    return Kind.CONFIGURATION if status < 400 else Kind.CONTENT  # 3xx: the address is another


def sign_up_kind(error_code: str | None) -> Kind:
    """The class of a sign-up that ended in Error.

    A code that nobody has described counts as transient: how many sign-ups that may cost is
    bounded (`provisioner.builder.signup_breaker`).
    """
    return _SIGN_UP.get(error_code or "", (Kind.TRANSIENT, ""))[0]


def sign_up_meaning(error_code: str | None) -> str:
    """What the error code of a sign-up means, in words."""
    return _SIGN_UP.get(
        error_code or "", (Kind.TRANSIENT, "an error code without a documented meaning")
    )[1]


def says_any(text: str, parts: tuple[str, ...]) -> bool:
    """Whether an error's text contains one of `parts`, in any case."""
    lower = text.lower()
    return any(part in lower for part in parts)
