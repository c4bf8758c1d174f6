"""Salesforce's error envelopes, as the emulated resources raise them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


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


class PlainError(Exception):
    """A refusal of the identity endpoints: one word of plain text, such as `Bad_OAuth_Token`."""

    def __init__(self, text: str, status: int = 403) -> None:
        super().__init__(text)
        self.text = text
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


class ValueTypeError(RecordError):
    """A value that the JSON parser cannot read as the type of its field.

    The location is unknown in collections (texei/texei-sfdx-plugin#113); `located` names it.
    """

    def __init__(self, type_name: str, token: str, name: str, value: Any) -> None:
        shown = {"START_OBJECT": "{", "START_ARRAY": "["}.get(token) or (
            str(value).lower() if isinstance(value, bool) else value
        )
        self._text = f"Cannot deserialize instance of {type_name} from {token} value {shown} or "
        self._text += "request may be missing a required field"
        self.name = name
        self.value = value
        nowhere = "at [Source: N/A; line: -1, column: -1][line:-1, column:-1]"
        super().__init__("JSON_PARSER_ERROR", f"{self._text} {nowhere}")

    def located(self, location: str) -> RecordError:
        """The same refusal with its location in the body."""
        return RecordError(self.code, f"{self._text} {location}")


class NotEmulatedError(Exception):
    """What is not emulated; answered with status 501 and its name, never faked."""
