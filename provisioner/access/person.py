"""A person or job that has proved who it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Who sends a request: a person, a CI job or an agent.

    `name` is the owner of the claims, as `--owner` of the command line.
    """

    name: str
    groups: frozenset[str] = frozenset()
    way: str = ""  # how they have proved it: "token file", "proxy", "openid connect", "ci"
    address: str = ""  # from where the request comes
    pools: frozenset[str] | None = None  # of a CI job: the only pools that it may use
    token_id: str = ""  # of a CI job: its token makes one claim, and never another one
    is_local: bool = False  # the one person of a server on loopback: every role

    def owns(self, owner: str) -> bool:
        """Whether a claim of `owner` is theirs."""
        return bool(owner) and owner.casefold() == self.name.casefold()
