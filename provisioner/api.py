"""The public Python API: the commands as functions. `docs/api.md` has an example of each.

    from provisioner import api

    org = api.claim(pool="morning", owner="ci", lease=timedelta(hours=2))
    session = api.login(org.username)

Everything else in the package may change without notice. Functions print nothing: the messages of
the commands go to `on_message`. Functions raise the errors of `provisioner.errors`, whose
`exit_code`, `code` and `hint` are those of the commands. Times are aware and in UTC.
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
    """Discard the message."""


@dataclass(frozen=True)
class Org:
    """A scratch org in the ledger; "" and None mean that a value is not known."""

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
    """The result of a build. `error` says why it is incomplete; None: every pool is full."""

    run: str
    wanted: int  # orgs that this build was to finish
    built: tuple[Org, ...]
    failed: tuple[Org, ...]
    api_calls: Mapping[str, int]  # to the Dev Hub ("hub") and to scratch orgs ("org")
    seconds: float
    error: ProvisionerError | None

    @property
    def exit_code(self) -> int:
        """The exit code of the command `build`."""
        return self.error.exit_code if self.error else 0


@dataclass(frozen=True)
class Emulator:
    """A running emulator: what a client needs to log in to its Dev Hub by JWT."""

    url: str  # the login URL, and the instance URL of all its orgs
    consumer_key: str
    hub_username: str
    private_key: Path
    ca: Path | None  # with `tls`: the certificate to trust


def build(
    *pools: str,
    config: Path | str = POOL_FILE,
    keep_failed: bool = False,
    wait: bool = False,
    time_scale: float = 1.0,
    pace: float | None = None,
    on_message: OnMessage = _ignore,
) -> Build:
    """Fill the pools (by default all) to their size, and resume unfinished orgs.

    With `wait`, the function waits for a build that holds one of the pools. `time_scale` (older
    name: `pace`) is a factor on all waits, for an emulator that is faster than Salesforce.
    `on_message` may be called from several threads, but never twice at once. In the main thread
    SIGINT, SIGTERM and SIGHUP stop the build after its state is saved.

    Failed orgs are in the result. Raises ConfigError, UsageError for an unknown pool, LoginError
    when the Dev Hub refuses the login, BusyError when another build holds one of the pools.
    """
    from provisioner.builder.context import Options
    from provisioner.builder.run import build as run_build
    from provisioner.builder.selection import select_pools
    from provisioner.ledger import open_ledger
    from provisioner.report.log_lines import EventLog

    file = _load(Path(config), on_message, need_all=True)
    chosen = select_pools(file, pools)
    scale = (time_scale if pace is None else pace) * file.time_scale
    options = Options(keep_failed=keep_failed, wait=wait, time_scale=scale)
    ledger = open_ledger(file.ledger, file.directory, file.dev_hub)
    try:
        result = run_build(file, chosen, ledger, EventLog(on_message), options)
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
    """Claim the org `username`, or any org of `pool`, or any org, for one owner until its release.

    `owner` is by default git's e-mail address or the user of the operating system. Without `lease`
    the claim lasts until the org expires. The same `idempotency_key` gives the same org again.
    `min_life` is the minimum time to expiry, by default 12 hours, or 0 with `username`. With
    `wait`, the claim waits in a queue. An org whose verification is old is verified first, and
    skipped if it is unusable.

    Raises NoOrgError when no org is available, ClaimError when another owner has claimed it.
    """
    from provisioner.claim.rules import claim as take
    from provisioner.claim.verification import verified

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
            verify=lambda org: verified(org, part, ledger, load, on_message),
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
    """Release a claimed org: it is deleted, or with `reuse` available again.

    If it cannot be deleted now, the next build deletes it, and `on_message` gets the reason. With
    `force`, an org that another owner has claimed is also released. Releasing an org twice is not
    an error. Raises NoOrgError for an unknown username, ClaimError when another owner has claimed
    the org.
    """
    from provisioner.claim.deletion import delete_released
    from provisioner.claim.rules import release as release_claim
    from provisioner.ledger.base import TO_DELETE

    path = Path(config)
    with _ledger(path, on_message) as (part, ledger):
        row = release_claim(
            ledger,
            username,
            owner=owner or _owner(path),
            force=force,
            reuse=reuse,
            reusable=[pool.name for pool in part.pools.values() if pool.reuse],
        )
        if row.state in TO_DELETE and not row.kept:
            row = delete_released(row, ledger, partial(_load, path, on_message), on_message)
        return _org(row)


def login(
    username: str,
    *,
    user: str = "",
    consumer_key: str = "",
    key: Path | str | None = None,
    login_url: str = "",
    config: Path | str = POOL_FILE,
    on_message: OnMessage = _ignore,
) -> Session:
    """Log in by JWT. The session has `access_token`, `instance_url`, `org_id` (18 characters) etc.

    `user` is the persona of a user that `create_users` has made in the org `username`.

    With `consumer_key` and `key` (a file), neither pool.yaml nor the ledger is read; with `key` and
    no pool.yaml, the consumer key is the one that is derived from the username. The passphrase of
    the key comes from SF_PRIVATE_KEY_PASSPHRASE. Raises LoginError when Salesforce refuses the
    login, NoOrgError when the username is not in the ledger.
    """
    from provisioner.credentials import Options, find_credentials
    from provisioner.login import login_by_any

    has_file = Path(config).exists()
    key_file = Path(key) if key else None
    options = Options(consumer_key, key_file, login_url, not has_file, user=user)
    load = partial(_load, Path(config), on_message)
    session, _ = login_by_any(find_credentials(username, options, os.environ, load))
    return session


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
    """An emulated Dev Hub in a separate process. It stops at the end of the block.

    The parameters are the options of the command `emulator`; `limits` has the keys `active`,
    `daily` and `api`, and `faults` may also be the name of a scenario. Raises UsageError when an
    option is wrong, or the extra `emulator` is not installed.
    """
    from provisioner.rehearsal import emulator as rehearsal

    options = ["--speed", str(speed), "--seed", str(seed)]
    options += ["--limits", ",".join(f"{k}={v}" for k, v in limits.items())] if limits else []
    options += ["--faults", str(_absolute_file(faults))] if faults else []
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


def _absolute_file(named: Path | str) -> Path:
    """The path of a file from anywhere; the name of a scenario stays as it is."""
    path = Path(named)
    return path.absolute() if path.exists() else path


def _load(path: Path, on_message: OnMessage, *, need_all: bool = False) -> PoolFile:
    from provisioner.config.load import load

    file = load(path, environ=os.environ, need="all" if need_all else "hub_and_ledger")
    _forward(file.warnings, on_message)
    return file


@contextmanager
def _ledger(path: Path, on_message: OnMessage) -> Iterator[tuple[LedgerPart, Ledger]]:
    """The part of pool.yaml that claims need, and its ledger, which is closed at the end."""
    from provisioner.config.ledger_part import load_ledger_part
    from provisioner.ledger import open_ledger

    part = load_ledger_part(path, environ=os.environ)
    _forward(part.warnings, on_message)
    ledger = open_ledger(part.ledger, part.directory, part.dev_hub)
    try:
        yield part, ledger
    finally:
        _forward(ledger.broken(), on_message)
        ledger.close()


def _forward(messages: Sequence[object], on_message: OnMessage) -> None:
    for message in messages:
        on_message(str(message))


def _owner(path: Path) -> str:
    from provisioner import children
    from provisioner.claim.owner import default_owner
    from provisioner.config.secret_variables import variables_of_file

    return default_owner(children.environment(os.environ, variables_of_file(path, os.environ)))


def _org(row: Row) -> Org:
    from provisioner.ledger.document import login_key

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
        consumer_key=login_key(row),
        error=row.error,
    )
