"""What a step warns of is in the ledger, the result and the report, equal warnings together."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.builder.step_notes import LONGEST_NOTE, MOST_WARNINGS, StepWarnings, note_of
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Event, Org, Run, State
from provisioner.report.build import build_document, build_text
from provisioner.report.run import events_text
from provisioner.steps.base import Done
from tests.builder.night import Night

STEPS = "- deploy_source: { path: ., ignore_warnings: true }\n"
WARNING = {
    "when": {"operation": "component_warning", "subject": "PermissionSet Visit_Planner"},
    "then": {"do": "error", "message": "it is deprecated"},
    "times": 0,
}
LINE = (
    "force-app/main/default/permissionsets/Visit_Planner.permissionset-meta.xml: it is deprecated "
    "(PermissionSet Visit_Planner)"
)


def record(night: Night) -> tuple[Run, list[Event]]:
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        (run, *_) = ledger.runs()
        return run, ledger.events(run=run.id)
    finally:
        ledger.close()


@pytest.mark.slow
def test_the_warnings_of_a_deploy_that_succeeded_are_reported(night: Night) -> None:
    night.world.faults.add(WARNING)
    night.write_pool(size=2, steps=STEPS)
    result = night.build()
    assert result.exit_code == 0
    (warning,) = result.warnings
    assert (warning.step, warning.message, warning.is_failure) == ("deploy_source", LINE, False)
    assert set(warning.orgs) == {org.username for org in night.orgs(State.AVAILABLE)}
    assert build_document(result)["warnings"] == [
        {
            "pool": "sample",
            "step": "deploy_source",
            "message": LINE,
            "orgs": list(warning.orgs),
            "step_failed": False,
        }
    ]
    assert f"warning: sample: deploy_source: {LINE} (2 orgs)" in build_text(result)
    _, events = record(night)
    notes = [event for event in events if event.from_state == event.to_state]
    assert [event.note for event in notes] == [f"deploy_source:\nwarning: {LINE}"] * 2
    assert sum("  note  deploy_source:\nwarning:" in line for line in events_text(events)) == 2


def test_a_night_without_warnings_has_none(night: Night) -> None:
    night.write_pool(size=1, steps="")
    result = night.build()
    assert result.warnings == ()
    assert build_document(result)["warnings"] == []


def test_a_result_has_few_warnings_and_counts_the_others() -> None:
    warnings = StepWarnings()
    for number in range(MOST_WARNINGS + 10):
        for name in ("a", "b", "a"):
            org = Org(f"{name}@acme.example", "morning")
            warnings.add(org, "deploy_source", [f"text {number}"], is_failure=False)
    found = warnings.listed()
    assert len(found) == MOST_WARNINGS + 1
    assert found[0].orgs == ("a@acme.example", "b@acme.example")
    assert found[-1].message.startswith("30 more warnings")


@pytest.mark.parametrize(
    ("done", "note"),
    [
        (Done("deployed"), ""),
        (Done(warnings=("a", "b")), "step:\nwarning: a\nwarning: b"),
        (Done(output="one\ntwo"), "step:\noutput:\none\ntwo"),
        (Done(output="a SECRET"), "step:\noutput:\na ***"),
    ],
)
def test_the_note_of_a_step(done: Done, note: str) -> None:
    assert note_of("step", done, lambda text: text.replace("SECRET", "***")) == note


def test_a_note_is_short_enough_for_every_ledger() -> None:
    done: Any = Done(warnings=tuple(f"{number} {'x' * 900}" for number in range(50)))
    assert len(note_of("step", done, str)) == LONGEST_NOTE + 1
