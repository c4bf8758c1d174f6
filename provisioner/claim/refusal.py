"""Why a claim, a renewal or a release cannot be: which error, in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile

from provisioner.claim.due import due_text, next_due
from provisioner.declare.duration import format_duration
from provisioner.errors import ClaimError, NoOrgError, ProvisionerError, UsageError
from provisioner.ledger.base import UNFINISHED, Claim, Ledger, Org, State
from provisioner.ledger.queue import suits


@dataclass(frozen=True)
class Refusal:
    """An error, and whether waiting may help."""

    error: ProvisionerError
    may_pass: bool = False


def not_claimable(ledger: Ledger, wanted: Claim, pools: Collection[str], now: datetime) -> Refusal:
    """Why `ledger` gave no org for `wanted`; `pools` are those of pool.yaml."""
    if not wanted.username:
        return _none_available(ledger, wanted, pools, now)
    org = ledger.get(wanted.username)
    if org is None:
        return Refusal(unknown_username(ledger, wanted.username))
    return _named(org, wanted, now)


def unknown_username(ledger: Ledger, username: str) -> NoOrgError:
    """The ledger has no such org; the nearest that it has."""
    known = [org.username for org in ledger.orgs()]
    return NoOrgError(
        f"the ledger has no scratch org {username}",
        code="unknown_username",
        hint=_did_you_mean(username.lower(), known) or "`provisioner status` lists those it knows",
    )


def unknown_pool(pool: str, known: Iterable[str]) -> UsageError:
    """Neither pool.yaml nor the ledger has such a pool; the nearest that they have."""
    names = sorted(set(known))
    listed = f"the pools are: {', '.join(names)}" if names else "pool.yaml names no pool"
    return UsageError(
        f"there is no pool {pool!r}", code="unknown_pool", hint=_did_you_mean(pool, names) or listed
    )


def not_yours(org: Org, owner: str) -> ClaimError:
    """`owner` does not hold `org`; who does, and until when."""
    if org.state is State.CLAIMED:
        return ClaimError(
            f"{held(org)}, not by {owner}",
            hint="pass --owner if you claimed it under another name; --force overrides the owner",
        )
    if not org.owner or org.state in _NEVER_CLAIMED:
        return ClaimError(
            f"{org.username} is {_worded(org.state)}: nobody has claimed it",
            code="not_claimed",
            hint=_unclaimed_hint(org),
        )
    is_own = org.owner.casefold() == owner.casefold()
    whose = "your claim has ended" if is_own else f"it was claimed by {org.owner}, not by {owner}"
    return ClaimError(
        f"{org.username} is {_worded(org.state)}: {whose}", code="claim_lost", hint=_another(org)
    )


_NEVER_CLAIMED = UNFINISHED | {State.AVAILABLE, State.FAILED}
"""States in which an org has no claim, whatever its row says of an owner."""


def _unclaimed_hint(org: Org) -> str:
    if org.state is State.AVAILABLE:
        return f"to claim it: provisioner claim {org.username}; to delete it: release --force"
    if org.state in UNFINISHED:
        return "a build is working on it; `provisioner status` shows its state"
    if org.state is State.DELETED:
        return _another(org)
    return f"{deleted_by(org)} deletes it"


def deleted_by(org: Org) -> str:
    """The command that deletes an org which nobody is to have any more."""
    return "`provisioner reap --kept`" if org.kept else "the next build or reap"


def expired(org: Org, at: datetime) -> ClaimError:
    """The life of a claimed org ended `at` a time in the past; no lease can continue."""
    return ClaimError(
        f"{org.username} expired at {_minute(at)}", code="claim_lost", hint=_another(org)
    )


def held(org: Org) -> str:
    """Who holds a claimed org, what for, until when."""
    purpose = f" for {org.purpose}" if org.purpose else ""
    until = org.lease_until or org.expires_at
    return f"{org.username} is claimed by {org.owner}{purpose}" + (
        f" until {_minute(until)}" if until else ""
    )


def _named(org: Org, wanted: Claim, now: datetime) -> Refusal:
    if wanted.pool and wanted.pool != org.pool:
        message = f"{org.username} is of the pool {org.pool}, not {wanted.pool}"
        return Refusal(NoOrgError(message, code="unknown_username", hint="leave --pool out"))
    if org.state is State.CLAIMED:
        is_own = wanted.owner.casefold() == org.owner.casefold()
        hint = (
            f"you have claimed it yourself; log in: provisioner login {org.username}"
            if is_own
            else _another(org)
        )
        return Refusal(ClaimError(held(org), code="claimed", hint=hint))
    if org.state in UNFINISHED:
        message = f"{org.username} is not available yet: it is {_worded(org.state)}"
        return Refusal(NoOrgError(message, hint="pass --wait 10m to wait for it"), may_pass=True)
    if org.state is not State.AVAILABLE or _is_expired(org, now):
        state = State.EXPIRED if org.state is State.AVAILABLE else org.state
        message = f"{org.username} is {_worded(state)}" + (f": {org.error}" if org.error else "")
        return Refusal(NoOrgError(message, code="org_gone", hint=_another(org)))
    if suits(org, wanted, now):
        message = f"{org.username} is available, but other claims have waited for it longer"
        return Refusal(NoOrgError(message, hint="pass --wait 10m to join the queue"), may_pass=True)
    return Refusal(_too_short(org.username, [org], wanted, now))


def _none_available(
    ledger: Ledger, wanted: Claim, pools: Collection[str], now: datetime
) -> Refusal:
    orgs = ledger.orgs(pool=wanted.pool)
    if wanted.pool and wanted.pool not in pools and not orgs:
        known = {*pools, *(org.pool for org in ledger.orgs(states=State))}
        if known and wanted.pool not in known:
            return Refusal(unknown_pool(wanted.pool, known))
    where = f"in the pool {wanted.pool}" if wanted.pool else "in any pool"
    alive = [org for org in orgs if org.state is State.AVAILABLE and not _is_expired(org, now)]
    enough = [org for org in alive if suits(org, wanted, now)]
    if alive and not enough:
        return Refusal(_too_short(f"no scratch org {where}", alive, wanted, now), may_pass=True)
    waiting = _waiting_before(ledger, wanted)
    if enough and not waiting:
        error = NoOrgError("a scratch org has just become available", hint="try again")
        return Refusal(error, may_pass=True)
    counts = Counter(_counted_as(org, now) for org in orgs)
    counted = ", ".join(
        f"{counts[name]} {name}"
        for name in ("available", "building", "claimed", "failed", "expired")
        if counts[name]
    )
    line = f"; {waiting} waiting before you" if waiting else ""
    due = next_due(orgs, now, after=waiting)
    error = NoOrgError(
        f"no scratch org is available {where}: {counted or 'there are no orgs'}{line}"
        + (f"; the next is expected {due_text(due, now)}" if due else ""),
        hint=f"`{_build(wanted)}` makes more; --wait 10m waits for one",
    )
    return Refusal(error, may_pass=True)


def _counted_as(org: Org, now: datetime) -> str:
    if org.state in UNFINISHED:
        return "building"
    is_expired = org.state is State.AVAILABLE and _is_expired(org, now)
    return State.EXPIRED.value if is_expired else org.state.value


def _is_expired(org: Org, now: datetime) -> bool:
    return org.expires_at is not None and org.expires_at <= now


def _waiting_before(ledger: Ledger, wanted: Claim) -> int:
    """How many wait for an org that may be of this pool, and came before."""
    ahead = takewhile(lambda waiter: waiter.id != wanted.waiter, ledger.waiters())
    pools = {"", wanted.pool}
    return sum(not wanted.pool or waiter.claim.pool in pools for waiter in ahead)


def _too_short(subject: str, orgs: list[Org], wanted: Claim, now: datetime) -> NoOrgError:
    """Orgs are available, but none lives as long as the claim wants."""
    longest = max(org.expires_at or now for org in orgs)
    asked = format_duration((wanted.usable_until or now) - now)
    left = format_duration(longest - now)
    does = "does not live" if wanted.username else "lives"
    return NoOrgError(
        f"{subject} {does} another {asked}: {len(orgs)} available, the longest until "
        f"{_minute(longest)}",
        hint=f"a --min-life under {left} takes it; `{_build(wanted)}` makes fresh ones",
    )


def _another(org: Org) -> str:
    return f"claim another one: provisioner claim --pool {org.pool}"


def _build(wanted: Claim) -> str:
    return f"provisioner build {wanted.pool}".rstrip()


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(near)}?" if near else ""


def _worded(state: State) -> str:
    return state.value.replace("_", " ")


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
