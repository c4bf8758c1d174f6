"""`/limits/recordCount`: how many records an object has, approximately on the platform.

Source: "Record Count" in the REST API Developer Guide.
"""

from __future__ import annotations

from provisioner.emulator.routing import Call, Reply, route


@route("/services/data/v<version>/limits/recordCount", name="limits.record_count")
def record_count(call: Call) -> Reply:
    """`{"sObjects": [{"count": n, "name": …}]}`, of the objects that `sObjects` names, or of all.

    Names that the org does not have are left out.
    """
    store = call.session_org().store
    names = [one.strip() for one in call.query.get("sObjects", "").split(",") if one.strip()]
    types = [store.find_type(name) for name in names] if names else list(store.types.values())
    counts = [
        {"count": len(store.peek_rows(one.name)), "name": one.name}
        for one in types
        if one is not None and not one.is_tooling
    ]
    shown = counts if names else [one for one in counts if one["count"]]
    return Reply({"sObjects": sorted(shown, key=lambda one: str(one["name"]))})
