"""`plan` shows what a build would do, what it costs, and changes nothing."""

from __future__ import annotations

import json

import pytest

from provisioner.builder.fingerprint import fingerprints
from provisioner.builder.run import new_run
from provisioner.ledger import open_ledger
from tests.builder.night import Night
from tests.builder.prepared import put
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow


def test_a_plan_tells_sign_ups_requests_and_time_and_signs_nothing_up(night: Night) -> None:
    code, out, err = Command(night, "plan").end()
    assert code == 0, err
    assert "+ create 2 from config/project-scratch-def.json" in out
    assert "Cost: 2 sign-ups, about " in out
    assert night.hub_rows("ScratchOrgInfo") == []
    assert night.orgs() == []


def test_after_a_build_its_requests_are_the_measure(night: Night) -> None:
    result = night.build()
    night.write_pool(size=4)
    code, out, _ = Command(night, "plan", "--json").end()
    document = json.loads(out)
    assert code == 0
    assert document["sign_ups"] == 2
    assert document["estimate"]["org_requests"] == result.api_calls["org"]
    assert result.run in document["estimate"]["basis"]


def test_a_full_pool_needs_nothing(night: Night) -> None:
    night.build()
    assert "Nothing to build." in Command(night, "plan").end()[1]


def test_a_plan_during_a_build_says_that_the_build_has_not_finished(night: Night) -> None:
    night.write_pool(size=1, steps="")
    config, run = night.config(), new_run()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    (fingerprint,) = fingerprints(config, ["sample"]).values()
    put(night, ledger, 1, fingerprint, "sample", "building")
    with ledger.builder_lock(run, pools=["sample"], wait=False):
        ledger.adopt(run.id, ["sample"])
        code, out, err = Command(night, "plan").end()
    ledger.close()
    assert (code, "  > resume sample-1@acme.example (building, step 1 of 2: settings)" in out) == (
        0,
        True,
    )
    assert err == (
        f"warning: run {run.id} has not finished: while it is running, another build of its pools "
        "exits with code 8; if it was interrupted, a build resumes its orgs\n"
    )
