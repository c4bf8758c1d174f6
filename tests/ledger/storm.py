"""A storm of claimers on one ledger, some of them killed: what must be true after it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from provisioner.ledger.base import Ledger, Org, State
from provisioner.ledger.rows import utc_now
from tests.ledger.devhub.hub import ACCOUNT
from tests.ledger.opening import opened
from tests.ledger.world import bring

ROOT = Path(__file__).parents[2]

POOL_YAML = """\
dev_hub:
  username: hub@acme.example
  consumer_key: {consumer_key}
  private_key: {private_key}
  login_url: {login_url}
ledger: {url}
"""
NO_HUB = {
    "consumer_key": "3MVG9.key",
    "private_key": "server.key",
    "login_url": "http://127.0.0.1:9",
}

PAIR = 10  # of ten claimers two repeat one key
DEATHS = ("before", "after", "")  # the last is any time


@dataclass(frozen=True)
class Claimer:
    """One `provisioner claim`; `death` says when it is killed, "" for never."""

    owner: str
    key: str = ""
    death: str = ""

    @property
    def line(self) -> dict[str, Any]:
        """As `storm_claimers.py` wants it."""
        key = ["--idempotency-key", self.key] if self.key else []
        return {"arguments": ["--json", "--owner", self.owner, *key], "death": self.death}


@dataclass(frozen=True)
class Ended:
    """How one claimer ended."""

    claimer: Claimer
    code: int
    out: str
    err: str

    @property
    def username(self) -> str:
        """What it got."""
        return str(json.loads(self.out)["username"])


@dataclass
class Storm:
    """One round: what was asked, what came of it, what is wrong with that."""

    orgs: int
    ends: list[Ended]
    repeated: list[Ended]
    rows: list[Org]
    claims: Counter[str]  # claims of each org, by the events
    faults: list[str] = field(default_factory=list)

    @property
    def winners(self) -> list[Ended]:
        """Those who got an org."""
        return [end for end in self.ends if end.code == 0]

    @property
    def losers(self) -> list[Ended]:
        """The claimers whose output says that there is no org."""
        return [end for end in self.ends if end.code == 3]

    @property
    def killed(self) -> list[Ended]:
        """The claimers that were killed before any output."""
        return [end for end in self.ends if end.code == -9]


def claimers(count: int, *, deaths: int, seed: int) -> list[Claimer]:
    """Half of them with a key; some pairs share one; some are to be killed."""
    random = Random(seed)
    made = []
    for number in range(count):
        first = number - 1 if number % PAIR == 1 else number
        made.append(Claimer(f"owner-{first}", f"key-{first}" if first % 2 == 0 else ""))
    for number in random.sample(range(count), deaths):
        death = random.choice(DEATHS) or f"{random.uniform(0.0, 1.5):.3f}"
        made[number] = Claimer(made[number].owner, made[number].key, death)
    return made


def write_pool_file(folder: Path, url: str) -> None:
    """The pool.yaml of a consumer of the ledger at `url`, and its key."""
    hub = json.loads((folder / ACCOUNT).read_text()) if url == "devhub" else NO_HUB
    (folder / "pool.yaml").write_text(POOL_YAML.format(url=url, **hub))
    (folder / "server.key").touch(mode=0o600)


def prepare(url: str, folder: Path, orgs: int, *, through: str = "") -> None:
    """Fill the ledger with orgs and write the pool.yaml of the claimers (on `through`)."""
    write_pool_file(folder, through or url)
    now = utc_now()
    with closing(opened(url, folder)) as ledger:
        for number in range(orgs):
            life = timedelta(days=2, minutes=number)
            add_claimable(ledger, f"org-{number}@acme.example", now, life)


def storm(url: str, folder: Path, wanted: Sequence[Claimer], orgs: int) -> Storm:
    """Let all of `wanted` go at once, then repeat the keys of those who were killed."""
    ends = run(folder, wanted)
    again = [Claimer(end.claimer.owner, end.claimer.key) for end in ends if end.code == -9]
    repeated = run(folder, [claimer for claimer in again if claimer.key])
    with closing(opened(url, folder)) as ledger:
        claims = Counter(
            event.username for event in ledger.events() if event.to_state == State.CLAIMED
        )
        result = Storm(orgs, ends, repeated, ledger.orgs(states=State), claims)
    result.faults = list(faults(result))
    return result


def run(folder: Path, wanted: Sequence[Claimer]) -> list[Ended]:
    """Processes of these claimers, all at once."""
    if not wanted:
        return []
    command = [sys.executable, str(Path(__file__).with_name("storm_claimers.py")), str(folder)]
    done = subprocess.run(
        command,
        input=json.dumps({"lines": [claimer.line for claimer in wanted]}),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return [Ended(c, **end) for c, end in zip(wanted, json.loads(done.stdout), strict=True)]


def faults(result: Storm) -> Iterable[str]:
    """Everything that must not be."""
    rows = {row.username: row for row in result.rows}
    held = [row for row in result.rows if row.state is State.CLAIMED]
    yield from _wrong_ends(result)
    for end in [*result.winners, *(end for end in result.repeated if end.code == 0)]:
        row = rows[end.username]
        if (row.state, row.owner) != (State.CLAIMED, end.claimer.owner):
            yield f"{end.claimer} was given {end.username}, which is {row.state} of {row.owner!r}"
    yield from _given_twice(result)
    for owner, count in Counter(row.owner for row in held).items():
        if count > 1:
            yield f"{owner} holds {count} orgs, having claimed one"
    for row in result.rows:
        if (row.fence, result.claims[row.username]) not in ((0, 0), (1, 1)):
            yield f"{row.username} was claimed {result.claims[row.username]} times"
    yield from _lost(result, held)


def _wrong_ends(result: Storm) -> Iterable[str]:
    for end in [*result.ends, *result.repeated]:
        if end.code not in ((0, 3, -9) if end.claimer.death else (0, 3)):
            yield f"{end.claimer} ended with {end.code}: {end.out}{end.err}"
        if "Traceback" in end.err + end.out:
            yield f"{end.claimer} showed a traceback: {end.err}"
        if end.code == 3 and '"no_org_available"' not in end.out:
            yield f"{end.claimer} lost, with this output: {end.out}"


def _given_twice(result: Storm) -> Iterable[str]:
    """One org, two answers: only for one key."""
    given: Mapping[str, set[str]] = {row.username: set() for row in result.rows}
    for end in result.winners:
        given[end.username].add(end.claimer.key or f"no key, {end.claimer.owner}")
    for username, keys in given.items():
        if len(keys) > 1:
            yield f"{username} was given for {sorted(keys)}"


def _lost(result: Storm, held: Sequence[Org]) -> Iterable[str]:
    """Orgs that stay available although somebody was refused: at most as many as were killed."""
    left = sum(row.state is State.AVAILABLE for row in result.rows)
    if len(held) + left != result.orgs:
        yield f"{result.orgs} orgs became {len(held)} claimed and {left} available"
    if result.losers and left > len(result.killed):
        yield f"{len(result.losers)} were refused while {left} orgs were available"
    given = {end.username for end in [*result.winners, *result.repeated] if end.code == 0}
    owners = {end.claimer.owner for end in result.killed if not end.claimer.key}
    for row in held:
        if row.username not in given and row.owner not in owners:
            yield f"{row.username} is held by {row.owner}, whose output does not say so"


def add_claimable(
    ledger: Ledger, username: str, now: datetime, life: timedelta = timedelta(days=2)
) -> None:
    """An org that a process may claim now, and need not prove."""
    org = Org(username, "morning", builder_id="run-1", run="run-1", proven_at=now)
    bring(ledger, org, (State.BUILDING, State.AVAILABLE), now + life)
