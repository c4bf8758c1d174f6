"""A plan with thousands of open references: the state of its load is bounded on every ledger."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import Org, State
from provisioner.steps.base import LONGEST_STATE
from tests.ledger import postgresql_server
from tests.proof.ledgers import PROOF_LEDGERS
from tests.proof.whole_night import WholeNight, whole_night
from tests.steps.project import data_plan, record

OPEN = 10_000
SCATTERED = 4_000  # open references whose ids have no pattern, as in an org with other work
LARGE = "- load_data: { plan: large/plan.json }\n"


@pytest.fixture
def night(
    request: pytest.FixtureRequest, tmp_path: Path, key_pair: KeyPair
) -> Iterator[WholeNight]:
    """On the ledger of the parameter."""
    if request.param == "postgresql" and postgresql_server.binaries() is None:
        postgresql_server.not_tested("NO POSTGRESQL BINARIES: the ledger there")
    with whole_night(tmp_path, key_pair, ledger=request.param) as made:
        made.write_pool(size=1, steps=LARGE)
        yield made


def large_plan(folder: Path, count: int) -> None:
    """All accounts are loaded before the first record that refers to one of them."""
    accounts = [record("Account", n, Name=f"Acme {n}") for n in range(count)]
    people = [
        record("Contact", n, LastName=f"Doe {n}", AccountId=f"@AccountRef{n}") for n in range(count)
    ]
    data_plan(folder, {"Account.json": accounts, "Contact.json": people})


def load(night: WholeNight, count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, bool]:
    """Build with a plan of so many open references.

    The length of the longest state, and whether a file had ids meanwhile.
    """
    large_plan(night.folder / "large", count)
    kept: list[str] = []
    files: set[Path] = set()
    real = OrgLifecycle.remember

    def remember(lifecycle: OrgLifecycle, org: Org, step_state: str) -> Org:
        kept.append(step_state)
        files.update(night.folder.rglob("*-ids"))
        return real(lifecycle, org, step_state)

    monkeypatch.setattr(OrgLifecycle, "remember", remember)
    assert night.build().exit_code == 0
    (org,) = night.orgs(State.AVAILABLE)
    rows = night.rows_in(org, "Account")
    accounts = {row["Id"] for row in rows if row["Name"].startswith("Acme ")}
    assert len(accounts) == count
    assert {row["AccountId"] for row in night.rows_in(org, "Contact")} == accounts
    return max(map(len, kept)), bool(files)


@pytest.mark.parametrize("night", ["sqlite"], indirect=True)
def test_ten_thousand_open_references_are_loaded(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a state so short that every ledger keeps it as this one does."""
    longest, is_in_file = load(night, OPEN, monkeypatch)
    assert longest < 1_000
    assert not is_in_file


@pytest.mark.parametrize("night", sorted(PROOF_LEDGERS), indirect=True)
def test_open_references_without_a_pattern_are_loaded(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their ids are longer than a state may be, so a file beside the ledger has them."""
    numbers = random.Random(1)
    night.world.ids._counter = itertools.accumulate(  # type: ignore[assignment]
        iter(lambda: numbers.randrange(1, 62**5), 0), initial=10**9
    )
    longest, is_in_file = load(night, SCATTERED, monkeypatch)
    assert longest < LONGEST_STATE
    assert is_in_file
    assert not list(night.folder.rglob("*-ids"))
