"""The header Sforce-Auto-Assign: whether a request applies assignment rules.

Source: "Assignment Rule Header" in the REST API Developer Guide.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.routing import Call

_PATHS = re.compile(r"/services/data/v\d+\.\d/(?:sobjects|composite)(?:/|\Z)")


def auto_assign(call: Call) -> AbstractContextManager[None]:
    """Apply assignment rules in the REST API unless the header forbids it."""
    value = call.headers.get("sforce-auto-assign", "true").lower()
    applied = _PATHS.match(call.path) is not None and value != "false"
    if applied and value != "true":
        raise NotEmulatedError("Sforce-Auto-Assign with the id of a rule")
    return call.world.assignment_rules(applied=applied)
