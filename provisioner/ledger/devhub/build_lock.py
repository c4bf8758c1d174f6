"""One builder at a time: a record on the Dev Hub whose key can be inserted once.

A Dev Hub has no lock that ends together with its holder. Therefore the lock is a lease:

- The holder writes its run, host and process into the record, and renews it every two minutes.
- Another build on the same machine takes the lock when the holder's process has ended. It does not
  take it while that process exists, even if the process is stopped.
- A build on another machine takes the lock when it has not been renewed for fifteen minutes by the
  Dev Hub's clock (date of the record, compared with the date of the answer).
- To take the lock, a build deletes the old record by its id and inserts a new one in one
  transaction. If two builds try, one fails. Each write of a build checks in its own transaction
  that the record of its lock still exists, so that a build that was stopped writes nothing more.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provisioner.errors import BusyError, LedgerError, ProvisionerError
from provisioner.ledger.base import Run
from provisioner.ledger.boot_time import boot_time
from provisioner.ledger.devhub.answers import Record
from provisioner.ledger.devhub.errors import (
    BUILDER,
    LostError,
    RefusedError,
    contended,
    lock_lost,
)
from provisioner.ledger.devhub.records import LEASE, literal
from provisioner.ledger.devhub.session import API, HubSession
from provisioner.ledger.devhub.writes import part, refusals, send
from provisioner.ledger.holder import Holder, busy, kernel_of_this_process
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import record_id, row

KEY = "build"
_MOST_LOSSES = 50  # of attempts to take a lock that is free


@dataclass(frozen=True)
class Times:
    """In seconds. `renew` must be a small part of `expires`."""

    renew: float = 120.0
    expires: float = 900.0
    margin: float = 300.0  # before it expires; longer than a request may take
    first_pause: float = 0.5  # while waiting for another; pauses grow to `longest_pause`
    longest_pause: float = 30.0


@dataclass(frozen=True)
class Found:
    """The record of a lock, as another build reads it."""

    id: str
    holder: Holder
    kernel: str
    writer: str
    age: timedelta  # since it was last renewed

    @classmethod
    def of(cls, record: Record, now: datetime | None) -> Found:
        """Raises LedgerError for a record with invalid content."""
        try:
            values = json.loads(record["Holder__c"])
            kernel, writer = values.pop("kernel"), values.pop("writer")
            holder = Holder(**values)
            renewed = datetime.fromisoformat(record["SystemModstamp"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise LedgerError(
                f"the build lock on the Dev Hub (record {record.get('Id')}) cannot be read",
                code="ledger_corrupt",
                hint=f"make sure that no build is running, then delete this record of {LEASE}",
            ) from None
        if not kernel or kernel != kernel_of_this_process():
            holder = replace(holder, machine="")  # a process id says nothing here
        age = now - renewed if now else timedelta()  # what is not known is not old
        return cls(str(record["Id"]), holder, kernel, writer, age)

    def is_free(self, times: Times) -> bool:
        """Whether another build may take the lock."""
        if self.holder.machine:  # this one: what is so is known, and a frozen build keeps its lock
            return self.holder.is_gone
        return self.age.total_seconds() > times.expires

    def refusal(self, times: Times) -> BusyError:
        """The error that names the holder, and what to do now."""
        refusal = busy(self.holder)
        if not self.holder.machine:
            minutes = round(times.expires / 60)
            refusal.hint = (
                "wait for it with --wait; if its machine is gone, the lock is released "
                f"{minutes} minutes after it was last renewed; to release it now: "
                f"provisioner hub unlock {self.holder.run}"
            )
        return refusal


class BuildLease:
    """The lock of one build."""

    def __init__(self, session: HubSession, times: Times) -> None:
        self.id = ""  # of the record, while it is ours
        self._session = session
        self._times = times
        self._ends = threading.Event()
        self._renewing = threading.Lock()
        self._renewals = 0
        self._confirmed_at = 0.0  # when the last request that has renewed it was sent

    @contextmanager
    def held(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Raises BusyError when another build holds the lock and `wait` is false."""
        self.id = self._acquire(run, wait=wait, on_wait=on_wait)
        self._confirmed_at = boot_time()
        renewing = threading.Thread(target=self._renew, name="ledger lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            self._ends.set()
            renewing.join()
            with suppress(ProvisionerError):  # the build's result counts; the lock lapses
                discard(self._session, self.id)
            self.id = ""

    def _acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> str:
        writer, reported, pause, losses = secrets.token_hex(8), "", self._times.first_pause, 0
        while losses < _MOST_LOSSES:
            found = find(self._session)
            if found is not None and found.writer == writer:
                return found.id  # ours: the answer to the insert was lost
            if found is None or found.is_free(self._times):
                taken = self._take(found, run, writer)
                if taken:
                    return taken
                losses += 1  # another build was faster, or the answer was lost
                time.sleep(0.1 * random.random())  # noqa: S311 - jitter
                continue
            refusal = found.refusal(self._times)
            if not wait:
                raise refusal
            if on_wait is not None and refusal.message != reported:
                on_wait(refusal.message)
            reported = refusal.message
            time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            pause = min(pause * 2, self._times.longest_pause)
        raise contended(self._session.name, "other builds took the lock repeatedly")

    def _take(self, old: Found | None, run: Run, writer: str) -> str:
        """The id of our record; "" when another build was faster, or it is unknown."""
        values = {**asdict(Holder.of(run)), "kernel": kernel_of_this_process(), "writer": writer}
        record = {"Key__c": KEY, "Renewals__c": 0, "Holder__c": json.dumps(values)}
        parts = [part("old", "DELETE", f"sobjects/{LEASE}/{old.id}")] if old else []
        parts.append(part("new", "POST", f"sobjects/{LEASE}", record))
        try:
            answer = send(self._session, parts)
        except LostError:
            return ""
        except RefusedError as error:
            if error.is_transient:
                return ""
            raise self._session.translated(error, BUILDER) from None
        for reference, refused in refusals(answer):
            is_lost = refused.is_gone if reference == "old" else refused.code == "DUPLICATE_VALUE"
            if not (is_lost or refused.is_transient):
                raise self._session.translated(refused, BUILDER)
            return ""
        try:
            return record_id(row(answer[-1]["body"]), "id")
        except MalformedAnswerError:
            return ""  # the next poll finds it by its writer

    def verify(self) -> None:
        """Raises LedgerError when another build may have the lock now.

        The lock is renewed first if that was not possible for so long that it may have expired.
        """
        if self._is_certain():
            return
        with self._renewing:
            if self._is_certain():
                return
            if not self._session.retried(self._is_renewed, needs=BUILDER):
                raise lock_lost(self._session.name)

    def _is_certain(self) -> bool:
        """Whether a request that is sent now ends before another build may take the lock."""
        return boot_time() < self._confirmed_at + self._times.expires - self._times.margin

    def _renew(self) -> None:
        """Renew the lock every few minutes. A build that lost it finds out at its next write."""
        while not self._ends.wait(self._times.renew):
            # The next write of the build reports what is wrong.
            with self._renewing, suppress(LostError, RefusedError, ProvisionerError):
                self._is_renewed()

    def _is_renewed(self) -> bool:
        """Renew the lock; False when its record no longer exists."""
        sent = boot_time()
        self._renewals += 1
        path = f"{API}/sobjects/{LEASE}/{self.id}"
        try:
            self._session.call("PATCH", path, {"Renewals__c": self._renewals})
        except RefusedError as error:
            if not error.is_gone:
                raise
            return False
        self._confirmed_at = sent
        return True


def find(session: HubSession) -> Found | None:
    """The record of the lock, if there is one."""
    soql = (
        f"SELECT Id, Holder__c, SystemModstamp FROM {LEASE} "  # noqa: S608 - SOQL
        f"WHERE Key__c = {literal(KEY)}"
    )
    records = session.query(soql, needs=BUILDER, read=lambda record: Found.of(record, None))
    return Found.of(records[0], session.server_time) if records else None


def is_held(session: HubSession, times: Times) -> bool:
    """Whether a build has the lock, and no other may take it."""
    found = find(session)
    return found is not None and not found.is_free(times)


def discard(session: HubSession, lease: str) -> None:
    """Delete the record of a lock; a record that no longer exists is no error."""
    session.discard(f"{API}/sobjects/{LEASE}/{lease}", needs=BUILDER)


def unlock(session: HubSession, run: str) -> dict[str, Any]:
    """Remove the lock of a run that cannot release it; returns the holder.

    Raises BusyError when another run holds it, LedgerError when no run does.
    """
    found = find(session)
    if found is None:
        raise LedgerError("no build holds the lock of the ledger", code="not_locked")
    if found.holder.run != run:
        raise BusyError(
            f"another run holds the lock of the ledger: {found.holder.described()}",
            hint=f"only if that machine is gone, run: provisioner hub unlock {found.holder.run}",
        )
    discard(session, found.id)
    return {"run": found.holder.run, "host": found.holder.host, "pid": found.holder.pid}
