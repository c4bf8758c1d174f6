"""Why a request got no answer, in words that error messages and the table of login errors use."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.salesforce.redaction import one_line, redact


def network_reason(error: OSError) -> str:
    """The reason, such as `no such host` or `connection refused`, on one line."""
    known = next(filter(None, map(_known_reason, causes(error))), "")
    return known or _clean(error.strerror or type(error).__name__)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all errors that it wraps, in whatever way its library wraps them."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        wrapped = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        seen.extend(e for e in wrapped if isinstance(e, BaseException) and e not in seen)


def _known_reason(cause: BaseException) -> str:
    """The reason that one error names; empty for an error that names none."""
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
    if str(cause).startswith("Tunnel connection failed"):  # the message of http.client
        return f"proxy: {_clean(cause)}"
    return "connection closed without an answer" if isinstance(cause, ConnectionError) else ""


def _clean(value: object) -> str:
    """A text of the error on one line, short, without credentials."""
    return one_line(redact(str(value)), 200)
