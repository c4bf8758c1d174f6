"""A value that the ledger cannot hold is the failure of the org that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import State
from provisioner.steps.base import LONGEST_STATE, Outcome, Pending, StepContext, StepFailed
from provisioner.steps.run_apex import RunApex
from tests.ledger import postgresql_server
from tests.proof.ledgers import PROOF_LEDGERS
from tests.proof.truth import leaks
from tests.proof.whole_night import WholeNight, whole_night
from tests.steps.states import Text

IMPOSSIBLE = {"sqlite": "half \ud800", "postgresql": "NUL \0", "devhub": "@{" * 8_000}
STEPS = "- run_apex: { file: scripts/setup.apex }\n"


@pytest.fixture(params=sorted(PROOF_LEDGERS))
def night(request: pytest.FixtureRequest, tmp_path: Path, key_pair: KeyPair) -> Any:
    if request.param == "postgresql" and postgresql_server.binaries() is None:
        postgresql_server.not_tested("NO POSTGRESQL BINARIES: the ledger there")
    with whole_night(tmp_path, key_pair, ledger=request.param) as made:
        made.write_pool(size=3, steps=STEPS, pool="replacements: 0")
        yield made


def impossible(night: WholeNight) -> str:
    return next(text for name, text in IMPOSSIBLE.items() if isinstance(
        night.ledger, PROOF_LEDGERS[name]))  # type: ignore[arg-type]  # fmt: skip


def first_org(monkeypatch: pytest.MonkeyPatch, then: Any) -> None:
    """The step does something else for the first org that comes to it."""
    real, met = RunApex.start, list[str]()

    def start(step: RunApex, context: StepContext) -> Outcome:
        met.append(context.username)
        return then() if context.username == met[0] else real(step, context)

    monkeypatch.setattr(RunApex, "start", start)


def test_a_step_state_that_it_cannot_hold(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_org(monkeypatch, lambda: Pending(Text(impossible(night))))
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert "cannot store a value" in result.failed[0].error
    assert not list((night.folder / ".provisioner").glob("provisioner-*.txt"))
    assert not list(leaks(night))


def test_a_step_state_that_is_too_long(night: WholeNight, monkeypatch: pytest.MonkeyPatch) -> None:
    first_org(monkeypatch, lambda: Pending(Text("x" * (LONGEST_STATE + 1))))
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert result.failed[0].error == (
        "run_apex: the state of the step has 16,001 characters; the ledger accepts 1 to 16,000"
    )


def test_a_state_of_the_longest_text_is_stored(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read again at the next poll, which replaces the org: no step wrote it."""
    first_org(monkeypatch, lambda: Pending(Text("x" * LONGEST_STATE)))
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert result.failed[0].error.endswith("the state of the step in the ledger cannot be read")


def test_a_reason_that_it_cannot_hold(night: WholeNight, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise StepFailed(f"because of {IMPOSSIBLE['sqlite']} and {IMPOSSIBLE['postgresql']}")

    first_org(monkeypatch, fails)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert result.failed[0].error.startswith("run_apex: ")
    assert not night.orgs(State.FAILED)
