"""`/services/data`: the API versions, and the resources of a version.

Source: docs/reference/http.md#api-versions.
"""

from __future__ import annotations

from provisioner.emulator.api_versions import VERSIONS, label
from provisioner.emulator.routing import Call, Reply, route

_RESOURCES = (
    "tooling", "metadata", "composite", "jobs", "query", "queryAll", "limits", "sobjects",
)  # fmt: skip


@route("/services/data", name="versions", access="open")
def versions(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
    """All versions, oldest first; without a session."""
    return Reply(
        [
            {"label": label(int(one[:2])), "url": f"/services/data/v{one}", "version": one}
            for one in VERSIONS
        ]
    )


@route("/services/data/v<version>", name="version")
def resources(call: Call) -> Reply:
    """The resources of a version."""
    base = f"/services/data/v{call.version}"
    return Reply({name: f"{base}/{name}" for name in _RESOURCES})
