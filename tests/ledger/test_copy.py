"""A ledger is carried to another place whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from provisioner.cli.main import run as run_command
from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.sql import transfer
from provisioner.ledger.transfer import Contents

from . import postgresql_server
from .breaking import break_row
from .postgresql_server import Server
from .world import NOW, World, add_available, moved, run

pytestmark = pytest.mark.slow

WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")]

NO_URL = "write a URL, such as sqlite:///.provisioner/ledger.db, or devhub"

Copy = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], World]]:
    """Makes new ledgers, whose relative paths start where the command runs."""
    monkeypatch.chdir(tmp_path)
    worlds: list[World] = []

    def place(scheme: str) -> World:
        world = World.of(scheme, tmp_path)
        worlds.append(world)
        if scheme == "sqlite":
            world.url = f"sqlite:///{len(worlds)}.db"
        return world

    yield place
    for world in worlds:
        world.close()


@pytest.fixture
def copy(capsys: pytest.CaptureFixture[str]) -> Copy:
    """`provisioner ledger copy`: exit code, stdout, stderr."""

    def copy(*arguments: str) -> tuple[int, str, str]:
        code = run_command(["ledger", "copy", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return copy


def fill(world: World) -> None:
    """Orgs in several states, with their events, and two runs."""
    ledger = world.open()
    with ledger.builder_lock(run("run-1"), wait=False):
        for number in range(3):
            add_available(ledger, f"org-{number}@acme.example")
        ledger.add(
            Org("Unfinished@acme.example", "evening", builder_id="run-1", users=({"a": "é"},))
        )
    ledger.finish_run(run("run-2"))
    ledger.record_facts("hub@acme.example key", HubFacts(sign_up_way="deployed", can_delete=True))
    claimed = ledger.claim(Claim("Zoë; '%s", idempotency_key="job-1"), now=NOW)
    assert claimed is not None
    moved(ledger, moved(ledger, claimed, State.RELEASED), State.DELETED)


def held(world: World) -> Contents:
    """All that is in a ledger."""
    with closing(open_ledger(world.url, world.directory)) as ledger:
        found = ledger.contents()  # type: ignore[attr-defined]
    assert isinstance(found, Contents)
    return found


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_everything_arrives_and_the_source_stays(
    place: Callable[[str], World], copy: Copy, source: str, target: str
) -> None:
    old, new = place(source), place(target)
    fill(old)
    before = held(old)
    code, out, err = copy(old.url, new.url)
    assert (code, out) == (0, "copied 4 orgs, 16 events, 2 runs\n")
    assert "write the new URL in every pool.yaml" in err
    assert held(new) == held(old) == before
    ledger = new.open()
    assert [org.username for org in ledger.orgs()] == [
        "org-1@acme.example",
        "org-2@acme.example",
        "Unfinished@acme.example",
    ]
    assert ledger.claim(Claim("ann"), now=NOW) is not None
    assert [org.builder_id for org in ledger.adopt("run-3")] == ["run-3"]


def test_a_deleted_org_whose_row_cannot_be_read_is_copied_as_far_as_it_can_be(
    place: Callable[[str], World], copy: Copy
) -> None:
    old, new = place("sqlite"), place("postgresql")
    fill(old)
    break_row(old, "org-0@acme.example", "lease_until", "tomorrow")
    assert copy(old.url, new.url)[0] == 0
    [org] = new.open().orgs(states=[State.DELETED])
    assert (org.username, org.lease_until) == ("org-0@acme.example", None)
    assert "lease_until must be a time with a zone" in org.error


def test_the_counts_are_json_when_asked_for(place: Callable[[str], World], copy: Copy) -> None:
    old, new = place("sqlite"), place("postgresql")
    fill(old)
    code, out, _ = copy("--json", old.url, new.url)
    assert (code, json.loads(out)) == (0, {"orgs": 4, "events": 16, "runs": 2})


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_target_that_holds_anything_is_refused_and_left_as_it_was(
    place: Callable[[str], World], copy: Copy, target: str
) -> None:
    old, new = place("sqlite"), place(target)
    fill(old)
    new.open().finish_run(run("run-9"))
    code, _, err = copy(old.url, new.url)
    assert code == 2
    assert "the ledger to copy to is not empty: it has 0 orgs, 0 events, 1 run\n" in err
    assert held(new).counts() == {"orgs": 0, "events": 0, "runs": 1}


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_target_that_has_only_facts_is_filled(
    place: Callable[[str], World], copy: Copy, target: str
) -> None:
    """What it knew of the same Dev Hub is replaced, of another one kept."""
    old, new = place("sqlite"), place(target)
    fill(old)
    [(subject, facts)] = held(old).facts
    ledger = new.open()
    ledger.record_facts(subject, HubFacts(sign_up_way="replicated"))
    ledger.record_facts("another key", HubFacts(snapshots=True))
    code, out, err = copy(old.url, new.url)
    assert (code, out) == (0, "copied 4 orgs, 16 events, 2 runs\n"), err
    expected = (("another key", HubFacts(snapshots=True)), (subject, facts))
    assert held(new) == replace(held(old), facts=expected)


def test_subjects_that_differ_in_case_are_copied_whatever_the_locale_of_the_database(
    place: Callable[[str], World], copy: Copy
) -> None:
    old, new = place("sqlite"), place("postgresql")
    ledger = old.open()
    for key in ("3MVG9B", "3MVG9b", "3MVG9a", "3MVG9A"):
        ledger.record_facts(f"hub@acme.example {key}", HubFacts(audience=key))
    new.open()
    with psycopg.connect(new.url) as server:
        server.execute('ALTER TABLE meta ALTER COLUMN key TYPE text COLLATE "en-x-icu"')
    code, _, err = copy(old.url, new.url)
    assert code == 0, err
    assert held(new) == held(old)
    assert [facts.audience for _, facts in held(new).facts] == [
        "3MVG9A",
        "3MVG9B",
        "3MVG9a",
        "3MVG9b",
    ]


def test_an_empty_source_is_refused(place: Callable[[str], World], copy: Copy) -> None:
    old, new = place("postgresql"), place("sqlite")
    code, _, err = copy(old.url, new.url)
    assert (code, "the ledger to copy from is empty" in err) == (2, True)


def test_a_source_that_does_not_exist_is_not_made(
    place: Callable[[str], World], copy: Copy, tmp_path: Path
) -> None:
    code, _, err = copy("sqlite:///nowhere.db", place("postgresql").url)
    assert (code, "the ledger nowhere.db does not exist" in err) == (2, True)
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql"])
@pytest.mark.parametrize("busy", ["source", "target"])
def test_nothing_is_copied_while_a_build_holds_either(
    place: Callable[[str], World], copy: Copy, scheme: str, busy: str
) -> None:
    old, new = place(scheme), place(scheme)
    fill(old)
    building = old if busy == "source" else new
    with building.open().builder_lock(run("run-5"), wait=False):
        code, _, err = copy(old.url, new.url)
    assert code == 8
    assert "another build is running: run run-5 on build-host" in err
    assert held(new).orgs == ()


def test_the_same_url_twice_is_refused(copy: Copy) -> None:
    code, _, err = copy("sqlite:///a.db", "sqlite:///a.db")
    assert (code, "FROM and TO are the same ledger" in err) == (2, True)


@pytest.mark.parametrize(
    ("urls", "lines"),
    [
        (("foo", "sqlite:bar"), [f"FROM: {NO_URL}", "TO: write sqlite:///PATH (four slashes"]),
        (("sqlite:///a.db", "bar"), [f"TO: {NO_URL}"]),
        (
            ("postgres://ann:secret@db/x", "devhub"),
            ["FROM: unknown kind of ledger 'postgres'; did"],
        ),
        (("sqlite:///~nobody-here/a.db", "devhub"), ["FROM: the home folder in the URL does not"]),
    ],
)
def test_a_wrong_url_is_reported_with_the_name_of_its_argument(
    copy: Copy, urls: tuple[str, str], lines: list[str]
) -> None:
    code, _, err = copy(*urls)
    found = err.removeprefix("error: ").split("\n  | ")
    assert (code, len(found)) == (2, len(lines)), err
    for line, wanted in zip(found, lines, strict=True):
        assert line.startswith(wanted)
    assert "secret" not in err


def test_a_url_reads_the_environment_so_that_no_process_list_shows_a_password(
    place: Callable[[str], World], copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = place("sqlite"), place("postgresql")
    fill(old)
    monkeypatch.setenv("NEW_LEDGER", new.url)
    assert copy(old.url, "${NEW_LEDGER}")[0] == 0
    code, _, err = copy(old.url, "${NOT_SET}")
    assert (code, err) == (2, "error: TO: the environment variable NOT_SET is not set\n")


def test_claims_wait_until_the_copy_has_read_all(place: Callable[[str], World]) -> None:
    """On PostgreSQL each statement sees what is committed; the copy must see one instant."""
    world = place("postgresql")
    fill(world)
    ledger: Any = world.open()
    server: Server = postgresql_server.shared()
    database = world.url.partition("///")[2].partition("?")[0]
    with ledger._transaction(write=True) as execute:
        ledger._hold_still(execute)
        locked = (
            "SELECT mode FROM pg_locks l JOIN pg_class c ON c.oid = relation WHERE relname = 'org'"
        )
        modes = {mode for (mode,) in server.sql(locked, database=database)}
    assert "ShareLock" in modes


def test_a_copy_that_differs_is_not_written(
    place: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = place("sqlite"), place("postgresql")
    fill(old)
    everything = held(old)
    ledger: Any = new.open()
    monkeypatch.setattr(transfer, "_write", lambda _execute, _contents: None)
    with pytest.raises(LedgerError, match="the copy differs from the original"):
        ledger.fill(everything)
    assert held(new) == Contents()
