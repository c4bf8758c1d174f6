"""A link that opens one browser session without a password (docs/reference/users.md)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from provisioner.errors import LoginError, UsageError
from provisioner.salesforce.answer_json import read_json
from provisioner.salesforce.hosts import may_receive_token
from provisioner.salesforce.login_endpoints import named_origin
from provisioner.salesforce.login_errors import FOREIGN_HOST
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.post import get_with_token

PATH = "/services/oauth2/singleaccess"


def single_use_link(instance_url: str, token: str, redirect: str = "") -> str:
    """A link that logs a browser in once, within a short time, and then opens `redirect`.

    The link is a credential: never log it or pass it as an argument of a process. The older
    `frontdoor.jsp?sid=` would contain the session itself. Raises LoginError.
    """
    query = f"?{urlencode({'redirect_uri': redirect})}" if redirect else ""
    host = urlsplit(instance_url).netloc
    try:
        reply = get_with_token(f"{instance_url}{PATH}{query}", token)
    except OSError as error:
        raise LoginError(
            f"{host} returned no login link: {network_reason(error)}", code="unreachable"
        ) from None
    try:
        link = read_json(reply.body)["frontdoor_uri"] if reply.status == 200 else None
    except (ValueError, KeyError, TypeError):
        link = None
    if not isinstance(link, str) or not link.startswith(("https://", "http://")):
        raise LoginError(
            f"{host} returned no login link: HTTP {reply.status}",
            code="no_browser_link",
            hint="give the app the scope 'Manage user data via Web browsers (web)'",
        )
    if not _may_be_opened(link, instance_url):
        raise LoginError(
            f"{host} returned a login link to a host that is neither Salesforce's nor its own; "
            "the link is a credential and was not opened",
            code=FOREIGN_HOST,
            hint="check for a proxy between this machine and Salesforce",
        )
    return link


def _may_be_opened(link: str, instance_url: str) -> bool:
    try:
        return may_receive_token(named_origin(link), instance_url)
    except UsageError:
        return False
