"""The Apex SOAP API, `/services/Soap/s/<version>`: executeAnonymous, as `sf apex run` calls it.

Source: docs/reference/data.md#anonymous-apex.
"""

from __future__ import annotations

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.metadata.anonymous import execute, log_anonymous
from provisioner.emulator.metadata.soap import answer, read_operation
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.xml_values import element

NAMESPACE = "http://soap.sforce.com/2006/08/apex"


@route("/services/Soap/s/<version>", "POST", name="soap.apex", access="soap")
@route("/services/Soap/s/<version>/<path:rest>", "POST", name="soap.apex", access="soap")
def apex(call: Call) -> Reply:
    """One operation of the Apex API; the debug log is in the header of the answer."""
    request = read_operation(call)
    if request.name != "executeAnonymous":
        raise NotEmulatedError(f"Apex API {request.name}")
    source = request.value("String") or request.value("apexcode")
    org = call.session_org()
    result = execute(org, source, call.user_id)
    text = log_anonymous(org, call.user_id, call.version, source, result)
    header = element("DebuggingInfo", {"debugLog": text})
    values = result.to_json()
    return answer(NAMESPACE, request.name, dict(sorted(values.items())), header=header)
