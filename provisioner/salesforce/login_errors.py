"""The answers of a login host that hold no session: the cause of each, and how to fix it.

One table. `login_answers` reduces an answer to one line (`400 invalid_grant: audience is invalid`,
`420 text/html`, `network: connection refused`) and finds the first row whose pattern matches the
line. More specific rows come first: when several hosts refuse a login, the error shows the refusal
with the lowest row. Source: docs/reference/login.md#refusals.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Then(Enum):
    """Where a login continues after an answer."""

    NEXT_ENDPOINT = "the next pair of host and audience"
    NEXT_HOST = "the next host: this one refuses every audience"
    STOP = "nowhere: every host refuses the login"


@dataclass(frozen=True)
class LoginErrorType:
    """One row of the table.

    `passes` means that a later login may succeed, at any time or shortly after a sign-up.
    """

    code: str
    pattern: str
    then: Then
    cause: str
    fix: str
    passes: bool = False


FOREIGN_HOST = "foreign_host"
"""Code of errors about a host in an answer that must not receive a token."""

NOT_YET = frozenset(
    {
        "login_unknown_key",
        "login_not_approved",
        "login_app_missing",
        "login_app_not_installed",
        "login_not_admin_approved",
        "login_scope_refresh",
        "login_authentication",
    }
)
"""Codes that mean nothing about an app in its first minutes
(docs/reference/external-client-apps.md#first-minutes-of-an-app)."""

OTHER_KEY = frozenset({"login_bad_signature", "login_client_credentials"})
"""Codes of logins with a key that is not the one of the app's certificate."""

NOT_THIS_APP = NOT_YET | OTHER_KEY | {"login_jwt_disabled"}
"""Codes after which another app may log the same user in."""

LOGIN_ERROR_TYPES: tuple[LoginErrorType, ...] = (
    LoginErrorType(
        FOREIGN_HOST,
        r"^200 a session for ",
        Then.STOP,
        "the answer names an untrusted instance URL; nothing was sent to it",
        "check login_url, and any proxy between this machine and Salesforce; the instance URL must "
        "be a Salesforce host or the login host, over https (of an emulator on this machine: a "
        "loopback address)",
    ),
    LoginErrorType(
        "login_bad_signature",
        r"invalid assertion",
        Then.STOP,
        "the signature is invalid: the private key does not match the app's certificate",
        "upload the certificate of this key to the app, or use the key of its certificate; they "
        "match when `openssl pkey -in KEY -pubout` and "
        "`openssl x509 -in CERTIFICATE -pubkey -noout` print the same",
    ),
    LoginErrorType(
        "login_clock_skew",
        r"expired authorization code",
        Then.STOP,
        "the login request had already expired: the clock of this machine is behind",
        "set the clock of this machine, for example by NTP: timedatectl set-ntp true",
    ),
    LoginErrorType(
        "login_user_inactive",
        r"inactive_user|inactive user|user is (inactive|locked|frozen)",
        Then.STOP,
        "the user is deactivated, frozen or locked",
        "activate or unlock the user in Setup; or, if it is a scratch org, claim another one",
    ),
    LoginErrorType(
        "org_gone",
        r"inactive_org|inactive org|org_locked",
        Then.STOP,
        "the org is expired, locked or under maintenance",
        "run `provisioner status --prove` to see whether the org still exists; if it does, try "
        "again in a few minutes",
        passes=True,
    ),
    LoginErrorType(
        "org_gone",
        r"^420\b",
        Then.STOP,
        "the org is deleted, expired or under maintenance, or not ready yet",
        "run `provisioner status --prove` to see whether the org still exists; if it does, try "
        "again in a few minutes",
        passes=True,
    ),
    LoginErrorType(
        "login_ip_restricted",
        r"ip.{0,10}restricted",
        Then.STOP,
        "the app or the user's profile does not allow logins from this IP address",
        "set IP Relaxation of the app to 'Relax IP restrictions' (Setup, Manage Connected Apps, "
        "the app, Edit Policies), or add this machine's address to the profile's Login IP Ranges",
    ),
    LoginErrorType(
        "login_rate",
        r"rate_limit_exceeded|login rate|^429\b",
        Then.STOP,
        "too many logins of this user in one hour (Salesforce allows 3,600)",
        "wait an hour; use one session for several calls instead of one login per call",
        passes=True,
    ),
    LoginErrorType(
        "login_app_blocked",
        r"oauth_approval_error|app(lication)? (is|has been) (blocked|uninstalled)",
        Then.STOP,
        "the org blocks apps that are not installed in it",
        "install the app in Setup, Connected Apps OAuth Usage, or give the user the permission "
        "Approve Uninstalled Connected Apps",
    ),
    LoginErrorType(
        "login_app_not_installed",
        r"app must be installed",
        Then.STOP,
        "the app is not installed in the org, and the org accepts only installed apps",
        "ask an administrator of the org to install it in Setup, Connected Apps OAuth Usage "
        "(Install; Allowed is not enough)",
    ),
    LoginErrorType(
        "login_scope_refresh",
        r"refresh_token scope is required",
        Then.STOP,
        "the app lacks the scope refresh_token, or it is not pre-authorized for the user",
        "give the app the scope 'Perform requests at any time (refresh_token, offline_access)', "
        "set it to 'Admin approved users are pre-authorized' and add the user's profile or "
        "permission set (changes take up to 10 minutes)",
    ),
    LoginErrorType(
        "login_scope_missing",
        r"no valid scopes? defined",
        Then.STOP,
        "the app has no scope that a login can use",
        "give the app the scopes 'Manage user data via APIs (api)' and refresh_token "
        "(changes take up to 10 minutes)",
    ),
    LoginErrorType(
        "login_not_admin_approved",
        r"invalid_app_access|not admin approved|admin_approv",
        Then.STOP,
        "the app is limited to users whom an administrator approved, and this user is not approved",
        "add one of the user's profiles or permission sets to the app (Setup, Manage Connected "
        "Apps), or approve the app in API Access Control",
    ),
    LoginErrorType(
        "login_jwt_disabled",
        r"unsupported_grant_type|grant type not supported",
        Then.STOP,
        "the app does not accept JWT logins",
        "upload a certificate to the app (Use digital signatures) and enable its JWT bearer flow",
    ),
    LoginErrorType(
        "login_client_credentials",
        r"invalid_client\b",
        Then.NEXT_ENDPOINT,
        "the app has no certificate, or another one than that of this private key",
        "check consumer_key; use the private key of the app's certificate, or put the certificate "
        "of this key into the app: an External Client App of the Dev Hub with `provisioner hub "
        "app --session-from-env`, a connected app in Setup (Use digital signatures)",
    ),
    LoginErrorType(
        "login_app_missing",
        r"app_not_found|client app is not installed",
        Then.NEXT_ENDPOINT,
        "the app is not in the org, or this host cannot find it there",
        "use the org's My Domain as login_url; sign-ups copy connected apps into scratch orgs, but "
        "may not copy External Client Apps: set dev_hub.login_app to deployed or auto",
        passes=True,
    ),
    LoginErrorType(
        "unreachable",
        r"^network: no such host",
        Then.NEXT_HOST,
        "the host name cannot be resolved: it is misspelled, the org is minutes old or deleted, "
        "or this machine is offline",
        "check login_url and the network; of a scratch org, `provisioner status` shows whether it "
        "still exists",
        passes=True,
    ),
    LoginErrorType(
        "tls_certificate",
        r"^network: certificate",
        Then.NEXT_HOST,
        "this machine does not trust the host's TLS certificate",
        "set SSL_CERT_FILE to the certificate file of your private CA, or of your company's proxy",
    ),
    LoginErrorType(
        "proxy_refused",
        r"^network: proxy",
        Then.NEXT_HOST,
        "the proxy refused the request",
        "check HTTPS_PROXY and NO_PROXY, and which hosts the proxy allows",
    ),
    LoginErrorType(
        "unreachable",
        r"^network: connection refused",
        Then.NEXT_HOST,
        "the host refused the connection",
        "check login_url, the network and HTTPS_PROXY, then try again",
        passes=True,
    ),
    LoginErrorType(
        "unreachable",
        r"^network: timed out",
        Then.NEXT_HOST,
        "no answer was received in time",
        "check login_url, the network and HTTPS_PROXY, then try again",
        passes=True,
    ),
    LoginErrorType(
        "unreachable",
        r"^network: ",
        Then.NEXT_HOST,
        "the connection failed, or no valid answer was received",
        "check login_url, the network and HTTPS_PROXY, then try again",
        passes=True,
    ),
    LoginErrorType(
        "server_error",
        r"unknown_error|server_error|temporarily_unavailable|access declined",
        Then.NEXT_HOST,
        "Salesforce is temporarily unavailable",
        "try again in a few minutes; see https://status.salesforce.com for maintenance",
        passes=True,
    ),
    LoginErrorType(
        "server_error",
        r"^(408|5\d\d)\b",
        Then.NEXT_HOST,
        "Salesforce has an internal error or is in maintenance",
        "try again in a few minutes; see https://status.salesforce.com for maintenance",
        passes=True,
    ),
    LoginErrorType(
        "login_not_approved",
        r"hasn.?t approved|not approved this consumer",
        Then.NEXT_ENDPOINT,
        "the app is not approved for this user, or this host does not know the user",
        "set the app to 'Admin approved users are pre-authorized' and add the user's profile or "
        "permission set (changes take up to 10 minutes); check the username; a new scratch org "
        "needs up to 5 minutes",
        passes=True,
    ),
    LoginErrorType(
        "login_authentication",
        r"authentication failure",
        Then.NEXT_ENDPOINT,
        "this host does not know the username, or the user is locked",
        "check the username, and use the org's My Domain as login_url",
        passes=True,
    ),
    LoginErrorType(
        "login_unknown_key",
        r"invalid_client_id|client identifier invalid",
        Then.NEXT_ENDPOINT,
        "this host does not know the consumer key",
        "check consumer_key; use the org's My Domain as login_url; wait up to 10 minutes after "
        "creating the app",
        passes=True,
    ),
    LoginErrorType(
        "login_redirected",
        r"^3\d\d\b",
        Then.NEXT_HOST,
        "the host answers with a redirect, which is not followed with an assertion",
        "use the address of the redirect as login_url",
    ),
    LoginErrorType(
        "login_audience",
        r"audience (is invalid|validation failed)|invalid audience",
        Then.NEXT_ENDPOINT,
        "the audience does not match the type of org",
        "check login_url: https://login.salesforce.com for production, https://test.salesforce.com "
        "for sandboxes and scratch orgs, or the org's My Domain",
    ),
    LoginErrorType(
        "login_refused",
        r"^\d+ [a-z_]+(:|$)",
        Then.NEXT_ENDPOINT,
        "Salesforce refused the login",
        "see Login History in the org's Setup",
    ),
    LoginErrorType(
        "login_bad_answer",
        r"",
        Then.NEXT_HOST,
        "the host does not answer like a Salesforce login host",
        "check login_url, and whether a proxy or a sign-on page answers instead",
    ),
)
"""The last row matches every answer."""
