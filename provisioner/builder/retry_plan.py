"""The plan of `retry`: one failed org that was kept continues at the step that failed.

The org becomes available only with the contents that pool.yaml asks for now. What ran in it before
must therefore be what would run now: the definition and the steps before the failed one have the
inputs that the record of its build has. The failed step itself may be another one if it has changed
nothing in the org. See docs/decisions/retry.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.builder.fingerprint import is_marker, read_contents
from provisioner.builder.first_logins import has_first_session
from provisioner.builder.input_changes import Change, changes
from provisioner.builder.lifecycle import RowLostError
from provisioner.builder.manifest_entries import contents
from provisioner.builder.org_inputs import OrgInputs
from provisioner.builder.packed_inputs import recorded_inputs
from provisioner.builder.snapshot_names import marker, upper_steps
from provisioner.errors import NoOrgError, UsageError
from provisioner.ledger.base import UNFINISHED, Ledger, Org, State
from provisioner.plan import PoolPlan
from provisioner.steps.base import StartAgain

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.salesforce.active_orgs import ActiveOrg

LIST_THEM = "`provisioner status --failed` lists the orgs that failed"
MOST_NAMES = 3  # of changed files in a message
RUNS = 200  # whose records are read for the inputs of the org
_COUNTED = UNFINISHED | {State.AVAILABLE, State.CLAIMED}
_FIRST = 1  # index of the first step of pool.yaml: before it are the settings of the definition
_FIRST_FROM_SNAPSHOT = 2  # after the settings and the comparison with the source


def retriable(ledger: Ledger, config: PoolFile, username: str) -> Org:
    """The row of an org that may be retried, as far as the ledger and pool.yaml tell.

    Raises NoOrgError for an unknown username, and UsageError with the reason why it may not.
    """
    org = ledger.get(username)
    if org is None:
        raise NoOrgError(
            f"the ledger has no scratch org {username}", code="unknown_org", hint=LIST_THEM
        )
    if org.state is not State.FAILED:
        raise _refusal(org, f"it is {org.state.replace('_', ' ')}, not failed", hint=LIST_THEM)
    if not org.org_id:
        raise _refusal(org, "its sign-up failed, so there is no org")
    if not org.kept:
        hint = "`provisioner build --keep-failed` keeps failed orgs"
        raise _refusal(org, "it was not kept, and will be deleted", hint=hint)
    if has_first_session(org):
        raise _refusal(org, "it has no login app, so nobody can log in to it")
    pool = config.pools.get(org.pool)
    if pool is None or org.definition not in {one.name for one in pool.definitions}:
        raise _refusal(org, f"pool.yaml no longer has its pool {org.pool} or its definition")
    return org


def plan_retry(context: BuildContext, active: Iterable[ActiveOrg]) -> PoolPlan:
    """The row becomes `building` again; only while holding the builder's lock.

    `active` are the orgs of the Dev Hub. Raises NoOrgError, UsageError.
    """
    config = context.config
    org = retriable(context.ledger, config, context.options.retry)
    if not any(one.is_signed_up and one.sign_up.id == org.signup_id for one in active):
        raise _refusal(org, "the Dev Hub no longer has it")
    _check_room(context, org)
    found = read_contents(config, [org.pool])
    fingerprint = found.fingerprints[org.pool, org.definition]
    new = found.inputs[fingerprint]
    if fingerprint != org.fingerprint:
        old = recorded_inputs(context.ledger.runs(limit=RUNS)).get(org.fingerprint)
        _check_inputs(org, _index(org, config), old, new)
        _check_failed_step(org, _index(org, config), old, new, _failed_step(org, config))
    _check_start(org, _failed_step(org, config))
    context.inputs[fingerprint] = new
    known = contents(config, [org.pool], found.fingerprints)
    context.contents[fingerprint] = known[fingerprint]
    try:
        continued = context.lifecycle.retry(org, fingerprint)
    except RowLostError:
        raise _refusal(org, "it was changed meanwhile") from None
    size = config.pools[org.pool].size
    return PoolPlan(
        org.pool, size, available=(), resume=(continued,), create=(), remove=(), retire=()
    )


def _check_room(context: BuildContext, org: Org) -> None:
    """Raise UsageError when the org would be one more than `maximum` of its pool."""
    maximum = context.config.pools[org.pool].maximum
    rows = context.ledger.orgs(pool=org.pool, states=_COUNTED)
    if maximum is not None and len(rows) >= maximum:
        raise _refusal(org, f"the pool {org.pool} has its maximum of {maximum} orgs")


def _check_inputs(org: Org, count: int, old: OrgInputs | None, new: OrgInputs) -> None:
    """Raise UsageError unless what ran in the org, `count` steps, is what would run now."""
    if old is None:
        raise _refusal(
            org,
            "pool.yaml, or a file that it names, has changed, and no record tells what has run in "
            "the org",
        )
    done = OrgInputs(old.definition, old.steps[: max(0, count)])
    now = OrgInputs(new.definition, new.steps[: max(0, count)])
    if changed := changes(done, now):
        names = "; ".join(map(_text, changed))
        raise _refusal(org, f"what ran before the failed step has changed since: {names}")


def _check_failed_step(
    org: Org, index: int, old: OrgInputs | None, new: OrgInputs, entry: StepEntry | None
) -> None:
    """Raise UsageError when the failed step has changed, and may have left something behind."""
    if old is None or not 0 <= index < len(old.steps):
        return  # the settings of the definition, which has not changed, or the verification
    failed = old.steps[index]
    if index < len(new.steps) and new.steps[index].digest == failed.digest:
        return
    is_same_kind = entry is not None and entry.kind == failed.kind
    has_ended = org.step_state in ("", StartAgain().text())
    if not (is_same_kind and has_ended and getattr(entry and entry.step, "is_atomic", False)):
        raise _refusal(
            org,
            f"{failed.title} has changed, and may have left a part of its old content in the org",
        )


def _check_start(org: Org, entry: StepEntry | None) -> None:
    """Raise UsageError when the step has ended with a failure and must not start again."""
    if entry is None or org.step_state != StartAgain().text():
        return
    if not getattr(entry.step, "is_repeatable", False):
        raise _refusal(
            org,
            f"{entry.title} may have left a part of its content in the org, and cannot start again",
        )


def _failed_step(org: Org, config: PoolFile) -> StepEntry | None:
    """The entry of pool.yaml at the index of the failed step; None for steps without an entry."""
    entries = [e for e in config.pools[org.pool].steps_of(org.definition) if not is_marker(e)]
    index = _index(org, config)
    return entries[index] if 0 <= index < len(entries) else None


def _index(org: Org, config: PoolFile) -> int:
    """The index of the failed step among the steps with inputs, which the marker has not.

    An org from a snapshot has run the steps above the marker by being signed up.
    """
    pool = config.pools[org.pool]
    if org.snapshot and marker(pool) is not None:
        return len(upper_steps(pool, org.definition)) + org.step - _FIRST_FROM_SNAPSHOT
    done = pool.steps_of(org.definition)[: max(0, org.step - _FIRST)]
    return org.step - _FIRST - sum(map(is_marker, done))


def _text(change: Change) -> str:
    """`source (force-app/…/X.cls)`."""
    names = ", ".join(change.names[:MOST_NAMES])
    return (
        f"{change.what} ({names})" if names else f"{change.what}{change.how and f' {change.how}'}"
    )


def _refusal(org: Org, why: str, *, hint: str = "") -> UsageError:
    return UsageError(
        f"{org.username} cannot be continued: {why}",
        code="no_retry",
        hint=hint
        or "`provisioner build` makes another org; `provisioner reap --kept` deletes the kept ones",
    )
