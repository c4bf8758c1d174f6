"""A short disturbance of the ledger does not end the night: it is waited for, and said."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.sqlite import ledger as sqlite
from tests.ledger.postgresql_server import Server, server
from tests.proof.contents import Complete
from tests.proof.here import build
from tests.proof.ledgers import FILE, PostgresqlProof
from tests.proof.processes import TIME_SCALE, Process
from tests.proof.truth import crashes, doubles, leaks, unfit, unfull
from tests.proof.whole_night import WholeNight, whole_night

SIZE = 3


@contextmanager
def locked(night: WholeNight, how: str = "IMMEDIATE") -> Iterator[None]:
    """Another process (a backup, a shell of sqlite3) holds the file."""
    path = night.folder / ".provisioner" / FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if how == "EXCLUSIVE":  # nobody even reads: as while the journal is switched
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute(f"BEGIN {how}")
        other.execute("UPDATE meta SET value = value")
        yield
        other.execute("ROLLBACK")


def wait_for_word(process: Process, word: str) -> None:
    """Until the process has said it; it must not end before."""
    end = time.monotonic() + 60
    while word not in process.said("err"):
        assert process.process.poll() is None, process.said("err")
        assert time.monotonic() < end, process.said("err")
        time.sleep(0.05)


def test_a_build_waits_while_another_process_holds_the_file(
    night: WholeNight, whole: Complete
) -> None:
    night.fault({"route": "tree.create", "nth": 1}, {"do": "hold"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    assert process.hold()
    with locked(night):
        night.world.holds.release()
        wait_for_word(process, "is locked by another process; waiting up to 30 s")
    ended = process.end()
    assert ended.code == 0, ended.err
    assert not [*crashes(night, ended), *leaks(night), *doubles(night)]
    assert not [*unfull(night, SIZE), *unfit(night, whole)]


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_claim_waits_while_another_process_holds_the_file(night: WholeNight, how: str) -> None:
    assert build(night).code == 0
    with locked(night, how):
        process = Process(night, "claim", "--owner", "ann", "--json")
        wait_for_word(process, "waiting up to")
    ended = process.end()
    assert ended.code == 0, ended.err
    assert ended.document["state"] == "claimed"


@pytest.fixture
def database(tmp_path: Path, key_pair: KeyPair) -> Iterator[tuple[WholeNight, Server]]:
    """A night on a PostgreSQL server of its own."""
    with (
        server() as own,
        whole_night(tmp_path, key_pair, ledger=PostgresqlProof(own)) as night,
    ):
        yield night, own
        night.world.holds.close()
        if not own.is_running:
            own.start()


@pytest.mark.parametrize(
    ("route", "gently"),
    [("sobjects.create", True), ("tree.create", False)],
    ids=["restart", "crash"],
)
def test_a_database_server_that_restarts_in_mid_build_ends_nothing(
    database: tuple[WholeNight, Server], whole: Complete, route: str, gently: bool
) -> None:
    night, server = database
    night.fault({"route": route, "nth": 2}, {"do": "hold"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    assert process.hold()
    server.stop(gently=gently)
    night.world.holds.release()
    wait_for_word(process, "waiting up to")
    server.start()
    ended = process.end()
    assert ended.code == 0, ended.err
    assert not [*crashes(night, ended), *leaks(night), *doubles(night)]
    assert not [*unfull(night, SIZE), *unfit(night, whole)]


def test_a_claim_that_starts_while_the_database_server_is_down_waits_for_it(
    database: tuple[WholeNight, Server],
) -> None:
    night, server = database
    assert build(night).code == 0
    server.stop()
    process = Process(night, "claim", "--owner", "ann", "--json")
    wait_for_word(process, "waiting up to")
    server.start()
    ended = process.end()
    assert ended.code == 0, ended.err
    assert ended.document["state"] == "claimed"


def test_a_build_that_has_waited_in_vain_says_so_and_the_next_one_continues(
    database: tuple[WholeNight, Server], whole: Complete
) -> None:
    night, server = database
    night.fault({"route": "tree.create", "nth": 2}, {"do": "hold"})
    one_try = "from provisioner.ledger.postgresql import session; session.RETRY_SECONDS = 0.2"
    process = Process(night, "build", "--time-scale", TIME_SCALE, "--json", before=one_try)
    assert process.hold()
    server.stop()
    night.world.holds.release()
    ended = process.end()
    assert (ended.code, ended.document["error"]["code"]) == (9, "ledger_unreachable")
    server.start()
    assert build(night).code == 0
    assert not [*crashes(night, ended), *leaks(night), *doubles(night)]
    assert not [*unfull(night, SIZE), *unfit(night, whole)]


def test_the_retry_budget_is_longer_than_a_backup_of_twenty_seconds() -> None:
    assert sqlite.RETRY_SECONDS >= 20
    assert postgresql_session.RETRY_SECONDS >= 20
