"""However many claim at once, each org has one winner; a claimer's death loses none."""

from __future__ import annotations

import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.ledger.base import Claim, State
from tests.ledger.world import NOW, World, add_available

pytestmark = pytest.mark.slow

PROCESSES, THREADS, ORGS = 6, 4, 15


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line that a script prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(claimers: list[subprocess.Popen[str]]) -> list[tuple[str, str]]:
    """Start all of them at once when all are ready; what each printed on stdout and stderr."""
    assert [read_line(process) for process in claimers] == ["ready"] * len(claimers)
    for process in claimers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60) for process in claimers]


def test_many_processes_and_threads_never_get_the_same_org(world: World) -> None:
    ledger = world.open()
    names = [f"org-{number}@acme.example" for number in range(ORGS)]
    for name in names:
        add_available(ledger, name)
    claimers = [world.start("claimer.py", f"p{n}", str(THREADS)) for n in range(PROCESSES)]
    answers = let_go(claimers)
    assert [errors for _, errors in answers] == [""] * PROCESSES
    won = [line.split() for output, _ in answers for line in output.splitlines()]
    assert Counter(username for username, _, _ in won) == Counter(names)
    assert {fence for _, _, fence in won} == {"1"}
    owners = {org.username: org.owner for org in ledger.orgs(states=[State.CLAIMED])}
    assert owners == {username: owner for username, owner, _ in won}


def test_threads_that_repeat_one_key_all_get_one_org(world: World) -> None:
    ledger = world.open()
    for number in range(4):
        add_available(ledger, f"org-{number}@acme.example")
    claim = Claim("ann", idempotency_key="job-1")
    with ThreadPoolExecutor(8) as pool:
        orgs = list(pool.map(lambda _: ledger.claim(claim, now=NOW), range(16)))
    assert {org and org.username for org in orgs} == {"org-0@acme.example"}
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1


def test_many_that_open_a_new_ledger_at_once_all_succeed(world: World) -> None:
    claimers = [world.start("claimer.py", f"p{n}", "1") for n in range(PROCESSES)]
    assert let_go(claimers) == [("", "")] * PROCESSES


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_claimer_killed_in_mid_claim_gets_the_same_org_when_it_repeats_its_key(
    world: World, when: str
) -> None:
    ledger = world.open()
    for number in range(3):
        add_available(ledger, f"org-{number}@acme.example")
    claimer = world.start("stopped_claimer.py", when)
    assert read_line(claimer) == "stopped"
    claimer.kill()
    claimer.communicate(timeout=60)

    org = ledger.claim(Claim("ann", idempotency_key="job-1"), now=NOW)
    assert org is not None
    assert (org.username, org.fence) == ("org-0@acme.example", 1)
    assert len(ledger.orgs(states=[State.CLAIMED])) == 1
    assert len(ledger.orgs(states=[State.AVAILABLE])) == 2
    messages = [event.to_state for event in ledger.events(username=org.username)]
    assert messages.count("claimed") == 1
