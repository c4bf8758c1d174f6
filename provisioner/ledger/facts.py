"""What is known of a Dev Hub beyond its orgs: how its sign-ups behave.

`check --probe` and builds find it out, and later builds, plans and rehearsals follow it. Facts are
hints: a row that cannot be read counts as unknown, and never stops a build. They hold no secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from provisioner.plain_text import quantity, visible

_LONGEST_TEXT = 1_000  # characters; a longer one is cut when it is recorded


@dataclass(frozen=True)
class HubFacts:
    """The facts; None and "" mean unknown, or that the question did not arise."""

    probed_at: datetime | None = None  # None: no probe was made
    api_version: str = ""
    sign_up_way: str = ""  # `replicated` or `deployed`
    sign_up_way_reason: str = ""  # why it is deployed
    sign_up_seconds: float | None = None
    login_delay_seconds: float | None = None  # from active, or from the deploy of the app
    login_url: str = ""  # the host that accepted the login
    audience: str = ""  # of the assertion that it accepted
    asked_consumer_key_kept: bool | None = None
    setup_entity_access: str = ""  # `by_deploy` or `inserted`
    limits_readable: bool | None = None
    daily_spent: int | None = None  # sign-ups that the probe used of the daily limit
    active_limit: int | None = None  # active scratch orgs that the Dev Hub allows
    daily_limit: int | None = None  # sign-ups in 24 hours that it allows
    can_delete: bool | None = None
    snapshots: bool | None = None

    @property
    def allowances(self) -> str:
        """`40 active orgs and 80 sign-ups a day`; "" when they are not known."""
        if self.active_limit is None or self.daily_limit is None:
            return ""
        active, daily = quantity(self.active_limit, "active org"), self.daily_limit
        return f"{active} and {quantity(daily, 'sign-up')} a day"

    def as_json(self) -> dict[str, Any]:
        """The facts as `check --json` prints them: null for what is unknown."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, document: object) -> HubFacts:
        """The facts in a document; a value of a wrong type is unknown."""
        if not isinstance(document, Mapping):
            return cls()
        return cls(**{name: read(document.get(name)) for name, read in _READERS.items()})

    def text(self) -> str:
        """The facts as a ledger keeps them."""
        return json.dumps(self.as_json(), sort_keys=True)

    @classmethod
    def from_text(cls, text: object) -> HubFacts:
        """The facts that `text` wrote; unknown facts for any other text."""
        try:
            return cls.from_json(json.loads(text)) if isinstance(text, str) else cls()
        except (ValueError, RecursionError):
            return cls()


def subject_of(hub_username: str, consumer_key: str) -> str:
    """What facts are about: a Dev Hub, as this user sees it, and its app."""
    return f"{hub_username.lower()} {consumer_key}"


def _plain(value: Any) -> Any:
    """A fact as JSON that every ledger can keep: short texts without control characters."""
    if isinstance(value, datetime):
        at = _in_utc(value)
        return at and at.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, str):
        text = visible(value)
        is_long = len(text) > _LONGEST_TEXT
        return (f"{text[: _LONGEST_TEXT - 1]}…" if is_long else text) or None
    return value


def _in_utc(at: datetime) -> datetime | None:
    """None for a time without a zone, or one that is before year 1 or after 9999 in UTC."""
    try:
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except OverflowError:
        return None


def _text(value: object) -> str:
    is_plain = isinstance(value, str) and value == _plain(value)
    return str(value) if is_plain else ""


def _one_of(*known: str) -> Callable[[object], str]:
    return lambda value: value if isinstance(value, str) and value in known else ""


def _seconds(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e9 else None  # type: ignore[operator,arg-type]


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 10**9 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


_READERS: Mapping[str, Callable[[object], Any]] = {
    "probed_at": _moment,
    "api_version": _text,
    "sign_up_way": _one_of("replicated", "deployed"),
    "sign_up_way_reason": _text,
    "sign_up_seconds": _seconds,
    "login_delay_seconds": _seconds,
    "login_url": _text,
    "audience": _text,
    "asked_consumer_key_kept": _flag,
    "setup_entity_access": _one_of("by_deploy", "inserted"),
    "limits_readable": _flag,
    "daily_spent": _count,
    "active_limit": _count,
    "daily_limit": _count,
    "can_delete": _flag,
    "snapshots": _flag,
}
