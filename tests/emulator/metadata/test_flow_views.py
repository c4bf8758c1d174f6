"""FlowDefinitionView and FlowVersionView: what a deployed flow looks like in queries."""

from __future__ import annotations

from tests.emulator.metadata.builders import XMLNS, package
from tests.emulator.metadata.conftest import OrgClient


def deploy_flow(client: OrgClient, status: str) -> None:
    """Deploy the flow Greet with a status."""
    flow = (
        f"<Flow {XMLNS}><label>Greet all</label><processType>Flow</processType>"
        f"<start><triggerType>Scheduled</triggerType></start><status>{status}</status></Flow>"
    )
    result = client.deploy(package({"Flow": "Greet"}, {"flows/Greet.flow": flow}))
    assert result["status"] == "Succeeded", result


def test_the_version_of_a_flow_is_found_by_the_name_of_the_flow(client: OrgClient) -> None:
    """The query with which `sf org open --source-file` finds a flow."""
    assert client.query("SELECT DurableId FROM FlowVersionView") == []
    deploy_flow(client, "Active")
    [row] = client.query(
        "SELECT DurableId, Status, FlowDefinitionView.Label FROM FlowVersionView "
        "WHERE FlowDefinitionView.ApiName = 'Greet' ORDER BY VersionNumber DESC LIMIT 1"
    )
    assert row["DurableId"].startswith("301")
    assert (row["Status"], row["FlowDefinitionView"]["Label"]) == ("Active", "Greet all")


def test_only_an_active_flow_has_an_active_version(client: OrgClient) -> None:
    query = "SELECT IsActive, ActiveVersionId, LatestVersionId, TriggerType FROM FlowDefinitionView"
    deploy_flow(client, "Draft")
    [draft] = client.query(query)
    assert (draft["IsActive"], draft["ActiveVersionId"]) == (False, None)
    deploy_flow(client, "Active")
    [active] = client.query(query)
    assert (active["IsActive"], active["TriggerType"]) == (True, "Scheduled")
    assert active["ActiveVersionId"] == active["LatestVersionId"] == draft["LatestVersionId"]
