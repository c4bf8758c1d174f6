"""`/tooling/executeAnonymous`: anonymous Apex, compiled and followed as far as it can be.

Source: docs/reference/data.md#anonymous-apex.
"""

from __future__ import annotations

from provisioner.emulator.errors import ApiError
from provisioner.emulator.metadata.anonymous import execute, log_anonymous
from provisioner.emulator.routing import Call, Reply, route

_MAXIMUM_URI = 16_000  # characters of code: the platform's cap on a URI is about 16 kB


@route("/services/data/v<version>/tooling/executeAnonymous", name="tooling.executeAnonymous")
def execute_anonymous(call: Call) -> Reply:
    """Compile and run the code; a compile problem or an exception is a result, not an error."""
    source = call.query.get("anonymousBody", "")
    if not source.strip():
        raise ApiError(400, "MISSING_ARGUMENT", "anonymousBody parameter is required")
    if len(source) > _MAXIMUM_URI:
        raise ApiError(414, "URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit.")
    org = call.session_org()
    result = execute(org, source, call.user_id)
    log_anonymous(org, call.user_id, call.version, source, result)
    return Reply(result.to_json())
