"""A plan with 10,000 open references: what is kept of its load is small, on every ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import Org, State
from tests.ledger import postgresql_server
from tests.proof.ledgers import PROOF_LEDGERS
from tests.proof.whole_night import WholeNight, whole_night
from tests.steps.project import data_plan, record

OPEN = 10_000
LARGE = "- load_data: { plan: large/plan.json }\n"


@pytest.fixture(params=sorted(PROOF_LEDGERS))
def night(
    request: pytest.FixtureRequest, tmp_path: Path, key_pair: KeyPair
) -> Iterator[WholeNight]:
    if request.param == "postgresql" and postgresql_server.binaries() is None:
        postgresql_server.not_tested("NO POSTGRESQL BINARIES: the ledger there")
    with whole_night(tmp_path, key_pair, ledger=request.param) as made:
        made.write_pool(size=1, steps=LARGE)
        yield made


def large_plan(folder: Path) -> None:
    """All accounts are loaded before the first record that refers to one of them."""
    accounts = [record("Account", n, Name=f"Acme {n}") for n in range(OPEN)]
    people = [
        record("Contact", n, LastName=f"Doe {n}", AccountId=f"@AccountRef{n}") for n in range(OPEN)
    ]
    data_plan(folder, {"Account.json": accounts, "Contact.json": people})


def test_ten_thousand_open_references_are_loaded(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    large_plan(night.folder / "large")
    kept: list[str] = []
    real = OrgLifecycle.remember

    def remember(lifecycle: OrgLifecycle, org: Org, step_state: str) -> Org:
        kept.append(step_state)
        return real(lifecycle, org, step_state)

    monkeypatch.setattr(OrgLifecycle, "remember", remember)
    assert night.build().exit_code == 0
    (org,) = night.orgs(State.AVAILABLE)
    rows = night.rows_in(org, "Account")
    accounts = {row["Id"] for row in rows if row["Name"].startswith("Acme ")}
    assert len(accounts) == OPEN
    assert {row["AccountId"] for row in night.rows_in(org, "Contact")} == accounts
    assert max(map(len, kept)) < 1_000
