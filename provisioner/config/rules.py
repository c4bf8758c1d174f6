"""Rules for single values of `pool.yaml`: each answers with what is wrong, "" for nothing."""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import urlsplit

from provisioner.ledger import LEDGERS
from provisioner.salesforce.hosts import is_salesforce, is_this_machine, my_domain

LEDGER_FORMS = {
    "sqlite": ("///", "sqlite:///PATH (four slashes for an absolute path)"),
    "postgresql": ("//", "postgresql://USER@HOST/DATABASE"),
}
"""What comes after the colon first, and how the whole is written; other ledgers are one word."""


def is_salesforce_host(url: str) -> bool:
    """Does Salesforce itself answer at `url` (and not an emulator)?"""
    return is_salesforce((urlsplit(url).hostname or "").rstrip("."))


def login_url_rule(url: str) -> str:
    """A base URL where users log in: scheme and host, nothing after them."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port  # raises for what is no number
    except ValueError:
        return "this is no URL; write https://HOST"
    if parts.scheme not in ("https", "http") or not host:
        bare = url.partition("/")[0]
        is_host = "://" not in url and "." in bare and " " not in bare
        return f"write the whole URL: https://{bare if is_host else 'HOST'}"
    if parts.username or parts.password:
        return "a URL must not carry a user or password; the key of the certificate logs in"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return f"only scheme and host are wanted; write {parts.scheme}://{parts.netloc}"
    return _host_rule(parts.scheme, host)


def _host_rule(scheme: str, host: str) -> str:
    if page := my_domain(host):
        what, own = page
        return f"nobody logs in at {what} host; write https://{own}"
    if scheme == "http" and is_salesforce(host):
        return f"Salesforce takes no logins over http; write https://{host}"
    return ""


def is_clear_text(url: str) -> bool:
    """Would a login at `url` cross a network unencrypted?"""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")


def ledger_rule(url: str) -> str:
    """A ledger that this version has. The URL is not repeated: it may hold a password."""
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
    return f"there is no ledger {scheme!r}; {known}" if scheme.isalnum() else f"no ledger; {known}"
