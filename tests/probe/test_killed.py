"""A probe that is killed leaves nothing that `reap` does not delete, on any ledger.

`tests/proof/test_kills.py` kills one at each call, and lets a build follow.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.base import State
from provisioner.upkeep.probes import POOL
from tests.probe.command import PROBE
from tests.proof import here
from tests.proof.ledgers import PROOF_LEDGERS
from tests.proof.processes import Process
from tests.proof.truth import rows, unfull
from tests.proof.whole_night import whole_night

pytestmark = pytest.mark.slow

CALLS = (
    ("sobjects.create", "hub", 1, "sqlite"),
    ("sobjects.create", "hub", 2, "postgresql"),
    ("sobjects.create", "hub", 2, "devhub"),
    ("oauth.token", "", 3, "sqlite"),
    ("deploy.start", "", 1, "sqlite"),
    ("collections.delete", "", 1, "sqlite"),
    ("collections.delete", "", 1, "devhub"),
)


def test_a_lost_ledger_is_rebuilt_without_the_org_of_a_probe(
    tmp_path: Path, key_pair: KeyPair
) -> None:
    with whole_night(tmp_path, key_pair) as night:
        night.has_external_app()
        night.write_pool(size=0, top="project: acme-probe")
        night.fault({"route": "query", "org": "hub", "nth": 7}, {"do": "hang"})
        process = Process(night, *PROBE)
        assert process.hold() is not None, process.end().err
        process.kill()
        night.world.faults.clear()
        night.world.holds.release()
        night.ledger.lose(night)
        assert here.run(night, "reap", "--rebuild").code == 0
        assert {(row.pool, row.state) for row in rows(night)} == {(POOL, State.FAILED)}
        while here.run(night, "reap").code == 6:
            assert rows(night), "an active org has a row"
        assert [*unfull(night, 0)] == []


def test_each_ledger_is_met() -> None:
    assert {ledger for *_, ledger in CALLS} == set(PROOF_LEDGERS)


@pytest.mark.parametrize("at", ["before", "after"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: "-".join(map(str, call)))
def test_reap_deletes_what_a_killed_probe_left(
    tmp_path: Path, key_pair: KeyPair, call: tuple[str, str, int, str], at: str
) -> None:
    route, org, number, ledger = call
    with whole_night(tmp_path, key_pair, ledger=ledger) as night:
        night.has_external_app()
        night.write_pool(size=0, top="project: acme-probe")
        where = {"route": route, "nth": number, **({"org": org} if org else {})}
        night.fault(where, {"do": "hang", "at": at})
        process = Process(night, *PROBE)
        assert process.hold() is not None, process.end().err
        process.kill()
        night.world.faults.clear()
        night.world.holds.release()
        while (ended := here.run(night, "reap", "--json")).code == 6:
            reasons = {org["left_because"] for org in ended.document["orgs"]}
            assert reasons <= {"", "its sign-up is still in progress"}
        assert ended.code == 0, ended.err
        assert [*unfull(night, 0)] == []
        assert all(row.state is State.DELETED for row in rows(night, *State))
