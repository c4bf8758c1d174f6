"""Resources of an object that are not emulated: without these routes they were read as ids.

Source: the resources below "sObject" in the REST API Developer Guide.
"""

from __future__ import annotations

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.resources.sobjects import object_type_of
from provisioner.emulator.routing import Call, Reply, route

_TYPE = "/services/data/v<version>/sobjects/<type>"


@route(f"{_TYPE}/approvalLayouts", name="sobjects.not_emulated")
@route(f"{_TYPE}/defaultValues", name="sobjects.not_emulated")
@route(f"{_TYPE}/listviews", name="sobjects.not_emulated")
@route(f"{_TYPE}/listviews/<path:rest>", name="sobjects.not_emulated")
@route(f"{_TYPE}/quickActions", name="sobjects.not_emulated")
@route(f"{_TYPE}/quickActions/<path:rest>", "GET", "POST", name="sobjects.not_emulated")
@route(f"{_TYPE}/describe/<path:rest>", name="sobjects.not_emulated")
@route("/services/data/v<version>/sobjects/relevantItems", name="sobjects.not_emulated")
def not_emulated(call: Call) -> Reply:
    """501 with the name of the resource; 404 for an object that the org does not have."""
    if "type" in call.params:
        object_type_of(call)
    raise NotEmulatedError(f"{call.method} {call.path}")
