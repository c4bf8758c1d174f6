"""The org is a Dev Hub: its scratch orgs can be queried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.builder.survey import survey
from provisioner.doctor.result import Result, ok
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination


def examine(examination: Examination) -> Iterator[Result]:
    """One query, the one with which each build begins. Raises SalesforceError, ClockError."""
    orgs = survey(examination.connections)
    active = quantity(sum(org.is_signed_up for org in orgs), "active scratch org")
    pending = sum(not org.is_signed_up for org in orgs)
    others = f" and {quantity(pending, 'pending sign-up')}" if pending else ""
    name = examination.connections.hub.client.name
    yield ok(f"{name}: is a Dev Hub, on which this user sees {active}{others}")
