"""Which kind of app logs in, and which way sign-ups give it to the orgs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, warning
from provisioner.errors import SalesforceError

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination

_COPIED = "sign-ups copy it into each org"
_OWN = "each org gets a login app of its own"
_KNOWN = {
    "replicated": f"{_COPIED}, as they do with a connected app",
    "deployed": f"sign-ups do not copy it, as with an External Client App; {_OWN}",
}


def examine(examination: Examination) -> Iterator[Result]:
    """By `login_app` and the facts of the ledger; by one query when they do not say it."""
    asked, known = examination.config.dev_hub.login_app, examination.facts.sign_up_way
    if asked == "replicated" and known == "deployed":
        reason = examination.facts.sign_up_way_reason
        yield warning(
            "login_app is replicated, but an earlier sign-up showed that the Dev Hub does not copy "
            "its app" + (f": {reason}" if reason else ""),
            "write login_app: auto; if the app has changed, run `provisioner check --probe`",
        )
    elif asked != "auto":
        way = _COPIED if asked == "replicated" else _OWN
        yield ok(f"{_KNOWN[known] if known == asked else way} (login_app: {asked})")
    elif known:
        yield ok(f"{_KNOWN[known]} (login_app: auto)")
    else:
        way = "the next build finds out whether sign-ups copy it"
        yield ok(f"{_kind(examination)}; {way} (login_app: auto)")


def _kind(examination: Examination) -> str:
    """The kind of the app, as far as the Dev Hub shows it: no object has the consumer keys."""
    client = examination.connections.hub.client
    try:
        apps = client.query("SELECT Id FROM ExternalClientApplication LIMIT 1")
    except SalesforceError as error:
        if error.is_unreachable:
            raise
        return "an app of a kind that this user cannot see"
    if not apps:
        return "a connected app (there is no External Client App)"
    return "a connected app or an External Client App"
