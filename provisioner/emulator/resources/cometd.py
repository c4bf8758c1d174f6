"""`/cometd/<version>`: the Streaming API by long polling, with the system topics of the CLI.

`sf apex get test` and `sf apex tail log` subscribe to `/systemTopic/TestResult` and
`/systemTopic/Logging`. Other channels are not emulated.

Source: "Message Reliability" and "Bayeux Protocol, CometD, and Long Polling" in the Streaming API
Developer Guide; the Bayeux 1.0 specification; the streaming clients of forcedotcom/sfdx-core and
salesforcedx-apex.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.metadata.apex_test_runs import TOPIC
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.request_parts import token_of
from provisioner.emulator.routing import Call, Reply, route

CHANNELS = ("/systemTopic/Logging", TOPIC)
_HOLD = 20.0  # seconds that a request waits for events; the platform waits up to 110
_STEP = 0.2  # seconds between two polls of tests that run
_RETRY = {"interval": 0, "timeout": 110_000, "reconnect": "retry"}
Message = dict[str, Any]


@route("/cometd/<version>", "POST", name="cometd", access="open")
@route("/cometd/<version>/<path:rest>", "POST", name="cometd", access="open")
def cometd(call: Call) -> Reply:
    """One message of the protocol, or a list of them; the answers and the waiting events."""
    sent = call.json()
    messages = sent if isinstance(sent, list) else [sent]
    if not messages or not all(isinstance(one, dict) for one in messages):
        raise ApiError(400, "JSON_PARSER_ERROR", "The body must be a list of messages")
    session = call.world.session(token_of(call.headers))
    if session is None:
        refused = [_failed(one, "401::Authentication invalid", "none") for one in messages]
        return Reply(refused, 401 if messages[0].get("channel") == "/meta/handshake" else 200)
    call.org, call.user_id = session.org, session.user_id
    return Reply([answer for one in messages for answer in _answers(call, one)])


def _answers(call: Call, message: Message) -> list[Message]:
    channel = str(message.get("channel"))
    handler = _HANDLERS.get(channel)
    if handler is None:
        raise NotEmulatedError(f"Streaming API channel {channel}")
    is_new = channel == "/meta/handshake"
    if not is_new and not call.session_org().streams.knows(str(message.get("clientId"))):
        return [_failed(message, "403::Unknown client", "handshake")]
    return handler(call, message)


def _handshake(call: Call, message: Message) -> list[Message]:
    more = {
        "ext": {"replay": True, "payload.format": True},
        "minimumVersion": "1.0",
        "version": "1.0",
        "clientId": call.session_org().streams.open(),
        "supportedConnectionTypes": ["long-polling"],
        "advice": _RETRY,
    }
    return [_succeeded(message, more)]


def _connect(call: Call, message: Message) -> list[Message]:
    org, client_id = call.session_org(), str(message["clientId"])
    events = [] if org.streams.connect(client_id) else _events(org, client_id)
    return [*events, _succeeded(message, {"advice": _RETRY})]


def _events(org: EmulatedOrg, client_id: str) -> list[Message]:
    """The events of a client. While it waits for tests, they progress as if it had polled."""
    streams, until = org.streams, time.monotonic() + _HOLD
    while True:
        runs = list(org.test_runs.values()) if streams.is_subscribed(client_id, TOPIC) else []
        running = [run for run in runs if not run.is_over]
        with org.store.lock:
            for run in running:
                run.poll()
        remaining = until - time.monotonic()
        events = streams.wait(client_id, min(_STEP, remaining) if running else remaining)
        if events or not streams.knows(client_id) or time.monotonic() >= until:
            return events


def _subscribe(call: Call, message: Message) -> list[Message]:
    """A client subscribes to channels, or is no longer subscribed to them."""
    wanted = message.get("subscription")
    streams = call.session_org().streams
    for channel in wanted if isinstance(wanted, list) else [wanted]:
        if channel not in CHANNELS:
            raise NotEmulatedError(f"Streaming API channel {channel}")
        is_wanted = message["channel"] == "/meta/subscribe"
        streams.subscribe(str(message["clientId"]), channel, wanted=is_wanted)
    return [_succeeded(message, {"subscription": wanted})]


def _disconnect(call: Call, message: Message) -> list[Message]:
    call.session_org().streams.close(str(message["clientId"]))
    return [_succeeded(message, {})]


def _succeeded(message: Message, more: Message) -> Message:
    return {**_head(message), "successful": True, **more}


def _failed(message: Message, error: str, reconnect: str) -> Message:
    advice = {"interval": 0, "reconnect": reconnect}
    return {**_head(message), "successful": False, "error": error, "advice": advice}


def _head(message: Message) -> Message:
    return {key: message[key] for key in ("channel", "id", "clientId") if key in message}


_HANDLERS: dict[str, Callable[[Call, Message], list[Message]]] = {
    "/meta/handshake": _handshake,
    "/meta/connect": _connect,
    "/meta/subscribe": _subscribe,
    "/meta/unsubscribe": _subscribe,
    "/meta/disconnect": _disconnect,
}
