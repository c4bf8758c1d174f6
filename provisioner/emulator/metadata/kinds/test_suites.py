"""Test suites: a deployed suite has the classes that it names, also as records.

Source: "ApexTestSuite" in the Metadata API Developer Guide; "ApexTestSuite" and
"TestSuiteMembership" in the Object Reference.
"""

from __future__ import annotations

from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, check_root, kind

SUITE, MEMBERSHIP = "ApexTestSuite", "TestSuiteMembership"


@kind(SUITE)
def apply_suite(context: DeployContext, component: Component) -> None:
    """Store a suite, and replace its memberships by the classes of the file that exist."""
    if not check_root(component, SUITE):
        return
    stored, element = context.keep(component), component.element
    assert element is not None
    for row in context.store.find_by(MEMBERSHIP, "ApexTestSuiteId", stored.id):
        context.store.remove(MEMBERSHIP, row["Id"])
    for named in element.every("testClassName"):
        found = state.find(context.org, "ApexClass", named.text)
        if found is not None:
            values = {"ApexTestSuiteId": stored.id, "ApexClassId": found.id}
            context.store.add(MEMBERSHIP, values, user_id=context.user_id)
