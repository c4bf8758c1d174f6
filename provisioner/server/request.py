"""One request to the API: who sends it, its parameters and its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner.declare.duration import parse_duration
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.access.person import Person
    from provisioner.server.world import World


@dataclass(frozen=True)
class Call:
    """A request that has passed the sign-in."""

    world: World
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A text of the body or the query; "" when it is absent. Raises UsageError."""
        value = self.body.get(name, self.query.get(name, ""))
        if value is None:
            return ""
        if not isinstance(value, str):
            raise UsageError(f"{name} is not a text", code="bad_request", hint="send a string")
        return value

    def flag(self, name: str) -> bool:
        """A truth value of the body. Raises UsageError."""
        value = self.body.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(
                f"{name} is not true or false", code="bad_request", hint="send true or false"
            )
        return value

    def duration(self, name: str) -> timedelta | None:
        """A duration as `8h`; None when it is absent. Raises UsageError."""
        text = self.text(name)
        if not text:
            return None
        try:
            return parse_duration(text)
        except ValueError as error:
            raise UsageError(
                f"{name}: {error}", code="bad_request", hint="send 8h or 90m"
            ) from None
