"""What a login host may answer instead of a token, what it means, and what to do about it.

One table. An answer is reduced to one line (`400 invalid_grant: audience is invalid`,
`420 text/html`, `network: connection refused`) and the first row whose pattern is found in
that line says the rest (`provisioner.salesforce.answers` does both). Rows stand in the order of how
much they tell, so that of the answers of several hosts the one to show is the one whose row
stands first. Source: docs/reference/login.md#refusals.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Then(Enum):
    """How the ladder goes on after an answer."""

    NEXT_RUNG = "the next pair of host and audience"
    NEXT_HOST = "the next host: this one will say the same to any audience"
    STOP = "nowhere: every host will say the same"


@dataclass(frozen=True)
class Kind:
    """One row: a class of answers.

    `passes` means that waiting helps, at any time or shortly after a sign-up.
    """

    code: str
    pattern: str
    then: Then
    cause: str
    fix: str
    passes: bool = False


FOREIGN_HOST = "foreign_host"
"""Code of errors about a host that is named in an answer and that no token may go to."""

REFUSALS: tuple[Kind, ...] = (
    Kind(
        FOREIGN_HOST,
        r"^200 a session for ",
        Then.STOP,
        "it gives a session for a host that is neither Salesforce's nor its own, or that is not "
        "reached by https: nothing was sent to it",
        "check login_url, and any proxy between this machine and Salesforce; an emulator on this "
        "machine names loopback addresses only",
    ),
    Kind(
        "login_bad_signature",
        r"invalid assertion",
        Then.STOP,
        "the signature does not fit the certificate of the app: another key or another certificate",
        "upload the certificate made with this key to the app, or use the key that belongs to its "
        "certificate; they fit when `openssl pkey -in KEY -pubout` and "
        "`openssl x509 -in CERTIFICATE -pubkey -noout` print the same",
    ),
    Kind(
        "login_clock_skew",
        r"expired authorization code",
        Then.STOP,
        "the assertion had expired when it arrived: the clock of this machine is behind",
        "set the clock of this machine (timedatectl set-ntp true)",
    ),
    Kind(
        "login_user_inactive",
        r"inactive_user|inactive user|user is (inactive|locked|frozen)",
        Then.STOP,
        "the user is deactivated, frozen or locked",
        "activate or unlock the user in Setup; a scratch org is replaced by the next build",
    ),
    Kind(
        "org_gone",
        r"inactive_org|inactive org|org_locked",
        Then.STOP,
        "the org is expired, locked or under maintenance",
        "check whether it still exists: provisioner status --prove; "
        "otherwise try again in a few minutes",
        passes=True,
    ),
    Kind(
        "org_gone",
        r"^420\b",
        Then.STOP,
        "the org is deleted, expired or under maintenance, or not ready yet",
        "check whether it still exists: provisioner status --prove; "
        "otherwise try again in a few minutes",
        passes=True,
    ),
    Kind(
        "login_ip_restricted",
        r"ip.{0,10}restricted",
        Then.STOP,
        "the app or the user's profile does not allow logins from this IP address",
        "set IP Relaxation of the app to 'Relax IP restrictions', or add this machine's address to "
        "the trusted ranges",
    ),
    Kind(
        "login_rate",
        r"rate_limit_exceeded|login rate|^429\b",
        Then.STOP,
        "too many logins of this user within an hour (Salesforce allows 3,600)",
        "wait an hour; let scripts share one session instead of logging in for each call",
        passes=True,
    ),
    Kind(
        "login_app_blocked",
        r"oauth_approval_error|app(lication)? (is|has been) (blocked|uninstalled)",
        Then.STOP,
        "the org blocks apps that are not installed in it",
        "install the app in Setup, Connected Apps OAuth Usage, or give the user the permission "
        "Approve Uninstalled Connected Apps",
    ),
    Kind(
        "login_app_not_installed",
        r"app must be installed",
        Then.STOP,
        "the app is not installed in the org, and the org lets only installed apps in",
        "an administrator of the org installs it: Setup, Connected Apps OAuth Usage, Install "
        "(Allowed is not enough)",
    ),
    Kind(
        "login_scope_refresh",
        r"refresh_token scope is required",
        Then.STOP,
        "the app lacks the scope refresh_token, or nobody has approved it beforehand: a JWT login "
        "needs both",
        "give the app the scope 'Perform requests at any time (refresh_token, offline_access)', "
        "set it to 'Admin approved users are pre-authorized' and add the user's profile or "
        "permission set (changes take up to 10 minutes)",
    ),
    Kind(
        "login_scope_missing",
        r"no valid scopes? defined",
        Then.STOP,
        "the app has no scope that a login could be given",
        "give the app the scope 'Manage user data via APIs (api)', and refresh_token beside it "
        "(changes take up to 10 minutes)",
    ),
    Kind(
        "login_not_admin_approved",
        r"invalid_app_access|not admin approved|admin_approv",
        Then.STOP,
        "only users whom an administrator approved may use the app, and this one is not",
        "add one of the user's profiles or permission sets to the app (Setup, Manage Connected "
        "Apps), or approve the app in API Access Control",
    ),
    Kind(
        "login_jwt_disabled",
        r"unsupported_grant_type|grant type not supported",
        Then.STOP,
        "the host does not take JWT logins for this app",
        "upload a certificate to the app (Use digital signatures) and enable its JWT bearer flow",
    ),
    Kind(
        "login_client_credentials",
        r"invalid_client\b",
        Then.NEXT_RUNG,
        "the host wants other credentials of the app than a signed assertion",
        "check consumer_key, and that the app has a certificate (Use digital signatures)",
    ),
    Kind(
        "login_app_missing",
        r"app_not_found|client app is not installed",
        Then.NEXT_RUNG,
        "the org does not know the app: an External Client App that was not put there, or not yet",
        "use the org's My Domain as login_url; Salesforce copies connected apps into scratch orgs, "
        "External Client Apps not reliably",
        passes=True,
    ),
    Kind(
        "unreachable",
        r"^network: no such host",
        Then.NEXT_HOST,
        "its name is not known: a new org's name spreads within minutes, a deleted org's is taken "
        "away; otherwise the address is misspelt, or this machine is offline",
        "check login_url and the network; look whether the org still exists: provisioner status",
        passes=True,
    ),
    Kind(
        "tls_certificate",
        r"^network: certificate",
        Then.NEXT_HOST,
        "its TLS certificate is not trusted here",
        "give the file of the private CA in SSL_CERT_FILE; with a company proxy, the proxy's CA",
    ),
    Kind(
        "proxy_refused",
        r"^network: proxy",
        Then.NEXT_HOST,
        "the proxy of this machine does not let the request through",
        "check HTTPS_PROXY and NO_PROXY, and what the proxy allows",
    ),
    Kind(
        "unreachable",
        r"^network: ",
        Then.NEXT_HOST,
        "no answer was received",
        "check login_url, the network and HTTPS_PROXY, then try again",
        passes=True,
    ),
    Kind(
        "server_error",
        r"unknown_error|server_error|temporarily_unavailable|access declined",
        Then.NEXT_HOST,
        "Salesforce could not answer at this moment",
        "try again in a few minutes; https://status.salesforce.com tells about maintenance",
        passes=True,
    ),
    Kind(
        "server_error",
        r"^(408|5\d\d)\b",
        Then.NEXT_HOST,
        "Salesforce has a fault or is in maintenance",
        "try again in a few minutes; https://status.salesforce.com tells about maintenance",
        passes=True,
    ),
    Kind(
        "login_not_approved",
        r"hasn.?t approved|not approved this consumer",
        Then.NEXT_RUNG,
        "the app is not approved for this user, or the host does not know the user",
        "set the app to 'Admin approved users are pre-authorized' and add the user's profile or "
        "permission set (changes take up to 10 minutes); check the spelling of the username; a new "
        "scratch org needs up to 5 minutes",
        passes=True,
    ),
    Kind(
        "login_authentication",
        r"authentication failure",
        Then.NEXT_RUNG,
        "the host does not know the username, or the user is locked",
        "check the username, and use the org's own My Domain as login_url",
        passes=True,
    ),
    Kind(
        "login_unknown_key",
        r"invalid_client_id|client identifier invalid",
        Then.NEXT_RUNG,
        "the host does not know the consumer key",
        "check consumer_key; use the org's own My Domain as login_url; a new app needs up to 10 "
        "minutes to spread",
        passes=True,
    ),
    Kind(
        "login_redirected",
        r"^3\d\d\b",
        Then.NEXT_HOST,
        "it sends elsewhere, and an assertion is not sent after a redirect",
        "use the address that it points to as login_url",
    ),
    Kind(
        "login_audience",
        r"audience (is invalid|validation failed)|invalid audience",
        Then.NEXT_RUNG,
        "the address does not fit the kind of org",
        "check login_url: https://login.salesforce.com for production, https://test.salesforce.com "
        "for sandboxes and scratch orgs, or the org's My Domain",
    ),
    Kind(
        "login_refused",
        r"^\d+ [a-z_]+(:|$)",
        Then.NEXT_RUNG,
        "Salesforce refused",
        "see the user's Login History in Setup",
    ),
    Kind(
        "login_bad_answer",
        r"",
        Then.NEXT_HOST,
        "the answer is not that of a Salesforce login host",
        "check login_url, and whether a proxy or sign-on page stands in between",
    ),
)
"""The last row takes every answer."""
