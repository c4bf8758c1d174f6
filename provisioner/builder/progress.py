"""What a build has done so far, and what it may still spend. Memory only: nothing here does I/O."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from provisioner.builder.step_notes import StepWarning, StepWarnings
from provisioner.ledger.base import Org
from provisioner.plan import Allowance, Removal


class BuildProgress:
    """Counts of one build. Safe to use from several threads.

    `lock` is the build's lock. Whoever holds it reads and writes memory only: no ledger, no
    request, no terminal.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.built: list[Org] = []
        self.failed: list[Org] = []
        self.deleted: list[Removal] = []  # orgs that are deleted, and why
        self.unconfirmed: list[Org] = []  # left to the next build
        self.pending: set[str] = set()  # usernames of orgs that have no outcome yet
        self.allowance = Allowance(0, 0)  # sign-ups that may still be sent
        self.granted: Allowance | None = None  # what the Dev Hub had left, if it says so
        self.limit = ""  # the Dev Hub limit that stopped sign-ups, as `--json` names it
        self.limit_message = ""
        self._warnings = StepWarnings()
        self._replacements: Counter[str] = Counter()  # sign-ups sent for failed orgs, by pool

    @property
    def is_bounded(self) -> bool:
        """Whether the Dev Hub says how many sign-ups are left."""
        return self.granted is not None

    def allow(self, allowance: Allowance, granted: Allowance | None) -> None:
        """Set what is left before the first sign-up; `granted` is what the Dev Hub says."""
        with self.lock:
            self.allowance, self.granted = allowance, granted

    def start(self, username: str, *, spends_sign_up: bool = False) -> None:
        """An org is in progress from now on; its sign-up may have to be paid for."""
        with self.lock:
            self.pending.add(username)
            if spends_sign_up:
                self.allowance = self.allowance.less(1)

    def withdraw(self, username: str) -> None:
        """No sign-up was sent for an org, which is not in progress any more."""
        with self.lock:
            self.pending.discard(username)
            self.allowance = self.allowance.less(-1)

    def complete(self, org: Org) -> None:
        """An org is available; it counts once, also when an exception leads here again."""
        with self.lock:
            if org.username in self.pending:
                self.pending.discard(org.username)
                self.built.append(org)

    def fail(self, org: Org, *, is_counted: bool = True) -> None:
        """An org has failed; with `is_counted` the result lists it."""
        with self.lock:
            self.pending.discard(org.username)
            if is_counted:
                self.failed.append(org)

    def leave(self, org: Org) -> None:
        """An org is left to the next build."""
        with self.lock:
            self.pending.discard(org.username)
            self.unconfirmed.append(org)

    def warn(
        self, org: Org, step: str, messages: Sequence[str], *, is_failure: bool = False
    ) -> None:
        """A step has warned of something; with `is_failure`, it failed and the org continues."""
        with self.lock:
            self._warnings.add(org, step, messages, is_failure=is_failure)

    def warnings(self) -> tuple[StepWarning, ...]:
        """The warnings of all steps so far, equal ones together."""
        with self.lock:
            return self._warnings.listed()

    def drop(self, username: str) -> None:
        """An org is no longer this build's, or was never requested."""
        with self.lock:
            self.pending.discard(username)

    def delete(self, removals: Iterable[Removal]) -> None:
        """Orgs are deleted."""
        with self.lock:
            self.deleted += removals

    def reach_limit(self, limit: str, message: str) -> bool:
        """A Dev Hub limit keeps orgs from being built; False when one was reached before."""
        with self.lock:
            if self.limit:
                return False
            self.limit, self.limit_message = limit, message
            return True

    def take_replacement(self, pool: str, most: int) -> bool:
        """Count one more replacement of `pool`; False when it has had `most` already."""
        with self.lock:
            if self._replacements[pool] >= most:
                return False
            self._replacements[pool] += 1
            return True
