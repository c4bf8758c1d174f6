"""Salesforce's own hosts, and which hosts a token or an assertion may go to.

The one list of domains. As the official library has them (sfdcUrl.ts of sfdx-core), with the pages
of Setup and the domains of governments and of China, where org and pages differ as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

DOMAINS = (
    "salesforce.com",
    "force.com",
    "salesforce-setup.com",
    "my-salesforce.com",
    "my-lightning.com",
    "cloudforce.com",
    "salesforce.mil",
    "crmforce.mil",
    "sfcrmproducts.cn",
    "sfcrmapps.cn",
)
"""Whoever has a host in one of them has it from Salesforce."""

PAGES: Mapping[str, tuple[str, str]] = {
    ".lightning.force.com": ("a Lightning", ".my.salesforce.com"),
    ".my.salesforce-setup.com": ("a Setup", ".my.salesforce.com"),
    ".my-lightning.com": ("a Lightning", ".my-salesforce.com"),
    ".lightning.crmforce.mil": ("a Lightning", ".my.salesforce.mil"),
    ".lightning.sfcrmapps.cn": ("a Lightning", ".my.sfcrmproducts.cn"),
}
"""What hosts that only show pages end in: what they are called, and the end of the My Domain."""

_LOOPBACK = re.compile(r"^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$")
_GENERIC = ("login", "test")  # first parts of the names of hosts that log in to many orgs


def is_salesforce(host: str) -> bool:
    """Whether a host name is Salesforce's own."""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def is_this_machine(host: str) -> bool:
    """Whether a host name is one of the loopback addresses: an emulator."""
    return _LOOPBACK.match(host) is not None


def my_domain(host: str) -> tuple[str, str] | None:
    """For a host that shows pages and takes no login: what it is, and the org's own host."""
    for end, (what, own) in PAGES.items():
        if host.endswith(end):
            return what, host.removesuffix(end) + own
    return None


def may_receive_token(named: str, asked: str) -> bool:
    """Whether a token or an assertion may go to the origin `named`, which the host `asked` names.

    Over TLS to Salesforce's hosts, and to `asked` itself; from this machine to this machine alone.
    A host that is not Salesforce's may name its subdomains, and `login.ANY.DOMAIN` or
    `test.ANY.DOMAIN` also hosts beside itself, as Salesforce's own do.
    """
    to, asked_host = urlsplit(named), urlsplit(asked).hostname or ""
    host = to.hostname or ""
    if is_this_machine(asked_host):
        return is_this_machine(host)
    if to.scheme != "https" or not host:
        return False
    if is_salesforce(host) or is_salesforce(asked_host):
        return is_salesforce(host)
    first, _, parent = asked_host.partition(".")
    is_generic = first in _GENERIC and "." in parent
    return host == asked_host or host.endswith(f".{parent if is_generic else asked_host}")
