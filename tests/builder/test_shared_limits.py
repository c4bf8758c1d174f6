"""Builds of different pools at the same time keep the limits of their Dev Hub together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from provisioner.builder.context import Options
from provisioner.builder.result import BuildResult
from provisioner.builder.run import build
from provisioner.emulator.world import Limits
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.builder.night import TIME_SCALE, Night, Watcher

pytestmark = pytest.mark.slow

OTHER = """
  other:
    size: {size}
    duration_days: 2
    definitions: [config/project-scratch-def.json]
"""


def two_pools(night: Night, size: int, top: str) -> None:
    """The pools `sample` and `other`."""
    night.write_pool(size=size, steps="", top=top, pool="replacements: 0\n")
    path = night.folder / "pool.yaml"
    path.write_text(path.read_text("utf-8") + OTHER.format(size=size), encoding="utf-8")


def built_at_once(night: Night, pools: Sequence[str]) -> dict[str, tuple[BuildResult, Watcher]]:
    """A build of each pool, all at the same time."""
    config = night.config()
    results: dict[str, tuple[BuildResult, Watcher]] = {}
    together = threading.Barrier(len(pools))

    def one(pool: str, seed: int) -> None:
        ledger, watcher = open_ledger(config.ledger, config.directory, config.dev_hub), Watcher()
        together.wait()
        try:
            options = Options(time_scale=TIME_SCALE, seed=seed)
            results[pool] = build(config, [pool], ledger, watcher, options), watcher
        finally:
            ledger.close()

    threads = [threading.Thread(target=one, args=pair) for pair in zip(pools, (1, 2), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("kind", ["daily", "active"])
def test_an_allowance_that_is_too_small_for_both_is_used_up_and_not_overrun(
    make_night: Callable[..., Night], kind: str
) -> None:
    night = make_night(limits=Limits(**{"active": 40, "daily": 80, kind: 9}))
    two_pools(night, 5, f"limits: {{ keep_{kind}: 2 }}")
    results = built_at_once(night, ["sample", "other"])
    assert len(night.orgs(State.AVAILABLE)) == len(night.hub_rows("ScratchOrgInfo")) == 7
    short = [r for r, _ in results.values() if r.exit_code]
    assert {r.exit_code for r in short} == {4}
    for result, watcher in results.values():
        error = result.error()
        if error:
            assert error.code == f"{kind}_limit"
            assert f"{kind} scratch org limit leaves" in error.message
            assert any(f"{kind} scratch org limit leaves" in text for text in watcher.messages)
    assert sum(len(r.built) for r, _ in results.values()) == 7


def test_sign_ups_in_progress_are_bounded_for_both_together(night: Night) -> None:
    two_pools(night, 4, "limits: { concurrent_signups: 3 }")
    results = built_at_once(night, ["sample", "other"])
    assert [r.exit_code for r, _ in results.values()] == [0, 0]
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    pending, most = 0, 0
    for event in ledger.events():
        pending += event.to_state == "intended"
        pending -= event.to_state == "building"
        most = max(most, pending)
    ledger.close()
    assert most == 3
