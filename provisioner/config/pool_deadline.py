"""The deadline of a pool, as `pool.yaml` declares it: when it must be ready for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from provisioner.declare.options import Finding, option


@dataclass(frozen=True, kw_only=True)
class PoolDeadline:
    """A time of day at which orgs must be available."""

    at: str = option(
        "the time of day, on a clock of 24 hours",
        pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]",
        expects="a time of day such as 07:30",
        example="07:30",
    )
    timezone: str = option(
        "the time zone, by its name in the IANA database", default="UTC", example="Europe/Berlin"
    )
    available: int | None = option(
        "how many orgs must be available then; by default the size of the pool",
        default=None,
        minimum=1,
        maximum=1000,
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report a time zone that this machine does not know."""
        from zoneinfo import ZoneInfo  # used where needed: a claim reads this module as well

        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            yield Finding("timezone", _unknown(self.timezone))

    def next_after(self, moment: datetime) -> datetime:
        """The first time at or after `moment`, which is aware, at which the deadline falls."""
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self.timezone)
        local = moment.astimezone(zone)
        hour, minute = map(int, self.at.split(":"))
        for days in (0, 1, 2):
            day = (local + timedelta(days=days)).date()
            found = datetime.combine(day, time(hour, minute), zone)
            if found >= moment:
                return found
        raise AssertionError("a day has more than 48 hours")


def _unknown(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = available_timezones()
    if not known:
        return (
            "this machine has no time zone database; install the package tzdata "
            "(pip install tzdata), or write UTC"
        )
    near = get_close_matches(name, sorted(known), 1, 0.5)
    advice = f"did you mean {near[0]}?" if near else "write a name such as Europe/Berlin"
    return f"the time zone {name} is unknown; {advice}"
