"""The routes of Bulk API 1.0: its session header, and the form of its errors.

Source: "Bulk API Reference" in the Bulk API 2.0 and Bulk API Developer Guide.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from provisioner.emulator import api_versions, envelopes
from provisioner.emulator.bulk import batch_formats as formats
from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.request_parts import token_of
from provisioner.emulator.routing import Call, Handler, Reply, route


class BulkError(Exception):
    """An error of this API: 400 with `code` and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} : {message}")
        self.code, self.message = code, message


def bulk_route(rule: str, *methods: str, name: str) -> Callable[[Handler], Handler]:
    """Register a handler with the session header and the errors of this API."""

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def handle(call: Call) -> Reply:
            try:
                refused = _admit(call)
                return refused or handler(call)
            except BulkError as error:
                return formats.refusal(call, 400, error.code, error.message)
            except ApiError as error:
                code, _, text = error.message.partition(" : ")
                return formats.refusal(call, 400, code if text else error.code, text or code)
            except NotEmulatedError as error:
                return formats.refusal(call, 501, "NOT_EMULATED", f"not emulated: {error}")

        return route(rule, *methods, name=name, access="open")(handle)

    return register


def _admit(call: Call) -> Reply | None:
    """Set the org and user of the session. Raises InvalidSessionId; a deleted org answers 420."""
    token = token_of(call.headers)
    org = call.world.org_of_token(token)
    if org is not None and org.is_over():
        return envelopes.deleted_org()
    session = call.world.session(token)
    if session is None:
        raise BulkError("InvalidSessionId", "Invalid session id")
    if call.version not in api_versions.KNOWN:
        raise BulkError("InvalidVersion", f"Invalid version: {call.version}")
    call.org, call.user_id = session.org, session.user_id
    session.org.api_requests += 1
    if session.org.api_requests > call.world.limits.api:
        raise BulkError("ExceededQuota", "TotalRequests Limit exceeded.")
    return None
