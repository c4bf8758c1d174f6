"""One build: lock, compare, plan, execute.

Starting, resuming after a kill, adding orgs at noon and repairing take the same path.
"""

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

from provisioner.builder.circuit_breaker import CircuitBreaker, content_of
from provisioner.builder.connections import Connections
from provisioner.builder.context import BuildContext, Options
from provisioner.builder.crashes import harmless
from provisioner.builder.deletions import delete, why_deleted
from provisioner.builder.events import Observer
from provisioner.builder.failed_run import failure_recorded
from provisioner.builder.follower import Follower
from provisioner.builder.history import History, PastBuilds
from provisioner.builder.hub_retries import retried
from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.builder.login_way import LoginWay
from provisioner.builder.lost_sessions import fail_lost
from provisioner.builder.org_steps import OrgSteps
from provisioner.builder.outcomes import Outcomes
from provisioner.builder.pending_signups import PendingSignUps
from provisioner.builder.planning import plan_build
from provisioner.builder.poll_times import PollTimes
from provisioner.builder.pool_deadlines import deadlines_watched
from provisioner.builder.ready_marks import ReadyMarks
from provisioner.builder.repairs import repair
from provisioner.builder.reporter import Reporter
from provisioner.builder.resolution import remarks, resolved
from provisioner.builder.result import BuildResult, requests_sent, summarise
from provisioner.builder.retry_plan import plan_retry
from provisioner.builder.room import Room
from provisioner.builder.scheduler import Scheduler
from provisioner.builder.shared_limits import SharedLimits
from provisioner.builder.signup_breaker import SignUpBreaker
from provisioner.builder.signup_dispatch import SignUpDispatch
from provisioner.builder.signup_poll import SignUpPoll
from provisioner.builder.signup_queue import SignUpQueue, in_turn
from provisioner.builder.signup_sender import SignUpSender
from provisioner.builder.snapshots import Snapshots
from provisioner.builder.survey import reconcile, survey
from provisioner.declare.secret_values import secret_values
from provisioner.errors import LedgerError
from provisioner.ledger.base import TO_DELETE, Ledger, Run, State
from provisioner.plain_text import quantity
from provisioner.plan import PoolPlan, Removal
from provisioner.upkeep.probes import is_probe

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile


def build(
    config: PoolFile, pools: Sequence[str], ledger: Ledger, observer: Observer, options: Options
) -> BuildResult:
    """Bring `pools` to what `pool.yaml` wants, as far as the Dev Hub's limits allow.

    Raises BusyError when another build holds one of the pools, LoginError when the Dev Hub refuses
    the login, ClockError when the clock of this machine is wrong. A failing org is in the
    result, not an exception.
    """
    run = new_run()
    started = time.monotonic()

    reporter = Reporter(observer, secret_values(config))
    with (
        ledger.builder_lock(run, pools=pools, wait=options.wait, on_wait=reporter.inform),
        failure_recorded(ledger, run, reporter, options.retry),
    ):
        context = _context(config, ledger, reporter, options, run)
        try:
            context, plans = _planned(context, pools)
            with _stopped_by_signals(context) as interruption:
                _execute(context, plans)
            result = summarise(context, plans, interruption.is_set(), time.monotonic() - started)
        finally:
            context.connections.close()
        ledger.finish_run(replace(run, finished_at=context.now(), summary=result.counts()))
    # A ledger on the Dev Hub sends requests when it releases the lock: only now all are counted.
    return replace(result, api_calls=requests_sent(context))


def _planned(
    context: BuildContext, pools: Sequence[str]
) -> tuple[BuildContext, Sequence[PoolPlan]]:
    """The plans, and the context with the package versions of today. A retry has only its org."""
    what = "the scratch orgs of the Dev Hub"
    active = retried(context, what, lambda: survey(context.connections))
    if context.options.retry:
        context = _with_versions(context, pools)
        return context, [plan_retry(context, active)]
    repair(context, pools)
    adopted = fail_lost(context, context.lifecycle.take_over(pools))
    reconcile(context, active, pools)
    context = _with_versions(context, pools)
    return context, plan_build(context, pools, adopted)


def _with_versions(context: BuildContext, pools: Sequence[str]) -> BuildContext:
    """The context with the package versions that the Dev Hub gives for the names in pool.yaml."""
    config, connections = context.config, context.connections
    what = "the packages of the Dev Hub"
    found = retried(context, what, lambda: resolved(config, pools, connections))
    for remark in remarks(found, pools):
        context.reporter.warn(remark)
    return replace(context, config=found)


