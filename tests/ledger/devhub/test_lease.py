"""The lock of builds on a Dev Hub: a lease by the Dev Hub's clock, and a fence in each write."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.errors import BusyError, LedgerError
from provisioner.ledger.base import Org
from provisioner.ledger.boot_time import boot_time
from provisioner.ledger.devhub import build_lock
from provisioner.ledger.devhub.build_lock import Times, unlock
from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import run

from .hub import LedgerHub

LEASE = "Provisioner_Lease__c"
MINUTES = 60


def move_elsewhere(hub: LedgerHub, **changes: Any) -> None:
    """Make the lock's holder a process of another machine."""
    [record] = hub.records(LEASE)
    values = {**json.loads(record["Holder__c"]), "machine": "elsewhere", "kernel": "x", **changes}
    hub.world.hub.store.set_fields(LEASE, record["Id"], {"Holder__c": json.dumps(values)})


def test_a_build_of_another_machine_is_waited_for_and_can_be_unlocked(hub: LedgerHub) -> None:
    with hub.open().builder_lock(run("run-1"), wait=False):
        move_elsewhere(hub)
        with pytest.raises(BusyError) as caught, hub.open().builder_lock(run("run-2"), wait=False):
            pass
    assert "run run-1 on build-host" in caught.value.message
    assert caught.value.hint == (
        "wait for it with --wait; if its machine is gone, the lock is released 15 minutes after it "
        "was last renewed; to release it now: provisioner hub unlock run-1"
    )


def test_a_process_of_another_machine_is_never_judged_by_its_number(hub: LedgerHub) -> None:
    """A pid that does not exist here says nothing about a container."""
    with hub.open().builder_lock(run("run-1"), wait=False):
        move_elsewhere(hub, pid=2**22 + 1, process="1")
        with pytest.raises(BusyError), hub.open().builder_lock(run("run-2"), wait=False):
            pass


def test_a_lock_that_is_not_renewed_lapses_by_the_hubs_clock(hub: LedgerHub) -> None:
    with hub.open().builder_lock(run("run-1"), wait=False):
        move_elsewhere(hub)
        hub.world.clock.advance(14 * MINUTES)
        with pytest.raises(BusyError), hub.open().builder_lock(run("run-2"), wait=False):
            pass
        hub.world.clock.advance(2 * MINUTES)
        with hub.open().builder_lock(run("run-2"), wait=False):
            [record] = hub.records(LEASE)
            assert json.loads(record["Holder__c"])["run"] == "run-2"


def test_a_build_on_this_machine_keeps_its_lock_as_long_as_its_process_exists(
    hub: LedgerHub,
) -> None:
    """Whether it is frozen or cut off from the hub: here that is seen, and not guessed by time."""
    with hub.open().builder_lock(run("run-1"), wait=False):
        hub.world.clock.advance(60 * MINUTES)
        with pytest.raises(BusyError), hub.open().builder_lock(run("run-2"), wait=False):
            pass


def test_a_build_that_has_lost_its_lock_writes_nothing_more(hub: LedgerHub) -> None:
    first, second = hub.open(), hub.open()
    org = Org("a@acme.example", "morning", builder_id="run-1")
    with first.builder_lock(run("run-1"), wait=False):
        first.add(org)
        unlock(second.session, "run-1")
        with second.builder_lock(run("run-2"), wait=False):
            second.adopt("run-2")
            writes: list[Callable[[], object]] = [
                lambda: first.add(Org("b@acme.example", "morning")),
                lambda: first.change(org, step=1),
                lambda: first.adopt("run-1"),
            ]
            for write in writes:
                with pytest.raises(LedgerError) as caught:
                    write()
                assert caught.value.code == "ledger_lock_lost"
                assert "nothing more is written" in caught.value.message
            assert [row.username for row in second.orgs()] == ["a@acme.example"]
            assert [row.builder_id for row in second.orgs()] == ["run-2"]
        # leaving the first block takes nothing from the second build
    assert hub.records(LEASE) == []


def test_the_end_of_a_build_that_lost_its_lock_leaves_the_new_one_alone(hub: LedgerHub) -> None:
    first, second = hub.open(), hub.open()
    outer = first.builder_lock(run("run-1"), wait=False)
    outer.__enter__()
    unlock(second.session, "run-1")
    with second.builder_lock(run("run-2"), wait=False):
        outer.__exit__(None, None, None)
        with (
            pytest.raises(BusyError, match="run run-2"),
            hub.open().builder_lock(run("run-3"), wait=False),
        ):
            pass


