"""Builds lock their pools: those of other pools run at the same time, where the ledger can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from provisioner.errors import BusyError
from provisioner.ledger import LEDGERS
from provisioner.ledger.base import Ledger, Org, State
from tests.ledger.contract.test_builder_lock import building, wait_until_holding
from tests.ledger.world import World, add_available, bring, run

pytestmark = pytest.mark.slow


ONE_AT_A_TIME = "devhub"


@pytest.fixture(params=[scheme for scheme in sorted(LEDGERS) if scheme != ONE_AT_A_TIME])
def pooled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A ledger with a lock for each pool."""
    world = World.of(request.param, tmp_path)
    yield world
    world.close()


def refusal(ledger: Ledger, *pools: str) -> BusyError:
    """The error of a build of these pools; of the whole ledger without pools."""
    with (
        pytest.raises(BusyError) as caught,
        ledger.builder_lock(run("run-9"), pools=pools or None, wait=False),
    ):
        pass
    assert caught.value.exit_code == 8
    assert caught.value.code == "build_running"
    return caught.value


def test_builds_of_other_pools_run_at_the_same_time(pooled: World) -> None:
    with building(pooled, "morning", "noon") as process:
        wait_until_holding(process)
        ledger = pooled.open()
        with ledger.builder_lock(run("run-2"), pools=["evening"], wait=False):
            assert {known.id for known in ledger.runs()} == {"run-1", "run-2"}
            ledger.add(Org("a@acme.example", "evening"))


def test_the_error_of_a_build_of_the_same_pool_names_pool_and_holder(pooled: World) -> None:
    with building(pooled, "morning", "noon") as process:
        wait_until_holding(process)
        error = refusal(pooled.open(), "evening", "noon")
        assert error.message == (
            "another build holds the pool noon: run run-1 on build-host, "
            f"process {process.pid}, since 2026-11-24 02:00 UTC"
        )
        assert error.hint == (
            "wait for it with --wait; or stop it: the next build resumes its orgs; builds of "
            "other pools can run now: provisioner build POOL"
        )
        with pooled.open().builder_lock(run("run-2"), pools=["evening"], wait=False):
            pass  # a build that was refused holds no pool


def test_a_ledger_with_one_lock_lets_in_one_build_whatever_its_pools(tmp_path: Path) -> None:
    with closing(World.of(ONE_AT_A_TIME, tmp_path)) as world, building(world, "morning") as process:
        wait_until_holding(process)
        assert refusal(world.open(), "evening").message.startswith("another build is running: run")
        assert world.open().unlocked(["morning", "evening"]) == set()
        process.kill()
        process.wait(timeout=60)
        assert world.open().unlocked(["morning", "evening"]) == {"morning", "evening"}


def test_the_whole_ledger_is_locked_only_while_no_pool_is(pooled: World) -> None:
    """So do builds of an earlier version, which have no locks of pools."""
    ledger = pooled.open()
    with ledger.builder_lock(run("run-1"), pools=["morning"], wait=False):
        one = refusal(pooled.open())
        assert one.message.startswith("another build is running: run run-1 on build-host")
        with pooled.open().builder_lock(run("run-2"), pools=["evening"], wait=False):
            two = refusal(pooled.open())
    assert two.message.startswith("2 builds are running: run run-")
    assert "; run run-" in two.message
    with ledger.exclusive(run("ledger copy"), wait=False):
        error = refusal(pooled.open(), "morning")
        assert pooled.open().unlocked(["morning"]) == set()
    assert error.message.startswith("another build is running: run ledger copy on build-host")
    with ledger.builder_lock(run("run-3"), pools=["morning"], wait=False):
        pass


def test_the_pools_of_a_killed_build_are_free_and_only_their_rows_are_adopted(
    pooled: World,
) -> None:
    ledger = pooled.open()
    bring(ledger, Org("a@acme.example", "morning", builder_id="run-1"), [State.SIGNING_UP])
    bring(ledger, Org("b@acme.example", "evening", builder_id="run-2"), [State.SIGNING_UP])
    add_available(ledger, "c@acme.example")
    with building(pooled, "morning") as process, ExitStack() as stack:
        wait_until_holding(process)
        other = pooled.open()
        stack.enter_context(other.builder_lock(run("run-2"), pools=["evening"], wait=False))
        assert ledger.unlocked(["morning", "evening", "noon"]) == {"noon"}
        assert other.unlocked(["morning", "evening", "noon"]) == {"evening", "noon"}
        process.kill()
        process.wait(timeout=60)
        with ledger.builder_lock(run("run-3"), pools=["morning", "noon"], wait=False):
            (adopted,) = ledger.adopt("run-3", ["morning", "noon"])
    assert (adopted.username, adopted.builder_id) == ("a@acme.example", "run-3")
    kept = ledger.get("b@acme.example")
    assert kept is not None
    assert (kept.builder_id, kept.version) == ("run-2", 1)


def test_one_who_waits_gets_all_its_pools_at_once_and_holds_none_before(pooled: World) -> None:
    messages: list[str] = []
    waiting, entered = threading.Event(), threading.Event()

    def report(text: str) -> None:
        messages.append(text)
        waiting.set()

    with building(pooled, "noon") as process:
        wait_until_holding(process)
        thread = threading.Thread(target=_enter, args=(pooled, report, entered))
        thread.start()
        assert waiting.wait(timeout=60)
        with pooled.open().builder_lock(run("run-3"), pools=["evening"], wait=True):
            assert not entered.is_set()
        process.kill()
        thread.join(timeout=60)
    assert entered.is_set()
    assert messages[0].startswith("another build holds the pool noon: run run-1 on build-host")


def test_two_who_wait_for_each_others_pools_both_get_them(pooled: World) -> None:
    """Each in the other order of names; without a rule, each could hold what the other wants."""
    done: list[str] = []

    def build(name: str, pools: list[str]) -> None:
        with pooled.open().builder_lock(run(name), pools=pools, wait=True):
            done.append(name)

    wanted = {"run-1": ["a", "b"], "run-2": ["b", "a"], "run-3": ["b", "c"]}
    threads = [threading.Thread(target=build, args=item) for item in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(done) == sorted(wanted)


def test_any_name_of_a_pool_has_a_lock_of_its_own(pooled: World) -> None:
    first, second = pooled.open(), pooled.open()
    others = ["a/b", "MORNING", "e", "x" * 299, "M"]
    for name in ("a/../b", "Morning", "morning", "é", "x" * 300, "%4d"):
        with first.builder_lock(run("run-1"), pools=[name], wait=False):
            assert f"holds the pool {name}: run run-1" in refusal(second, name).message
            with second.builder_lock(run("run-2"), pools=others, wait=False):
                pass


def _enter(world: World, report: Callable[[str], None], entered: threading.Event) -> None:
    pools = ["evening", "noon"]
    with world.open().builder_lock(run("run-2"), pools=pools, wait=True, on_wait=report):
        entered.set()
