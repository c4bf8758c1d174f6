"""Checks the sizes and durations of a pool: those that cannot work together, or have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from datetime import timedelta
from typing import Protocol

from provisioner.config.portion import Portion
from provisioner.declare.duration import format_duration
from provisioner.declare.options import Finding
from provisioner.plain_text import quantity

MINIMUM_LIFE = timedelta(hours=12)
"""An available org with less life left does not count: no claim of the default kind takes it."""


class Quotas(Protocol):
    """The keys of a pool that the rules are about."""

    @property
    def size(self) -> int:
        """Available orgs wanted."""

    @property
    def maximum(self) -> int | None:
        """The most orgs together."""

    @property
    def duration_days(self) -> int:
        """The life of an org."""

    @property
    def refresh_after(self) -> timedelta | None:
        """The age at which an org is replaced."""

    @property
    def prove_after(self) -> timedelta:
        """The age at which a verification is repeated."""

    @property
    def swap(self) -> Portion:
        """How many orgs may be missing."""

    @property
    def definitions(self) -> Sized:
        """The definitions that share the orgs."""


def quota_findings(pool: Quotas) -> Iterator[Finding]:
    """The problems of one pool. Only a maximum below the size can never be reached."""
    if pool.maximum is not None and pool.maximum < pool.size:
        message = f"is less than size; write {pool.size} or more, or leave it out"
        yield Finding("maximum", message)
    for field, message in (*_durations(pool), *_sizes(pool)):
        yield Finding(field, message, is_warning=True)


def _durations(pool: Quotas) -> Iterator[tuple[str, str]]:
    life = timedelta(days=pool.duration_days)
    less = f"write less than {format_duration(life)}, or raise duration_days"
    if pool.refresh_after is not None and pool.refresh_after >= life:
        yield "refresh_after", f"the orgs expire before this age; {less}"
    if pool.prove_after >= life:
        text = "the orgs expire before a verification is that old, so none is repeated"
        yield "prove_after", f"{text}; {less}"
    if pool.duration_days == 1:
        least, wait = format_duration(MINIMUM_LIFE), format_duration(life - MINIMUM_LIFE)
        text = f"an org that expires in less than {least} is not claimed, but replaced"
        yield "duration_days", f"{text}, so each waits at most {wait}; write 2 or more"


def _sizes(pool: Quotas) -> Iterator[tuple[str, str]]:
    if not pool.swap.is_share and pool.swap.amount > pool.size > 0:
        text = "is more than size, so the pool may be empty while orgs are replaced"
        yield "swap", f"{text}; write at most {max(1, pool.size - 1)}, or a share like 20%"
    count = len(pool.definitions)
    if 0 < pool.size < count:
        orgs = quantity(pool.size, "org")
        text = f"{count} definitions share {orgs}, so not each of them gets one"
        yield "definitions", f"{text}; write a size of {count} or more"
