"""What a login host answered, reduced to one line and to the row of `refusals` it falls under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.refusals import REFUSALS, Kind
from provisioner.salesforce.reply import ACCESS_DECLINED, Reply


@dataclass(frozen=True)
class Refusal:
    """One answer without a token: its line, and the row that it falls under."""

    text: str
    kind: Kind
    date: str = ""

    @property
    def rank(self) -> int:
        """Its place in the table: the lower, the more it tells."""
        return REFUSALS.index(self.kind)


def refusal_of(reply: Reply, error: object = None, description: object = None) -> Refusal:
    """Classify an answer of the host by its status and, when it was JSON, its two fields."""
    if error:
        text = f"{reply.status} {_clean(error)}" + (
            f": {_clean(description)}" if description else ""
        )
    else:
        target = f" to {_clean(reply.location.split('?')[0])}" if reply.location else ""
        kind = reply.content_type.split(";")[0].strip() or "no content"
        busy = ": Access Declined" if ACCESS_DECLINED in reply.body else ""
        text = f"{reply.status} {kind}{target}{busy}"
    return Refusal(text, _kind(text), reply.date)


def elsewhere(host: str) -> Refusal:
    """Classify an answer with a session for a host that no token may go to."""
    text = f"200 a session for {_clean(host)}"
    return Refusal(text, _kind(text))


def unreachable(error: OSError) -> Refusal:
    """Classify the lack of an answer."""
    text = f"network: {_network(error)}"
    return Refusal(text, _kind(text))


def _kind(text: str) -> Kind:
    return next(kind for kind in REFUSALS if re.search(kind.pattern, text, re.IGNORECASE))


def _clean(value: Any) -> str:
    """A field of the answer fit for an error text: one line, short, without credentials."""
    return one_line(redact(str(value)), 200)


def _network(error: OSError) -> str:
    """Why no answer came, in the words that the table knows."""
    known = next(filter(None, map(_known, causes(error))), "")
    return known or _clean(error.strerror or type(error).__name__)


def _known(cause: BaseException) -> str:
    """The words for one kind of error; empty for those that say nothing by themselves."""
    import socket
    import ssl

    from provisioner.salesforce.bounded import TooLargeError

    if isinstance(cause, socket.gaierror):
        return "no such host"
    if isinstance(cause, TooLargeError):
        return str(cause)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate: {_clean(getattr(cause, 'verify_message', ''))}"
    if isinstance(cause, ssl.SSLError):
        return f"no TLS: {_clean(getattr(cause, 'reason', ''))}"
    if isinstance(cause, TimeoutError):
        return "timed out"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if str(cause).startswith("Tunnel connection failed"):  # http.client's words
        return f"proxy: {_clean(cause)}"
    return "connection closed without an answer" if isinstance(cause, ConnectionError) else ""


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what stands behind it, however its library wrapped it, innermost last."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        behind = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        seen.extend(e for e in behind if isinstance(e, BaseException) and e not in seen)
