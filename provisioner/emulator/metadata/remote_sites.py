"""RemoteSiteSetting as a record: the fields of a RemoteProxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def remote_proxy_fields(name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a RemoteProxy; `metadata` has the elements of a RemoteSiteSetting.

    Source: "RemoteProxy" in the Tooling API reference.
    """
    whole = {
        "description": metadata.get("description"),
        "disableProtocolSecurity": metadata.get("disableProtocolSecurity") is True,
        "isActive": metadata.get("isActive") is True,
        "url": metadata.get("url"),
        "urls": None,
    }
    return {
        "FullName": name,
        "SiteName": name,
        "EndpointUrl": whole["url"],
        "Description": whole["description"],
        "IsActive": whole["isActive"],
        "ProtocolMismatch": whole["disableProtocolSecurity"],
        "Metadata": whole,
    }