def test_a_build_shows_that_it_is_there(hub: LedgerHub) -> None:
    ledger = hub.open(times=Times(renew=0.01))
    with ledger.builder_lock(run("run-1"), wait=False):
        while not hub.records(LEASE)[0]["Renewals__c"]:
            threading.Event().wait(0.01)
        move_elsewhere(hub)
        hub.world.clock.advance(20 * MINUTES)
        before = hub.records(LEASE)[0]["Renewals__c"]
        while hub.records(LEASE)[0]["Renewals__c"] < before + 2:
            threading.Event().wait(0.01)
        with pytest.raises(BusyError), hub.open().builder_lock(run("run-2"), wait=False):
            pass


def test_a_build_that_was_frozen_renews_its_lock_before_it_sends_anything(
    hub: LedgerHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hub.open(), hub.open()
    with first.builder_lock(run("run-1"), wait=False):
        now = boot_time()
        monkeypatch.setattr(build_lock, "boot_time", lambda: now + 9 * MINUTES)
        first.verify_lock()
        assert not hub.records(LEASE)[0]["Renewals__c"]
        monkeypatch.setattr(build_lock, "boot_time", lambda: now + 11 * MINUTES)
        first.verify_lock()
        first.verify_lock()
        assert hub.records(LEASE)[0]["Renewals__c"] == 1
        unlock(second.session, "run-1")
        monkeypatch.setattr(build_lock, "boot_time", lambda: now + 22 * MINUTES)
        with pytest.raises(LedgerError) as caught:
            first.verify_lock()
        assert caught.value.code == "ledger_lock_lost"
        assert "another build holds it now" in caught.value.message
    first.verify_lock()  # it has no lock


@pytest.mark.parametrize("at", ["before", "after"])
def test_the_lock_is_taken_whatever_becomes_of_the_answer(hub: LedgerHub, at: str) -> None:
    hub.emulated.fault({"route": "composite"}, {"do": "reset", "at": at})
    ledger = hub.open()
    with ledger.builder_lock(run("run-1"), wait=False):
        ledger.add(Org("a@acme.example", "morning"))
    assert hub.records(LEASE) == []


def test_of_many_who_find_a_lapsed_lock_one_gets_it(hub: LedgerHub) -> None:
    with hub.open().exclusive(run("run-0"), wait=False):
        move_elsewhere(hub)
        hub.world.clock.advance(20 * MINUTES)
        won: list[str] = []
        barrier = threading.Barrier(4)
        done = threading.Barrier(4)

        def take(name: str) -> None:
            barrier.wait()
            try:
                with hub.open().exclusive(run(name), wait=False):
                    won.append(name)
                    done.wait()
            except BusyError:
                done.wait()

        threads = [threading.Thread(target=take, args=(f"run-{n}",)) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1


def test_unlock_takes_the_lock_from_the_run_that_is_named_and_no_other(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    with pytest.raises(LedgerError, match="no build holds the lock of the ledger"):
        unlock(ledger.session, "run-1")
    with hub.open().builder_lock(run("run-1"), wait=False):
        with pytest.raises(BusyError) as caught:
            unlock(ledger.session, "run-2")
        assert "run run-1 on build-host" in caught.value.message
        assert "hub unlock run-1" in caught.value.hint
        assert len(hub.records(LEASE)) == 1
        assert unlock(ledger.session, "run-1")["run"] == "run-1"


def test_a_damaged_lock_is_no_free_lock(hub: LedgerHub, ledger: DevhubLedger) -> None:
    with hub.open().builder_lock(run("run-1"), wait=False):
        [record] = hub.records(LEASE)
        hub.world.hub.store.set_fields(LEASE, record["Id"], {"Holder__c": "{}"})
        with pytest.raises(LedgerError) as caught, ledger.builder_lock(run("run-2"), wait=False):
            pass
    assert caught.value.code == "ledger_corrupt"
    assert caught.value.message == (
        f"the build lock on the Dev Hub (record {record['Id']}) cannot be read"
    )
