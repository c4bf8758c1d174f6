"""Rules for single values of `pool.yaml`: each returns the problem, or "" if there is none."""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import urlsplit

from provisioner.ledger import LEDGERS
from provisioner.salesforce.hosts import is_salesforce, is_this_machine, my_domain

LEDGER_FORMS = {
    "sqlite": ("///", "sqlite:///PATH (four slashes for an absolute path)"),
    "postgresql": ("//", "postgresql://USER@HOST/DATABASE"),
}
"""The start of the part after the colon, and the form of the URL; other ledgers are one word."""


def is_salesforce_host(url: str) -> bool:
    """Whether `url` is a host of Salesforce, and not of an emulator."""
    return is_salesforce((urlsplit(url).hostname or "").rstrip("."))


def login_url_rule(url: str) -> str:
    """A base URL where users log in: scheme and host, and nothing after the host."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError:
        return "is not a URL; write https://HOST"
    if parts.scheme not in ("https", "http") or not host:
        bare = url.partition("/")[0]
        if "://" in url or "." not in bare or " " in bare:
            return "write the whole URL: https://HOST"
        return _host_rule("https", bare) or f"write the whole URL: https://{bare}"
    if parts.username or parts.password:
        return "the URL must not contain a user or password; remove them"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return f"the URL must have only scheme and host; write {parts.scheme}://{parts.netloc}"
    return _host_rule(parts.scheme, host)


def _host_rule(scheme: str, host: str) -> str:
    if page := my_domain(host):
        what, own = page
        return f"{what} host does not accept logins; write https://{own}"
    if scheme == "http" and is_salesforce(host):
        return f"Salesforce does not accept logins over http; write https://{host}"
    return ""


def is_clear_text(url: str) -> bool:
    """Whether a login at `url` would cross a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")


def ledger_rule(url: str) -> str:
    """A ledger of this version. The message does not show the URL, which may hold a password."""
    scheme, colon, rest = url.partition(":")
    if scheme == "postgresql":
        from provisioner.ledger.postgresql.address import url_problem

        return url_problem(url)
    if scheme in LEDGER_FORMS:
        start, form = LEDGER_FORMS[scheme]
        return "" if rest.startswith(start) and rest.strip("/") else f"write {form}"
    if scheme in LEDGERS:
        return f"write {scheme}, and nothing after it" if colon else ""
    if not colon:
        return "write a URL, such as sqlite:///.provisioner/ledger.db, or devhub"
    near = get_close_matches(scheme, LEDGERS, 1)
    form = LEDGER_FORMS.get(near[0], ("", near[0]))[1].partition(" ")[0] if near else ""
    known = f"did you mean {form}?" if near else f"known: {', '.join(LEDGERS)}"
    what = f"unknown kind of ledger {scheme!r}" if scheme.isalnum() else "is not a ledger"
    return f"{what}; {known}"