def new_run() -> Run:
    """A run of this process; its id begins with the time, so that runs sort."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    return Run(id=run_id, host=socket.gethostname(), pid=os.getpid(), started_at=now)


def _context(
    config: PoolFile, ledger: Ledger, reporter: Reporter, options: Options, run: Run
) -> BuildContext:
    past_orgs = ledger.past_orgs(config.consumer_app.consumer_key)
    scale = options.time_scale
    connections = Connections(config, time_scale=scale, before_sending=ledger.verify_lock)
    past, facts = PastBuilds(ledger, run), ledger.facts(config.facts_subject)
    return BuildContext(
        config=config,
        ledger=ledger,
        connections=connections,
        scheduler=Scheduler(workers=min(32, config.limits.concurrent_signups + 8)),
        run=run,
        reporter=reporter,
        lifecycle=OrgLifecycle(ledger, run, config, connections.clock.now, time_scale=scale),
        options=options,
        circuit_breaker=CircuitBreaker(
            {content_of(built) for built in past_orgs.verified},
            lambda pool: config.pools[pool].canary,
        ),
        past=past,
        poll_times=PollTimes(past, (facts.sign_up_seconds or 0.0) * scale),
        past_orgs=past_orgs,
        facts=facts,
        random=Random(options.seed),  # noqa: S311 - jitter of waits, not a secret
    )


def _execute(context: BuildContext, plans: Sequence[PoolPlan]) -> None:
    """Put the parts of the build together, each from those before it, and run their jobs."""
    context.circuit_breaker.guard(plan.pool for plan in plans if plan.is_short_of_room)
    wanted = sum(len(plan.create) + len(plan.resume) for plan in plans)
    breaker = SignUpBreaker(wanted, time_scale=context.options.time_scale)
    snapshots = Snapshots(context, plans)
    queue, pending = SignUpQueue(context, snapshots), PendingSignUps(context)
    snapshots.connect(queue.request)
    room, marks, way = Room(context, plans), ReadyMarks(context), LoginWay(context)
    outcomes = Outcomes(context, queue, room, marks, way, snapshots)
    steps = OrgSteps(context, outcomes, way, snapshots)
    shared = SharedLimits(context, pending, [plan.pool for plan in plans])
    sender = SignUpSender(context, queue, pending, room, outcomes, way, shared)
    poll = SignUpPoll(context, pending, breaker, outcomes, steps, sender)
    SignUpDispatch(context, queue, pending, room, breaker, sender, way, shared)
    follower = _followed(context, plans, queue)
    for org in (org for plan in plans for org in plan.resume):
        way.try_with(org.username, org.consumer_key)
        steps.start(org) if org.state is State.BUILDING else poll.resume(org)
    queue.request(in_turn(plans))
    context.reporter.started(follower.observe, follower.now)
    with deadlines_watched(context, follower.now):
        context.scheduler.run()
        while shared.has_more(room, len(queue)):
            context.scheduler.run()
    _report_without_room(context, len(queue))
    harmless(context.reporter, "marking orgs as complete", marks.send)
    harmless(context.reporter, "deleting outdated orgs", room.retire)
    harmless(context.reporter, "leaving free slots to other builds", room.release)
    harmless(context.reporter, "deleting org snapshots", snapshots.clean_up)
    pools = {plan.pool for plan in plans}
    if not context.options.retry:
        harmless(context.reporter, "deleting orgs", lambda: _delete_leftovers(context, pools))
        harmless(context.reporter, "removing old history", lambda: _prune(context))


def _followed(context: BuildContext, plans: Sequence[PoolPlan], queue: SignUpQueue) -> Follower:
    """What follows the build from now on, for people who watch it and for its deadlines."""
    pools = (context.config.pools[plan.pool] for plan in plans)
    is_wanted = context.options.forecasts or any(pool.deadline for pool in pools)
    past = context.past.history if is_wanted else History({}, 0)
    follower = Follower(
        context.config,
        context.progress,
        context.circuit_breaker,
        context.reporter.times,
        past,
        lambda: requests_sent(context),
    )
    follower.plan(plans, queue)
    return follower


def _report_without_room(context: BuildContext, count: int) -> None:
    """Orgs that were wanted and had no room: claims, or other people's orgs, have taken it."""
    progress = context.progress
    if not count or progress.limit or context.scheduler.is_stopping:
        return
    orgs = quantity(count, "more org")
    text = f"the Dev Hub's active scratch org limit leaves no room for {orgs}"
    context.reporter.warn(text)
    if not progress.failed:
        progress.reach_limit("active_limit", text)


def _delete_leftovers(context: BuildContext, pools: set[str]) -> None:
    """Delete what could not be deleted before: orgs whose sign-ups were still pending then."""
    rows = context.ledger.orgs(states=TO_DELETE)
    left = [org for org in rows if (org.pool in pools or is_probe(org)) and not org.kept]
    if left and not context.scheduler.is_stopping:
        delete(context, [Removal(org, why_deleted(org)) for org in left])


def _prune(context: BuildContext) -> None:
    """Remove old history from the ledger. The orgs are complete without it."""
    if context.scheduler.is_stopping:
        return
    try:
        context.ledger.prune(context.config.keep_history)
    except LedgerError as error:
        context.reporter.warn(f"old history stays in the ledger: {error.message} ({error.hint})")


@contextmanager
def _stopped_by_signals(context: BuildContext) -> Iterator[threading.Event]:
    """Ctrl-C, SIGTERM and SIGHUP stop the build after its running requests.

    A second one exits at once, except a SIGHUP: the shell and the kernel both send it when a
    terminal is closed. Signals that the parent process ignores (`nohup`) stay ignored.
    """
    interruption = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if interruption.is_set():
            if number == getattr(signal, "SIGHUP", None):
                return
            context.reporter.abandon()
            os._exit(130)  # the ledger is always committed: nothing is lost
        interruption.set()
        context.scheduler.stop()

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    handled = [n for n in numbers if n is not None and signal.getsignal(n) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in handled}
    try:
        yield interruption
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
