"""`plan` shows what a build would do, what it costs, and changes nothing."""

from __future__ import annotations

import json

import pytest

from tests.builder.night import Night
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
