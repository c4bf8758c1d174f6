"""Entries under `steps`: one kind each, and what any step may have."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from provisioner.config.model import StepEntry
from provisioner.config.reserved import RESERVED_OPTIONS, RESERVED_STEP_KEYS, RESERVED_STEPS
from provisioner.declare.keys import declared_keys
from tests.config.conftest import REAL_STEPS
from tests.config.project import STEPS_LINE, Project, options, with_steps
from tests.config.step_kinds import Apex, Assign


def real_class(kind: str) -> Any:
    """The class that the registry names, whatever the tests put in its place."""
    module, _, name = REAL_STEPS[kind].partition(":")
    return getattr(import_module(module), name)


KINDS = ", ".join(REAL_STEPS)

WRONG = {
    "a misspelt kind": ("- instal_package: {}", "unknown key; did you mean install_package?"),
    "a when that is no mapping": (
        "- assign_permission_sets: [A]\n  when: always",
        "is a single value; write keys with values",
    ),
    "a when without a definition": (
        "- assign_permission_sets: [A]\n  when: {definition: []}",
        "the list has 0 entries; write at least 1",
    ),
    "a when with an unknown definition": (
        "- assign_permission_sets: [A]\n  when: {definition: [person]}",
        "the pool has no definition person; write one of: config/project-scratch-def.json",
    ),
    "an unknown condition": (
        "- assign_permission_sets: [A]\n  when: {definition: [project-scratch-def], pool: morning}",
        "unknown key; known keys: definition",
    ),
    "a retry of what cannot run twice": (
        "- load_data: {plan: data/plan.json, retry: 3}",
        "load_data cannot run again in an org where it has failed",
    ),
    "too many retries": (
        "- assign_permission_sets: [A]\n  retry: 11",
        "11 is out of range; write 0 to 10",
    ),
    "an unknown option": (
        "- load_data: {plan: data/plan.json, bach: 7}",
        "unknown key; did you mean batch?",
    ),
    "an unknown key beside the kind": (
        "- assign_permission_sets: [A]\n  nam: x",
        "unknown key; did you mean name?",
    ),
    "two kinds": (
        "- load_data: {plan: data/plan.json}\n  assign_permission_sets: [A]",
        "an entry must have one kind; write assign_permission_sets as a separate entry",
    ),
    "no kind": (
        "- name: x",
        f"the entry has no kind of step; write one of: {KINDS}",
    ),
    "an empty entry": ("- {}", f"the entry has no kind of step; write one of: {KINDS}"),
    "a kind without options": (
        "- load_data",
        "the step load_data has no options; write load_data: and its options below",
    ),
    "the marker as a text": ("- snapshot", "snapshot alone is a text; write snapshot: {}"),
    "a kind with nothing below": (
        "- load_data:",
        "the key plan is missing; write plan: …",
    ),
    "a text": ("- whatever", "is a single value; write keys with values"),
    "a list": ("- []", "is a list; write keys with values"),
    "options that are a text": (
        "- load_data: data/plan.json",
        "is a single value; write keys with values",
    ),
    "a text where a list is wanted": (
        "- assign_permission_sets: Sales_Rep",
        "is a single value; write a list: [A, B], or lines of `- A`",
    ),
    "an empty list": (
        "- assign_permission_sets: []",
        "the list has 0 entries; write at least 1",
    ),
    "a list in the list": (
        "- assign_permission_sets: [[A]]",
        "is a list; write a single value",
    ),
    "an item that does not fit": (
        "- assign_permission_sets: [A, 'B C']",
        "'B C' is not valid; write a name",
    ),
    "a name twice": (
        "- name: x\n  load_data: {plan: data/plan.json, name: y}",
        f"is also set in line {STEPS_LINE}, beside the kind; keep one of them",
    ),
    "a name over two lines": (
        '- {name: "a\\nb", assign_permission_sets: [A]}',
        "'a…' is not valid; write one line of at most 80 characters",
    ),
    "a time-out of nothing": (
        "- {timeout: 0s, assign_permission_sets: [A]}",
        "0s is out of range; write 1s to 1d",
    ),
    "what only the step knows": ("- run_apex: {}", "write either file or text"),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG.keys())
def test_an_invalid_entry_is_refused(project: Project, entry: str, message: str) -> None:
    messages = [problem.message for problem in project.problems(with_steps(entry))]

    assert messages == [message]


def test_keys_that_were_not_indented_are_reported(project: Project) -> None:
    entry = "- load_data:\n  plan: data/plan.json\n  batch: 3"

    messages = [problem.message for problem in project.problems(with_steps(entry))]

    assert messages == [
        "the key plan is missing; write plan: …",
        "is an option of load_data; write it below, indented by two more spaces",
        "is an option of load_data; write it below, indented by two more spaces",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "- {name: Pause, timeout: 1h, run_apex: {text: 'x();'}}",
        "- run_apex: {text: 'x();', name: Pause, timeout: 1h}",
        "- run_apex: {text: 'x();', name: Pause}\n  timeout: 1h",
    ],
)
def test_name_and_timeout_are_accepted_beside_the_kind_and_among_its_options(
    project: Project, entry: str
) -> None:
    [found] = project.load(with_steps(entry)).pools["morning"].steps

    assert (found.name, found.timeout) == ("Pause", timedelta(hours=1))
    assert options(found) == Apex(text="x();")


def test_a_shorthand_and_its_long_form_are_the_same(project: Project) -> None:
    entries = "- assign_permission_sets: [A, B]\n- assign_permission_sets: {sets: [A, B]}"

    first, second = project.load(with_steps(entries)).pools["morning"].steps

    assert options(first) == options(second) == Assign(("A", "B"))


def test_a_finding_of_a_step_is_reported_at_the_item_that_it_concerns(project: Project) -> None:
    entries = "- assign_permission_sets:\n    - Fine\n    - Forbidden"

    [problem] = project.problems(with_steps(entries))

    assert (problem.line, problem.column) == (STEPS_LINE + 2, 13)
    assert problem.key_path == "pools.morning.steps.0.assign_permission_sets.1"
    assert problem.message == f"Forbidden is not for {project.folder.name}"


def test_a_finding_in_the_long_form_names_the_field(project: Project) -> None:
    [problem] = project.problems(with_steps("- assign_permission_sets: {sets: [Forbidden]}"))

    assert problem.key_path == "pools.morning.steps.0.assign_permission_sets.sets.0"


def test_steps_that_are_all_commented_out_are_none(project: Project) -> None:
    assert project.load(with_steps("# - run_apex: {}")).pools["morning"].steps == ()


@pytest.mark.parametrize("kind", REAL_STEPS)
def test_a_kind_of_the_registry_is_a_frozen_dataclass_of_its_name(kind: str) -> None:
    cls = real_class(kind)

    assert cls.kind == kind
    assert cls.__dataclass_params__.frozen
    assert cls.__doc__
    assert declared_keys(cls).keys() <= {field.name for field in dataclasses.fields(cls)}
    assert getattr(cls, "shorthand", None) in (None, *declared_keys(cls))


def test_reserved_keys_are_not_available_yet() -> None:
    assert not RESERVED_STEPS & REAL_STEPS.keys()
    assert not RESERVED_STEP_KEYS & declared_keys(StepEntry).keys()
    for kind, reserved in RESERVED_OPTIONS.items():
        assert not reserved & declared_keys(real_class(kind)).keys(), kind
