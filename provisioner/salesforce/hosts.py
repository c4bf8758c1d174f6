"""Salesforce's domains, and the hosts that may receive a token or an assertion.

The domains are those of the official library (sfdcUrl.ts of sfdx-core), and those of Setup pages,
of governments and of China.
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
"""Domains whose hosts all belong to Salesforce."""

PAGES: Mapping[str, tuple[str, str]] = {
    ".lightning.force.com": ("a Lightning", ".my.salesforce.com"),
    ".my.salesforce-setup.com": ("a Setup", ".my.salesforce.com"),
    ".my-lightning.com": ("a Lightning", ".my-salesforce.com"),
    ".lightning.crmforce.mil": ("a Lightning", ".my.salesforce.mil"),
    ".lightning.sfcrmapps.cn": ("a Lightning", ".my.sfcrmproducts.cn"),
}
"""Suffix of a host that only shows pages → its name in messages, and the My Domain suffix."""

_LOOPBACK = re.compile(r"^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$")
_GENERIC = ("login", "test")  # first labels of hosts that log in to many orgs


def is_salesforce(host: str) -> bool:
    """Whether a host belongs to Salesforce."""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def is_this_machine(host: str) -> bool:
    """Whether a host is a loopback address, as that of an emulator is."""
    return _LOOPBACK.match(host) is not None


def my_domain(host: str) -> tuple[str, str] | None:
    """For a host that only shows pages: its name in messages, and the My Domain of its org."""
    for end, (what, own) in PAGES.items():
        if host.endswith(end):
            return what, host.removesuffix(end) + own
    return None


def may_receive_token(named: str, asked: str) -> bool:
    """Whether the origin `named`, which an answer of `asked` names, may receive a token.

    Allowed are Salesforce's hosts and `asked` itself, over TLS. A loopback address may name only
    loopback addresses. A host outside of Salesforce may name its subdomains; `login.ANY.DOMAIN`
    and `test.ANY.DOMAIN` may also name other hosts of their domain, as Salesforce's own do.
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
