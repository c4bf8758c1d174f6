"""FlowDefinitionView and FlowVersionView: the flows of an org, as rows created per query.

The emulator keeps one version of a flow, the one that was deployed last.

Source: Object Reference, "FlowDefinitionView" and "FlowVersionView".
"""

from __future__ import annotations

from provisioner.emulator.ids import to_18
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.records import Record
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.hooks import QueryView, on_query

DEFINITION, VERSION = "FlowDefinitionView", "FlowVersionView"


@on_query(DEFINITION)
@on_query(VERSION)
def _flows(org: EmulatedOrg, view: QueryView) -> None:
    """Both, because each version has a relationship to its flow."""
    store = view.store
    with store.lock:
        store.clear(DEFINITION)
        store.clear(VERSION)
        for stored in list(org.components.values()):
            if isinstance(stored, StoredComponent) and stored.type == "Flow":
                store.add(DEFINITION, _definition(stored))
                store.add(VERSION, _version(stored))


def _definition(stored: StoredComponent) -> Record:
    version_id = _version_id(stored)
    is_active = _status(stored) == "Active"
    start = _element(stored).find("start")
    return {
        **_common(stored),
        "Id": stored.id,
        "DurableId": stored.id,
        "ApiName": stored.full_name,
        "NamespacePrefix": stored.namespace,
        "IsActive": is_active,
        "ActiveVersionId": version_id if is_active else None,
        "LatestVersionId": version_id,
        "ManageableState": "installed" if stored.namespace else "unmanaged",
        "TriggerType": start.value("triggerType") or None if start else None,
    }


def _version(stored: StoredComponent) -> Record:
    return {
        **_common(stored),
        "Id": _version_id(stored),
        "DurableId": _version_id(stored),
        "FlowDefinitionViewId": stored.id,
        "Status": _status(stored),
        "RunInMode": _element(stored).value("runInMode") or None,
    }


def _common(stored: StoredComponent) -> Record:
    element = _element(stored)
    return {
        "Label": element.value("label") or stored.full_name,
        "Description": element.value("description") or None,
        "ProcessType": element.value("processType") or None,
        "VersionNumber": 1,
        "IsTemplate": element.flag("isTemplate"),
    }


def _element(stored: StoredComponent) -> Element:
    return stored.element or Element("", 0, 0)


def _status(stored: StoredComponent) -> str:
    return _element(stored).value("status") or "Draft"


def _version_id(stored: StoredComponent) -> str:
    """The id of the version: that of the flow with the key prefix of versions."""
    return to_18(f"301{stored.id[3:15]}")
