"""What all parts of one build share: the ledger, the hub, the clock of waits, who watches."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.builder.crashes import Crashes, harmless
from provisioner.builder.events import Message, Observer, OrgEvent
from provisioner.builder.scheduler import Scheduler
from provisioner.builder.signup_breaker import SignUpBreaker
from provisioner.declare.secret_values import secret_values
from provisioner.ledger.base import Ledger, Org, Run, State
from provisioner.salesforce.redaction import redact

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.plan import Allowance, Removal


class RowLostError(Exception):
    """The row of an org changed under us: it is somebody else's now, drop it."""


@dataclass(frozen=True)
class Options:
    """How a build is to be carried out."""

    keep_failed: bool = False
    wait: bool = False  # for the build that holds the ledger
    time_scale: float = 1.0  # factor on all waits; a rehearsal on a fast emulator makes it small
    seed: int | None = None  # of the jitter


@dataclass
class BuildContext:
    """Shared by the jobs of one run; its methods are safe to call from any of them."""

    config: PoolFile
    ledger: Ledger
    connections: Connections
    scheduler: Scheduler
    run: Run
    observer: Observer
    options: Options
    allowance: Allowance
    circuit_breaker: CircuitBreaker
    contents: dict[str, Any] = field(default_factory=dict)  # by fingerprint, for the manifest
    limit: str = ""  # the Dev Hub limit that stopped sign-ups, as `--json` names it
    limit_message: str = ""
    failed: list[Org] = field(default_factory=list)
    built: list[Org] = field(default_factory=list)
    deleted: list[Removal] = field(default_factory=list)  # orgs that are gone, and why
    unconfirmed: list[Org] = field(default_factory=list)  # left to the next build, see `leave`
    under_way: set[str] = field(default_factory=set)  # orgs neither available nor failed yet
    signup_breaker: SignUpBreaker = field(default_factory=SignUpBreaker)
    crashes: Crashes = field(default_factory=Crashes)
    replacements: Counter[str] = field(default_factory=Counter)  # sign-ups spent, by pool
    lock: threading.RLock = field(default_factory=threading.RLock)
    random: random.Random = field(default_factory=random.Random)

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org:
        """Move a row; raises RowLostError when it is not ours any more."""
        moved = self.ledger.move(org, to, note=note, **changes)
        if moved is None:
            raise RowLostError(org.username)
        return moved

    def change(self, org: Org, **changes: Any) -> Org:
        """Change a row's fields; raises RowLostError when it is not ours any more."""
        changed = self.ledger.change(org, **changes)
        if changed is None:
            raise RowLostError(org.username)
        return changed

    @cached_property
    def _secrets(self) -> list[str]:
        return [value for value in secret_values(self.config) if len(value) >= 4]

    def redacted(self, text: str) -> str:
        """`text` without any secret of pool.yaml and without tokens; a last look."""
        return redact(text, self._secrets)

    def now(self) -> datetime:
        """The time to date and to judge rows by; a clock that jumps in mid-build is left out."""
        return self.connections.clock.now()

    def wait(self, seconds: float) -> float:
        """`seconds`, with up to a fifth of jitter, at this build's time scale."""
        jitter: float = self.random.uniform(0.9, 1.1)
        return max(0.01, seconds * jitter * self.options.time_scale)

    def tell(self, event: OrgEvent) -> None:
        """Pass an event on, one at a time."""
        with self.lock:
            shown = replace(event, note=self.redacted(event.note))
            harmless(self, "the view", lambda: self.observer.org(shown))

    def say(self, text: str, *, is_warning: bool = False) -> None:
        """Pass a line about the build on."""
        with self.lock, suppress(Exception):  # of the view alone; it has nobody to tell
            self.observer.message(Message(self.redacted(text), is_warning))

    def leave(self, org: Org, why: str, *, what: str = "which looks up its sign-up") -> None:
        """Leave to the next build a sign-up that may have been sent, or an org that may live."""
        with self.lock:
            self.unconfirmed.append(org)
            self.under_way.discard(org.username)
        self.say(
            f"{org.username} is left to the next build, {what}: {why}",
            is_warning=True,
        )
