"""Recommendation: offers and actions for Next Best Action.

Source: "Recommendation" in the Object Reference.
"""

from __future__ import annotations

from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg


@rule("Recommendation", "before insert")
@rule("Recommendation", "before update")
def _action(org: EmulatedOrg, change: Change) -> None:
    """Whether the flow that the recommendation starts is active."""
    name = str(change.record["ActionReference"] or "")
    change.record["IsActionActive"] = any(
        isinstance(stored, StoredComponent)
        and (stored.type, stored.full_name) == ("Flow", name)
        and stored.element is not None
        and stored.element.value("status") == "Active"
        for stored in list(org.components.values())
    )
