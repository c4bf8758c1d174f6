"""An unexpected exception costs at most the org that it concerns, and nothing is lost or doubled.

Such an exception is a bug of ours, which nothing real can be asked to have: it is put in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.events import Message, OrgEvent
from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.builder.room import Room
from provisioner.ledger.base import State
from provisioner.salesforce.hub import DevHub
from provisioner.steps.run_apex import RunApex
from provisioner.steps.verification import Verification
from provisioner.upkeep.deletion import Deletions
from tests.builder.night import Night

pytestmark = pytest.mark.slow

STEPS = "- run_apex: { file: scripts/setup.apex }\n"


@pytest.fixture(autouse=True)
def in_the_folder(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(night.folder)


def crash_files(night: Night) -> list[Path]:
    return sorted((night.folder / ".provisioner").glob("provisioner-*.txt"))


def broken(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, times: int, after: bool = False
) -> Callable[[], int]:
    """The first `times` calls raise TypeError, before or after the real one; how many did."""
    real, raised = getattr(owner, name), Counter[str]()

    def method(*arguments: Any, **options: Any) -> Any:
        is_over = raised[name] >= times
        answer = real(*arguments, **options) if after or is_over else None
        if not is_over:
            raised[name] += 1
            raise TypeError("a value of a type that nobody expected")
        return answer

    monkeypatch.setattr(owner, name, method)
    return lambda: raised[name]


def nothing_lost(night: Night) -> None:
    """Each active org is in the ledger, and no username was signed up twice."""
    names = Counter(row["Username"] for row in night.hub_rows("ScratchOrgInfo"))
    assert max(names.values(), default=1) == 1
    assert set(night.active()) <= {org.username for org in night.orgs()}


def test_an_exception_in_a_step_fails_its_org_alone(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=3, steps=STEPS, pool="replacements: 0")
    broken(monkeypatch, RunApex, "start", times=1)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert "run_apex: a bug in provisioner (TypeError)" in result.failed[0].error
    (file,) = crash_files(night)
    assert str(file.name) in result.failed[0].error
    nothing_lost(night)
    assert len(night.active()) == 2


def test_an_org_that_an_exception_failed_is_replaced(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=3, steps=STEPS)
    broken(monkeypatch, Verification, "start", times=1)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (3, 1, 0)
    nothing_lost(night)


def test_an_exception_everywhere_leaves_one_crash_file_and_stops_by_its_cause(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=3, steps=STEPS)
    broken(monkeypatch, RunApex, "start", times=100)
    result = night.build()
    assert result.exit_code == 6
    assert not result.built
    assert len(crash_files(night)) == 1
    assert night.active() == []


@pytest.mark.parametrize("times", [1, 100])
def test_a_sign_up_whose_answer_raised_is_found_by_its_username(
    night: Night, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    night.write_pool(size=3, steps="")
    broken(monkeypatch, DevHub, "sign_up", times=times, after=True)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (3, 0, 0)
    nothing_lost(night)
    assert len(night.hub_rows("ScratchOrgInfo")) == 3


def test_a_sign_up_that_always_raises_is_left_to_the_next_build(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=2, steps="")
    with monkeypatch.context() as patched:
        broken(patched, DevHub, "sign_up", times=100)
        result = night.build()
    assert (len(result.unconfirmed), len(result.failed), result.exit_code) == (2, 0, 6)
    assert "left to the next build: 2 orgs" in str(result.error())
    assert {org.state for org in night.orgs()} == {State.INTENDED}
    assert night.build().exit_code == 0
    nothing_lost(night)


def test_a_request_that_cannot_be_made_was_never_sent(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=1, steps="")

    def raises(*_: Any) -> None:
        raise TypeError("a value of a type that nobody expected")

    monkeypatch.setattr("provisioner.builder.signup_sender.sign_up_request", raises)
    result = night.build()
    assert (len(result.failed), len(result.unconfirmed), result.exit_code) == (1, 0, 6)
    assert night.orgs() == []


def test_polls_of_sign_ups_that_raise_are_repeated(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=3, steps="")
    raised = broken(monkeypatch, DevHub, "signups", times=4)
    result = night.build()
    assert (len(result.built), result.exit_code, raised()) == (3, 0, 4)
    nothing_lost(night)


def test_when_every_poll_raises_the_build_stops_and_the_next_one_finishes_it(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.login_app("replicated")  # nothing has to be found out: two sign-ups at once
    night.write_pool(size=3, steps="", top="limits: { concurrent_signups: 2 }")
    with monkeypatch.context() as patched:
        broken(patched, DevHub, "signups", times=1000)
        result = night.build()
    assert (len(result.built), len(result.unconfirmed), result.exit_code) == (0, 2, 6)
    assert "could not be polled" in str(result.error())
    nothing_lost(night)
    assert night.build().exit_code == 0
    nothing_lost(night)
    assert len(night.hub_rows("ScratchOrgInfo")) == 3


@pytest.mark.parametrize("after", [False, True])
def test_an_exception_about_one_sign_up_concerns_no_other(
    night: Night, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    """Also when it comes out of the write that makes the org active, done or not."""
    night.write_pool(size=3, steps="")
    raised = broken(monkeypatch, OrgLifecycle, "activate", times=1, after=after)
    result = night.build()
    assert raised() == 1
    assert (len(result.built), len(result.failed), result.exit_code) == (3, 0, 0)
    nothing_lost(night)


def test_an_org_that_was_complete_when_the_exception_came_stays_available(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=2, steps="")
    broken(monkeypatch, OrgLifecycle, "complete", times=1, after=True)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 0, 0)


def test_an_available_org_is_counted_once_though_an_exception_follows(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.write_pool(size=4, steps="")  # with a canary, for which the others wait
    raised = broken(monkeypatch, Room, "keep", times=1)
    result = night.build()
    assert raised() == 1
    assert (len(result.built), len(result.failed), result.exit_code) == (4, 0, 0)


def test_a_view_that_raises_disturbs_no_org(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(_: Any, what: OrgEvent | Message) -> None:
        raise TypeError(f"cannot be shown: {type(what)}")

    night.write_pool(size=2, steps="")
    monkeypatch.setattr("tests.builder.night.Watcher.org", raises)
    monkeypatch.setattr("tests.builder.night.Watcher.message", raises)
    assert night.build().exit_code == 0


def test_a_deletion_that_raises_leaves_the_org_to_reap(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: Any, **__: Any) -> Deletions:
        raise TypeError("a value of a type that nobody expected")

    night.write_pool(size=2, steps=STEPS, pool="replacements: 0")
    broken(monkeypatch, RunApex, "start", times=1)
    monkeypatch.setattr("provisioner.builder.deletions.delete_orgs", raises)
    result = night.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (1, 1, 6)
    assert [org.state for org in night.orgs(State.FAILED)] == [State.FAILED]
    assert any(
        "could not be deleted; the next build or reap tries again" in text
        for text in night.watcher.messages
    )
    nothing_lost(night)
