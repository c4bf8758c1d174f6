"""What a query knows of its user: locale, time zone, currency."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.soql.names import Context

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

CORPORATE = "USD"  # the currency of the org, and so of a user without one


def user_of(context: Context) -> Record:
    """The record of the user."""
    return context.store.peek("User", context.user_id) or {}


def in_time_zone(context: Context, moment: datetime) -> datetime:
    """The same moment on the user's clock. Raises NotEmulatedError for an unknown time zone."""
    name = str(user_of(context).get("TimeZoneSidKey") or "UTC")
    try:
        return moment.astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        raise NotEmulatedError(f"time zone {name}") from None


def has_currencies(context: Context) -> bool:
    """Whether the org has several currencies."""
    return "CurrencyType" in context.store.types


def currency_of(context: Context) -> str:
    """The ISO code of the user's currency."""
    return str(user_of(context).get("DefaultCurrencyIsoCode") or CORPORATE)
