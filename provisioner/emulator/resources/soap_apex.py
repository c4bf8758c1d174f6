"""The Apex SOAP API, `/services/Soap/s/<version>`: executeAnonymous, as `sf apex run` calls it.

Source: docs/reference/data.md#anonymous-apex.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.metadata.anonymous import AnonymousResult, execute
from provisioner.emulator.metadata.soap import answer, read_operation
from provisioner.emulator.routing import Call, Reply, route

NAMESPACE = "http://soap.sforce.com/2006/08/apex"


@route("/services/Soap/s/<version>", "POST", name="soap.apex", access="soap")
@route("/services/Soap/s/<version>/<path:rest>", "POST", name="soap.apex", access="soap")
def apex(call: Call) -> Reply:
    """One operation of the Apex API; the debug log is in the header of the answer."""
    request = read_operation(call)
    if request.name != "executeAnonymous":
        raise NotEmulatedError(f"Apex API {request.name}")
    source = request.value("String") or request.value("apexcode")
    result = execute(call.session_org(), source, call.user_id)
    log = f"<debugLog>{escape(_debug_log(call.version, source, result))}</debugLog>"
    header = f"<DebuggingInfo>{log}</DebuggingInfo>"
    values = result.to_json()
    return answer(NAMESPACE, request.name, dict(sorted(values.items())), header=header)


def _debug_log(version: str, source: str, result: AnonymousResult) -> str:
    """A log in the platform's format: levels, code, outcome."""
    lines = [f"{version} APEX_CODE,DEBUG;APEX_PROFILING,INFO"]
    lines += [f"Execute Anonymous: {line}" for line in source.splitlines()]
    if result.compiled:
        lines += ["EXECUTION_STARTED", "CODE_UNIT_STARTED|[EXTERNAL]|execute_anonymous_apex"]
        lines += result.logged
        if result.exception_message:
            lines.append(f"FATAL_ERROR|{result.exception_message}")
        lines += ["CODE_UNIT_FINISHED|execute_anonymous_apex", "EXECUTION_FINISHED"]
    return "\n".join(lines)
