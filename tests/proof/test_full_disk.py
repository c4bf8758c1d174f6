"""No room for the ledger: the build stops and says so, and the next one goes on."""

from __future__ import annotations

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.sqlite import SqliteLedger
from tests.proof.contents import Complete
from tests.proof.disturbances import files_end_at, ledger_ends_at
from tests.proof.processes import PACE, build, run
from tests.proof.truth import crashes, doubles, leaks, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
KILOBYTE = 1024


def stop_and_go_on(night: WholeNight, whole: Complete, disturbance: str) -> None:
    """A build that finds no room stops in order; one that finds it again finishes."""
    night.write_pool(pool=f"replacements: {SIZE}")
    first = run(night, "build", "--pace", PACE, before=disturbance)
    assert first.code == 2, first.err
    assert "ledger.db" in first.err
    assert not [*crashes(night, first), *leaks(night), *doubles(night), *unfit(night, whole)]
    second = build(night)
    assert second.code == 0, second.err
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


@pytest.mark.parametrize("size", [48, 160, 320])
def test_writes_that_fail(night: WholeNight, whole: Complete, size: int) -> None:
    stop_and_go_on(night, whole, files_end_at(size * KILOBYTE))


def test_a_ledger_that_cannot_grow(night: WholeNight, whole: Complete) -> None:
    run(night, "status")
    pages = (night.folder / ".provisioner/ledger.db").stat().st_size // 4096
    stop_and_go_on(night, whole, ledger_ends_at(pages))


@pytest.mark.parametrize("to", [State.SIGNING_UP, State.BUILDING, State.AVAILABLE])
def test_a_ledger_that_fails_for_a_moment_makes_no_org_unknown(
    night: WholeNight, whole: Complete, monkeypatch: pytest.MonkeyPatch, to: State
) -> None:
    """What the Dev Hub has answered is not to be forgotten because one write failed."""
    move, failures = SqliteLedger.move, iter([LedgerError("no room", code="ledger_full")])

    def failing(self: SqliteLedger, org: Org, into: State, **more: object) -> Org | None:
        if into is to and (failure := next(failures, None)):
            raise failure
        return move(self, org, into, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteLedger, "move", failing)
    with pytest.raises(LedgerError):
        night.build()
    assert not list(leaks(night))
    assert night.build().exit_code == 0
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]
