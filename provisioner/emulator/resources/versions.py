"""`/services/data`: the API versions, and the resources of a version.

Source: docs/reference/http.md#api-versions.
"""

from __future__ import annotations

from provisioner.emulator.api_versions import VERSIONS, label
from provisioner.emulator.routing import Call, Reply, route

_RESOURCES = (
    "tooling", "metadata", "quickActions", "queryAll", "search", "composite",
    "parameterizedSearch", "recent", "limits", "query", "jobs", "sobjects",
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
    """The resources of a version that are emulated, and the URL of the user's identity."""
    base, org = f"/services/data/v{call.version}", call.session_org()
    identity = {"identity": f"{call.base_url}/id/{org.id}/{call.user_id}"}
    return Reply({**{name: f"{base}/{name}" for name in _RESOURCES}, **identity})
