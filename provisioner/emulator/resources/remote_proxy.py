"""RemoteProxy (Tooling): the remote sites of an org, which clients change by their metadata.

Source: "RemoteProxy" in the Tooling API reference; docs/reference/data.md#records-of-a-new-org.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.metadata.remote_sites import remote_proxy_fields
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg


@rule("RemoteProxy", "before insert")
@rule("RemoteProxy", "before update")
def _from_metadata(_org: EmulatedOrg, change: Change) -> None:
    """The other fields follow `FullName` and `Metadata`."""
    record, metadata = change.record, change.record["Metadata"]
    missing = [name for name in ("FullName", "Metadata") if not record[name]]
    if not missing and not (isinstance(metadata, dict) and metadata.get("url")):
        missing = ["url"]
    if missing:
        text = f"Required fields are missing: [{', '.join(missing)}]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, missing)
    record.update(remote_proxy_fields(record["FullName"], metadata))
