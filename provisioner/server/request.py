"""One request to the API: who sends it, its parameters and its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

from provisioner.declare.duration import parse_duration
from provisioner.errors import UsageError
from provisioner.server.connection import Connection

if TYPE_CHECKING:
    from provisioner.access.person import Person
    from provisioner.server.world import World


LONGEST = timedelta(days=366)  # no scratch org lives longer than 30 days


@dataclass(frozen=True)
class Call:
    """A request that has passed the sign-in, and whose body and query have passed their schemas."""

    world: World
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    connection: Connection = field(default_factory=lambda: Connection(Event()))

    def text(self, name: str) -> str:
        """A text of the body or the query; "" when it is absent."""
        return str(self.body.get(name, self.query.get(name, "")))

    def flag(self, name: str) -> bool:
        """A truth value of the body; False when it is absent."""
        return bool(self.body.get(name, False))

    def duration(self, name: str) -> timedelta | None:
        """A duration as `8h`; None when it is absent. Raises UsageError."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = parse_duration(text)
        except ValueError as error:
            raise UsageError(
                f"{name}: {error}", code="bad_request", hint="send 8h or 90m"
            ) from None
        if found > LONGEST:
            raise UsageError(f"{name} is longer than a year", code="bad_request", hint="send less")
        return found
