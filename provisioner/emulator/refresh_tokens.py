"""Refresh tokens: each login has a family of them, of which one can be used.

Source: docs/reference/login.md#codes-and-refresh-tokens.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.emulator.sessions import AuthCode, Sessions

PREFIX = "5Aep"


@dataclass(eq=False)
class Family:
    """The refresh tokens of one login, oldest first, and the number by which sessions name it."""

    number: int
    login: AuthCode
    tokens: list[str] = field(default_factory=list)
    is_ended: bool = False

    @property
    def current(self) -> str:
        """The token that can be used."""
        return self.tokens[-1]


class RefreshTokens:
    """All refresh tokens of a world."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._families: dict[str, Family] = {}  # by each of their tokens
        self._numbers = count(1)
        self._lock = threading.Lock()

    def start(self, login: AuthCode) -> Family:
        """The family of a new login, with its first token."""
        family = Family(next(self._numbers), login)
        with self._lock:
            self._add(family)
        return family

    def use(self, token: str, *, rotates: bool) -> str | None:
        """The token to use instead of one that is used now; None if it cannot be used.

        With rotation it gets a new current token, and the second use of a token ends the family.
        """
        with self._lock:
            family = self._families.get(token)
            if family is None or family.is_ended:
                return None
            if token == family.current:
                if rotates:
                    self._add(family)
                return family.current
            self._end(family)
            return None

    def find(self, token: str, consumer_key: str | None) -> Family | None:
        """The family of a token, if the app with this key (None: not named) may use it."""
        family = self._families.get(token)
        if family is None or consumer_key not in (None, family.login.consumer_key):
            return None
        return family

    def revoke(self, token: str) -> bool:
        """End the family of a token, with its sessions; whether there was one."""
        with self._lock:
            family = self._families.get(token)
            if family is None or family.is_ended:
                return False
            self._end(family)
            return True

    def _add(self, family: Family) -> None:
        token = PREFIX + self._sessions.new_secret()
        family.tokens.append(token)
        self._families[token] = family

    def _end(self, family: Family) -> None:
        family.is_ended = True
        self._sessions.end_of_family(family.number)
