"""One build: lock, look, plan, do; the same path starts, resumes, tops up and repairs."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from types import FrameType
from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.builder.connections import Connections
from provisioner.builder.context import BuildContext, Options
from provisioner.builder.crashes import harmless
from provisioner.builder.deletions import delete, why_deleted
from provisioner.builder.events import Message, Observer
from provisioner.builder.failures import Failures
from provisioner.builder.hub_retries import retried
from provisioner.builder.org_steps import OrgSteps
from provisioner.builder.planning import plan_build
from provisioner.builder.ready_marks import ReadyMarks
from provisioner.builder.result import BuildResult, requests_sent, summarise
from provisioner.builder.room import Room
from provisioner.builder.scheduler import Scheduler
from provisioner.builder.signup_breaker import SignUpBreaker
from provisioner.builder.signups import SignUps
from provisioner.builder.survey import reconcile, survey
from provisioner.ledger.base import TO_DELETE, Ledger, Run, State
from provisioner.plan import Allowance, Creation, PoolPlan, Removal

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org


def build(
    config: PoolFile, pools: Sequence[str], ledger: Ledger, observer: Observer, options: Options
) -> BuildResult:
    """Bring `pools` to what `pool.yaml` wants, as far as the Dev Hub's limits allow.

    Raises BusyError when another build holds the ledger, LoginError when the Dev Hub refuses
    the login, ClockError when the clock of this machine is wrong. A failing org is in the
    result, not an exception.
    """
    run = new_run()
    started = time.monotonic()

    def waits(text: str) -> None:
        observer.message(Message(text))

    with ledger.builder_lock(run, wait=options.wait, on_wait=waits):
        context = _context(config, ledger, observer, options, run)
        try:
            active = retried(context, "Dev Hub", lambda: survey(context.connections))
            _repair(context)
            adopted = ledger.adopt(run.id)
            reconcile(context, active)
            plans = plan_build(context, pools, adopted)
            with _stopped_by_signals(context.scheduler) as interruption:
                _carry_out(context, plans)
            result = summarise(context, plans, interruption.is_set(), time.monotonic() - started)
        finally:
            context.connections.close()
        ledger.finish_run(replace(run, finished_at=context.now(), summary=result.counts()))
    # The lock's end costs a ledger on the Dev Hub requests, too: only now all are counted.
    return replace(result, api_calls=requests_sent(context))


def _repair(context: BuildContext) -> None:
    """Repair rows that nobody can read or change, and tell of them; those left are told of, too."""
    ledger = context.ledger
    for row in ledger.repair(ledger.orgs()):
        text = f"{row.name}: repaired its broken row in the ledger: {row.why}"
        context.say(text, is_warning=True)
    for row in ledger.broken():
        context.say(str(row), is_warning=True)


def new_run() -> Run:
    """A run of this process; its id begins with the time, so that runs sort."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    return Run(id=run_id, host=socket.gethostname(), pid=os.getpid(), started_at=now)


def _context(
    config: PoolFile, ledger: Ledger, observer: Observer, options: Options, run: Run
) -> BuildContext:
    proven = {org.fingerprint for org in ledger.orgs(states=State) if org.available_at}
    connections = Connections(config, time_scale=options.time_scale)
    return BuildContext(
        config=config,
        ledger=ledger,
        connections=connections,
        scheduler=Scheduler(workers=min(32, config.limits.concurrent_signups + 8)),
        run=run,
        observer=observer,
        options=options,
        allowance=Allowance(0, 0),  # until the Dev Hub has said what is left
        circuit_breaker=CircuitBreaker(proven, lambda pool: config.pools[pool].canary),
        random=Random(options.seed),  # noqa: S311 - jitter of waits, not a secret
    )


def _carry_out(context: BuildContext, plans: Sequence[PoolPlan]) -> None:
    failures, marks, room = Failures(context), ReadyMarks(context), Room(context, plans)
    context.circuit_breaker.guard(plan.pool for plan in plans if plan.is_short_of_room)

    def available(org: Org) -> None:
        marks.add(org)
        sign_ups.dispatch(context.circuit_breaker.available(org))

    steps = OrgSteps(context, failures, available)
    sign_ups = SignUps(context, failures, room, steps.start)
    failures.replace = lambda creation: sign_ups.request([creation])
    failures.dispatch = sign_ups.dispatch
    failures.repeat = sign_ups.repeat
    wanted = sum(len(plan.create) + len(plan.resume) for plan in plans)
    context.signup_breaker = SignUpBreaker(wanted, time_scale=context.options.time_scale)
    failures.freed = room.give
    for plan in plans:
        for org in plan.resume:
            steps.start(org) if org.state is State.BUILDING else sign_ups.resume(org)
    sign_ups.request(_in_turn(plans))
    context.scheduler.run()
    _tell_left(context, sign_ups.left)
    harmless(context, "marks", marks.send)
    harmless(context, "orgs to replace", room.retire)
    pools = {plan.pool for plan in plans}
    harmless(context, "orgs to delete", lambda: _end_leftovers(context, pools))


def _in_turn(plans: Sequence[PoolPlan]) -> Iterator[Creation]:
    """The creations of all pools; a pool of one does not wait behind a pool of fifty."""
    queues = [list(plan.create) for plan in plans]
    while any(queues):
        for queue in queues:
            if queue:
                yield queue.pop(0)


def _tell_left(context: BuildContext, count: int) -> None:
    """Orgs that were wanted and found no room: claims, or other people's orgs, have taken it."""
    if not count or context.limit or context.scheduler.is_stopping:
        return
    text = f"the Dev Hub's active scratch org limit leaves no room for {count} more orgs"
    context.say(text, is_warning=True)
    if not context.failed:
        context.limit, context.limit_message = "active_limit", text


def _end_leftovers(context: BuildContext, pools: set[str]) -> None:
    """End what could not be ended before: orgs whose sign-ups were still under way then."""
    rows = context.ledger.orgs(states=TO_DELETE)
    left = [org for org in rows if org.pool in pools and not org.kept]
    if left and not context.scheduler.is_stopping:
        delete(context, [Removal(org, why_deleted(org)) for org in left])


@contextmanager
def _stopped_by_signals(scheduler: Scheduler) -> Iterator[threading.Event]:
    """Ctrl-C, SIGTERM and SIGHUP let running requests end, then stop.

    A second one ends at once, but not a SIGHUP: a shell and the kernel both send it when a
    terminal goes. What whoever started us has chosen to ignore (`nohup`) stays ignored.
    """
    interruption = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if interruption.is_set():
            if number == getattr(signal, "SIGHUP", None):
                return
            os._exit(130)  # the ledger is committed at every instant: nothing is lost
        interruption.set()
        scheduler.stop()

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    heeded = [n for n in numbers if n is not None and signal.getsignal(n) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield interruption
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
