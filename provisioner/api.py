"""The public Python API: what the commands do, as functions. `docs/api.md` shows each in use.

    from provisioner import api

    org = api.claim(pool="morning", owner="ci", lease=timedelta(hours=2))
    session = api.login(org.username)

Everything else in the package may change without notice. Functions print nothing: what a command
would say on the way goes to `on_message`. They raise the errors of `provisioner.errors`, whose
`exit_code`, `code` and `hint` are those of the commands. Moments are aware and in UTC.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.login import Session

if TYPE_CHECKING:
    from provisioner.config.ledger_part import LedgerPart
    from provisioner.config.model import PoolFile
    from provisioner.errors import ProvisionerError
    from provisioner.ledger.base import Ledger
    from provisioner.ledger.base import Org as Row

__all__ = ["Build", "Emulator", "Org", "Session", "build", "claim", "emulator", "login", "release"]

POOL_FILE = Path("pool.yaml")

OnMessage = Callable[[str], None]


def _ignore(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Org:
    """A scratch org as the ledger has it; "" and None: not known."""

    username: str
    pool: str
    state: str  # "available", "claimed", "released", "deleted", "failed" …
    org_id: str  # 18 characters
    instance_url: str
    login_url: str
    created_at: datetime | None
    expires_at: datetime | None
    definition: str
    fingerprint: str  # of definition and steps
    owner: str
    purpose: str
    lease_until: datetime | None  # None: until the org expires
    fence: int  # increases with each claim
    consumer_key: str  # of the app that logs in to it
    error: str


@dataclass(frozen=True)
class Build:
    """What a build came to. `error` says why it is not complete; None: every pool is full."""

    run: str
    wanted: int  # orgs that this build set out to finish
    built: tuple[Org, ...]
    failed: tuple[Org, ...]
    api_calls: Mapping[str, int]  # to the Dev Hub ("hub") and to scratch orgs ("org")
    seconds: float
    error: ProvisionerError | None

    @property
    def exit_code(self) -> int:
        """As the command `build` exits."""
        return self.error.exit_code if self.error else 0


@dataclass(frozen=True)
class Emulator:
    """A running emulator: what a client needs to log in to its Dev Hub by JWT."""

    url: str  # the login URL, and the instance URL of all its orgs
    consumer_key: str
    hub_username: str
    private_key: Path
    ca: Path | None  # the certificate to trust, with `tls`


def build(
    *pools: str,
    config: Path | str = POOL_FILE,
    keep_failed: bool = False,
    wait: bool = False,
    time_scale: float = 1.0,
    pace: float | None = None,
    on_message: OnMessage = _ignore,
) -> Build:
    """Bring the pools (by default all) to their size; resumes what is unfinished.

    With `wait` another build that holds the ledger is waited for. `time_scale` (older name: `pace`)
    is a factor on all waits, for an emulator that is faster than Salesforce. `on_message` may be
    called from several threads, never twice at once. In the main thread SIGINT, SIGTERM and SIGHUP
    stop the build after its state is saved.

    An org that fails is in the result. Raises ConfigError, UsageError for an unknown pool,
    LoginError for the Dev Hub's, BusyError when another build holds the ledger.
    """
    from provisioner.builder.context import Options
    from provisioner.builder.run import build as run_build
    from provisioner.builder.selection import select_pools
    from provisioner.ledger import open_ledger
    from provisioner.report.progress import Lines

    file = _load(Path(config), on_message, need_all=True)
    chosen = select_pools(file, pools)
    scale = time_scale if pace is None else pace
    options = Options(keep_failed=keep_failed, wait=wait, time_scale=scale)
    ledger = open_ledger(file.ledger, file.directory, file.dev_hub)
    try:
        result = run_build(file, chosen, ledger, Lines(on_message), options)
    finally:
        ledger.close()
    return Build(
        run=result.run,
        wanted=result.wanted,
        built=tuple(map(_org, result.built)),
        failed=tuple(map(_org, result.failed)),
        api_calls=dict(result.api_calls),
        seconds=result.seconds,
        error=result.error(),
    )


def claim(
    username: str = "",
    *,
    pool: str = "",
    owner: str = "",
    purpose: str = "",
    lease: timedelta | None = None,
    idempotency_key: str = "",
    min_life: timedelta | None = None,
    wait: timedelta = timedelta(),
    config: Path | str = POOL_FILE,
    on_message: OnMessage = _ignore,
) -> Org:
    """Take the org `username`, or any of `pool`, or any; nobody else gets it until its release.

    `owner` is by default git's e-mail address or the user of the operating system. Without `lease`
    the claim lasts as long as the org. The same `idempotency_key` gives the same org again.
    `min_life`: how long it must live, by default 12 hours, by name 0. With `wait` the claim queues.
    An org that was not verified for long is logged in to first; a dead one is passed over.

    Raises NoOrgError when there is none, ClaimError when another holds it.
    """
    from provisioner.claim.proving import proven
    from provisioner.claim.rules import claim as take

    path = Path(config)
    load = partial(_load, path, on_message)
    with _ledger(path, on_message) as (part, ledger):
        row = take(
            ledger,
            username=username,
            pool=pool,
            owner=owner or _owner(path),
            purpose=purpose,
            lease=lease,
            idempotency_key=idempotency_key,
            min_life=min_life,
            wait=wait,
            pools=part.pools,
            prove=lambda org: proven(org, part, ledger, load, on_message),
            on_wait=on_message,
            on_undone=on_message,
        )
        return _org(row)


def release(
    username: str,
    *,
    owner: str = "",
    force: bool = False,
    reuse: bool = False,
    config: Path | str = POOL_FILE,
    on_message: OnMessage = _ignore,
) -> Org:
    """Give a claimed org back: it is deleted, or with `reuse` available again.

    Where it cannot be deleted from here, the next build does that, and `on_message` gets the
    reason. With `force` also when another holds it. Releasing an org twice is no error. Raises
    NoOrgError for an unknown username, ClaimError when another holds it.
    """
    from provisioner.claim.ending import ended
    from provisioner.claim.rules import release as give_back
    from provisioner.ledger.base import TO_DELETE

    path = Path(config)
    with _ledger(path, on_message) as (part, ledger):
        row = give_back(
            ledger,
            username,
            owner=owner or _owner(path),
            force=force,
            reuse=reuse,
            reusable=[pool.name for pool in part.pools.values() if pool.reuse],
        )
        if row.state in TO_DELETE and not row.kept:
            row = ended(row, ledger, partial(_load, path, on_message), on_message)
        return _org(row)


def login(
    username: str,
    *,
    consumer_key: str = "",
    key: Path | str | None = None,
    login_url: str = "",
    config: Path | str = POOL_FILE,
    on_message: OnMessage = _ignore,
) -> Session:
    """A fresh session by JWT: `access_token`, `instance_url`, `org_id` (18 characters) and so on.

    With `consumer_key` and `key` (a file) neither pool.yaml nor the ledger is read; the passphrase
    of the key comes from SF_PRIVATE_KEY_PASSPHRASE. Raises LoginError when Salesforce refuses,
    NoOrgError when the ledger does not know the username.
    """
    from provisioner.login import Options, find_credentials
    from provisioner.login import login as log_in

    options = Options(consumer_key, Path(key) if key else None, login_url)
    load = partial(_load, Path(config), on_message)
    return log_in(find_credentials(username, options, os.environ, load))


@contextmanager
def emulator(
    *,
    speed: float = 1.0,
    instant: bool = False,
    seed: int = 0,
    limits: Mapping[str, int] | None = None,
    faults: Path | str | None = None,
    packages: Path | str | None = None,
    tls: bool = False,
) -> Iterator[Emulator]:
    """An emulated Dev Hub in a process of its own; it ends with the block, its keys with it.

    The parameters are the options of the command `emulator`; `limits` are `active`, `daily` and
    `api`. Raises UsageError when the extra `emulator` is not installed.
    """
    from provisioner import rehearsal

    options = ["--speed", str(speed), "--seed", str(seed)]
    options += ["--limits", ",".join(f"{k}={v}" for k, v in limits.items())] if limits else []
    options += ["--faults", str(Path(faults).absolute())] if faults else []
    options += ["--packages", str(Path(packages).absolute())] if packages else []
    options += [*(["--instant"] if instant else []), *(["--tls"] if tls else [])]
    with (
        tempfile.TemporaryDirectory(prefix="provisioner-emulator-") as folder,
        rehearsal.emulator(Path(folder), options) as running,
    ):
        yield Emulator(
            running.url,
            running.consumer_key,
            running.hub_username,
            running.private_key,
            running.ca,
        )


def _load(path: Path, on_message: OnMessage, *, need_all: bool = False) -> PoolFile:
    from provisioner.config.load import load

    file = load(path, environ=os.environ, need="all" if need_all else "hub_and_ledger")
    _tell(file.warnings, on_message)
    return file


@contextmanager
def _ledger(path: Path, on_message: OnMessage) -> Iterator[tuple[LedgerPart, Ledger]]:
    """What claims need of pool.yaml, and its ledger, closed at the end."""
    from provisioner.config.ledger_part import load_ledger_part
    from provisioner.ledger import open_ledger

    part = load_ledger_part(path, environ=os.environ)
    _tell(part.warnings, on_message)
    ledger = open_ledger(part.ledger, part.directory, part.dev_hub)
    try:
        yield part, ledger
    finally:
        _tell(ledger.broken(), on_message)
        ledger.close()


def _tell(what: Sequence[object], on_message: OnMessage) -> None:
    for one in what:
        on_message(str(one))


def _owner(path: Path) -> str:
    from provisioner import children
    from provisioner.claim.owner import default_owner
    from provisioner.config.secret_variables import variables_of_file

    return default_owner(children.environment(os.environ, variables_of_file(path, os.environ)))


def _org(row: Row) -> Org:
    return Org(
        username=row.username,
        pool=row.pool,
        state=row.state.value,
        org_id=row.org_id,
        instance_url=row.instance_url,
        login_url=row.login_url,
        created_at=row.created_at,
        expires_at=row.expires_at,
        definition=row.definition,
        fingerprint=row.fingerprint,
        owner=row.owner,
        purpose=row.purpose,
        lease_until=row.lease_until,
        fence=row.fence,
        consumer_key=row.consumer_key,
        error=row.error,
    )
