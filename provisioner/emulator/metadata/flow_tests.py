"""Flow tests: components of the type FlowTest, which runs of tests take like methods of a class.

The class is `FlowTesting.` and the name of the flow. Source: forcedotcom/salesforcedx-apex, which
names them so and reads their results from FlowTestResult (src/tests/asyncTests.ts), and the tests
"logic" of plugin-apex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.metadata.state import StoredComponent, find
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

PREFIX = "FlowTesting."
RESULT = "FlowTestResult"


def tested_flows(org: EmulatedOrg) -> list[StoredComponent]:
    """The flows that have tests."""
    names = {_flow_of(one) for one in _tests(org)}
    found = (find(org, "Flow", name) for name in sorted(names))
    return [flow for flow in found if flow is not None]


def tests_of(org: EmulatedOrg, flow: StoredComponent) -> list[str]:
    """The names of the tests of a flow."""
    wanted = flow.full_name.lower()
    return [one.full_name for one in _tests(org) if _flow_of(one).lower() == wanted]


def note_result(
    org: EmulatedOrg,
    user_id: str,
    item_id: str,
    flow: StoredComponent,
    test: str,
    problem: str | None,
) -> None:
    """Add the row of a test that has passed, or failed with a problem."""
    now, component = format_datetime(org.now()), find(org, "FlowTest", test)
    values = {
        "ApexTestQueueItemId": item_id,
        "Error": problem,
        "FlowDefinitionId": flow.id,
        "FlowTestId": component.id if component else None,
        "Result": "Fail" if problem else "Pass",
        "TestStartDateTime": now,
        "TestEndDateTime": now,
    }
    org.store.add(RESULT, values, user_id=user_id)


def _tests(org: EmulatedOrg) -> list[StoredComponent]:
    every = list(org.components.values())
    return [one for one in every if isinstance(one, StoredComponent) and one.type == "FlowTest"]


def _flow_of(test: StoredComponent) -> str:
    return test.element.value("flowApiName") if test.element is not None else ""
