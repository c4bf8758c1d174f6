"""Clients of the Streaming API of one org: what they subscribed to, and their waiting events."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_CLIENTS = 100  # of an org; the oldest is forgotten first
_MOST_EVENTS = 1000  # that wait for one client


@dataclass
class _Client:
    channels: set[str] = field(default_factory=set)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST_EVENTS))
    has_connected: bool = False


class Streams:
    """The clients of an org by id. May be used from many threads."""

    def __init__(self) -> None:
        self._clients: dict[str, _Client] = {}
        self._changed = threading.Condition()

    def open(self) -> str:
        """A new client; its id."""
        with self._changed:
            while len(self._clients) >= _MOST_CLIENTS:
                del self._clients[next(iter(self._clients))]
            client_id = secrets.token_hex(14)
            self._clients[client_id] = _Client()
            return client_id

    def close(self, client_id: str) -> None:
        """Forget a client; its waiting request is answered."""
        with self._changed:
            self._clients.pop(client_id, None)
            self._changed.notify_all()

    def knows(self, client_id: str) -> bool:
        """Whether there is this client."""
        return client_id in self._clients

    def subscribe(self, client_id: str, channel: str, *, wanted: bool = True) -> None:
        """Start or end the subscription of a client to a channel; nothing if it is not known."""
        with self._changed:
            client = self._clients.get(client_id)
            if client is not None:
                (client.channels.add if wanted else client.channels.discard)(channel)

    def publish(self, channel: str, data: Mapping[str, Any]) -> None:
        """Give an event to every client that is subscribed to its channel."""
        with self._changed:
            for client in self._clients.values():
                if channel in client.channels:
                    client.events.append({"data": dict(data), "channel": channel})
            self._changed.notify_all()

    def is_subscribed(self, client_id: str, channel: str) -> bool:
        """Whether a client gets the events of a channel."""
        client = self._clients.get(client_id)
        return client is not None and channel in client.channels

    def connect(self, client_id: str) -> bool:
        """Note that a client connects; whether it is known and does so for the first time."""
        with self._changed:
            client = self._clients.get(client_id)
            if client is None:
                return False
            is_first, client.has_connected = not client.has_connected, True
            return is_first

    def wait(self, client_id: str, seconds: float) -> list[dict[str, Any]]:
        """The events of a client, as soon as there are any, at the latest after this time."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_answered(client_id), seconds)
            client = self._clients.get(client_id)
            events = list(client.events) if client else []
            if client:
                client.events.clear()
            return events

    def _is_answered(self, client_id: str) -> bool:
        client = self._clients.get(client_id)
        return client is None or bool(client.events)
