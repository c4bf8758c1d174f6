"""The facts of a Dev Hub as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.ledger.facts import HubFacts

_KEPT = {True: "was kept", False: "was replaced"}
_YES = {True: "yes", False: "no", None: "unknown"}
_ACCESS = {"by_deploy": "the deploy gives the access", "inserted": "the build gives the access"}
_WAYS = {
    "replicated": "replicated (sign-ups copy the Dev Hub's app)",
    "deployed": "deployed (each org gets a login app of its own)",
}


def facts_document(facts: HubFacts) -> dict[str, Any] | None:
    """The facts as `check --json` prints them; None when nothing is known."""
    document = facts.as_json()
    reason = document.pop("sign_up_way_reason")
    return document if reason or any(v is not None for v in document.values()) else None


def facts_text(facts: HubFacts) -> list[str]:
    """The facts in a few lines; unknown ones are left out."""
    at = facts.probed_at
    title = f"by check --probe of {at:%Y-%m-%d %H:%M} UTC" if at else "by earlier commands"
    lines = [*_sign_up(facts), *_login(facts), *_user(facts)]
    if not lines:
        return ["Facts of the Dev Hub: none yet; `provisioner check --probe` measures them"]
    return [f"Facts of the Dev Hub, {title}:", *(f"  {line}" for line in lines)]


def _sign_up(facts: HubFacts) -> list[str]:
    lines = []
    if facts.sign_up_way:
        reason = f": {facts.sign_up_way_reason}" if facts.sign_up_way_reason else ""
        lines.append(f"login app: {_WAYS[facts.sign_up_way]}{reason}")
    if facts.sign_up_seconds is not None:
        lines.append(f"a sign-up took {facts.sign_up_seconds:.0f} s")
    return lines


def _login(facts: HubFacts) -> list[str]:
    lines = []
    if facts.login_delay_seconds is not None:
        start = "the deploy of the login app" if facts.sign_up_way == "deployed" else "that"
        lines.append(f"the first login worked {facts.login_delay_seconds:.0f} s after {start}")
    if facts.login_url:
        lines.append(f"accepted login: at {facts.login_url} with the audience {facts.audience}")
    if facts.asked_consumer_key_kept is not None:
        lines.append(f"the requested consumer key {_KEPT[facts.asked_consumer_key_kept]}")
    if facts.setup_entity_access:
        lines.append(f"access to the login app: {_ACCESS[facts.setup_entity_access]}")
    return lines


def _user(facts: HubFacts) -> list[str]:
    lines = []
    if facts.limits_readable is not None:
        spent = "" if facts.daily_spent is None else f"; the probe used {facts.daily_spent} daily"
        lines.append(f"this user can read the limits: {_YES[facts.limits_readable]}{spent}")
    if facts.allowances:
        lines.append(f"the Dev Hub allows {facts.allowances}")
    if facts.can_delete is not None or facts.probed_at:
        lines.append(f"this user can delete its scratch orgs: {_YES[facts.can_delete]}")
    if facts.snapshots is not None:
        lines.append(f"org snapshots: {_YES[facts.snapshots]}")
    return lines
