"""The state of a step comes back from the ledger as it was; what cannot be read harms no org."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import ErrorKind
from provisioner.steps.base import (
    LONGEST_STATE,
    Done,
    StartAgain,
    StepFailed,
    StepState,
    state_text,
)
from provisioner.steps.data_chunks import read_load
from tests.salesforce.world import Emulated
from tests.steps.states import STATES, Text
from tests.steps.step_runner import StepRunner
from tests.steps.test_contract import EXAMPLES, NEEDS_ITS_STATE, made

REPEATABLE = sorted(EXAMPLES.keys() - NEEDS_ITS_STATE)
UNREADABLE = ["?", "0Hf", "0Af00000000000", "Sent", "again ", "1/3 loaded", "3" * LONGEST_STATE]


@pytest.fixture
def runner(emulated: Emulated, tmp_path: Path) -> StepRunner:
    return made(emulated, tmp_path)


def test_every_kind_has_states() -> None:
    assert STATES.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("kind", EXAMPLES)
@given(data=st.data())
def test_a_state_is_read_as_it_was_written(kind: str, data: st.DataObject) -> None:
    state = data.draw(STATES[kind])
    text = state_text(state)
    assert 0 < len(text) <= LONGEST_STATE
    assert text.isascii()
    assert text.isprintable()
    assert EXAMPLES[kind]().read_state(text) == state


@pytest.mark.parametrize("kind", EXAMPLES)
@given(text=st.one_of(st.text(), st.sampled_from(UNREADABLE)))
def test_any_text_is_read_or_costs_the_org_where_the_step_must_not_be_repeated(
    kind: str, text: str
) -> None:
    try:
        state: StepState = EXAMPLES[kind]().read_state(text)
    except StepFailed as error:
        failure = error
    else:
        assert state == StartAgain() or state.text() == text
        return
    assert (kind in NEEDS_ITS_STATE, failure.kind) == (True, ErrorKind.REPLACE)
    assert failure.message.endswith("the state of the step in the ledger cannot be read")


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_step_polls_the_states_that_it_reads(kind: str) -> None:
    step = EXAMPLES[kind]()
    read = typing.get_type_hints(step.read_state)["return"]
    assert typing.get_type_hints(step.poll)["state"] == read
    assert read != Any


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("kind", REPEATABLE)
def test_a_repeatable_step_starts_again_from_a_state_that_it_cannot_read(
    kind: str, text: str, runner: StepRunner
) -> None:
    runner.step_state = text
    assert isinstance(runner.finish(EXAMPLES[kind]()), Done)


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("kind", sorted(NEEDS_ITS_STATE))
def test_a_step_that_must_not_be_repeated_sends_nothing_from_a_state_that_it_cannot_read(
    kind: str, text: str, runner: StepRunner
) -> None:
    runner.step_state = text
    failure = runner.failure(EXAMPLES[kind]())
    assert failure.kind is ErrorKind.REPLACE
    assert (runner.count("Account"), runner.count("Case")) == (0, 0)


@pytest.mark.parametrize("text", ["", "x" * (LONGEST_STATE + 1)])
def test_a_state_that_the_ledger_does_not_accept_is_an_error(text: str) -> None:
    with pytest.raises(StepFailed, match="the state of the step has") as caught:
        state_text(Text(text))
    assert caught.value.message.endswith("characters; the ledger accepts 1 to 16,000")
    assert state_text(Text("x" * LONGEST_STATE)) == "x" * LONGEST_STATE


# --- texts of earlier versions ------------------------------------------------------------


def test_the_id_of_an_install_is_polled(runner: StepRunner) -> None:
    step = EXAMPLES["install_package"]()
    runner.advance(step)
    (request,) = runner.emulated_org.store.rows("PackageInstallRequest")
    runner.restart()
    runner.step_state = str(request["Id"])
    assert runner.finish(step) == Done("installed 04t000000000001AAA")
    assert runner.count("PackageInstallRequest") == 1


@pytest.mark.parametrize("kind", ["settings", "deploy_source"])
def test_the_id_of_a_deploy_is_polled(kind: str, runner: StepRunner) -> None:
    runner.advance(EXAMPLES[kind]())
    deploys = runner.emulated_org.deployments
    count = len(deploys)
    runner.restart()
    runner.step_state = list(deploys)[-1]
    assert runner.finish(EXAMPLES[kind]()).note.startswith("deployed ")
    assert len(deploys) == count


@pytest.mark.parametrize("kind", ["settings", "install_package", "deploy_source", "run_apex"])
def test_again_starts_the_step(kind: str, runner: StepRunner) -> None:
    runner.step_state = "again"
    assert isinstance(runner.finish(EXAMPLES[kind]()), Done)


def test_a_script_that_was_sent_is_not_sent_again(runner: StepRunner) -> None:
    runner.step_state = "sent"
    assert runner.failure(EXAMPLES["run_apex"]()).kind is ErrorKind.REPLACE
    assert runner.count("Case") == 0


@pytest.mark.parametrize("text", ["1/2 loaded {} {}", "1/2 loaded? {} {}", "1/2 sending {} {}"])
def test_a_data_load_continues(text: str, runner: StepRunner) -> None:
    org, names = runner.emulated_org, ["Acme 1", "Acme 2"]
    first, _ = [org.store.insert("Account", {"Name": n}, user_id=org.admin_id) for n in names]
    digest = read_load(runner.directory / "plan.json").digest
    runner.step_state = text.format(digest, f"={first[:15]}+1")
    assert runner.finish(EXAMPLES["load_data"]()) == Done("loaded 4 records")
    assert (runner.count("Account"), runner.count("Contact")) == (2, 2)
