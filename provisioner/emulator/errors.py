"""Salesforce's error envelopes, as the emulated resources raise them."""

from __future__ import annotations

from collections.abc import Sequence


class ApiError(Exception):
    """A REST error: HTTP `status` and one entry of `[{"errorCode", "message", "fields"}]`."""

    def __init__(
        self, status: int, code: str, message: str, fields: Sequence[str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)


class OAuthError(Exception):
    """A token endpoint error: `{"error", "error_description"}`, HTTP 400 by default."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class SoapFault(Exception):  # noqa: N818 - the protocol's own word
    """A SOAP fault, HTTP 500: `code` without its prefix (`INVALID_SESSION_ID`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class RecordError(Exception):
    """One record was refused; becomes an entry of `errors: [{statusCode, message, fields}]`."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = list(fields)


class NotEmulatedError(Exception):
    """What is not emulated; answered with status 501 and its name, never faked."""
