"""The errors of claim, renew and release: why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from provisioner.claim.estimate import estimate_text, next_available
from provisioner.config.unknown_pool import did_you_mean, unknown_pool
from provisioner.declare.duration import format_duration
from provisioner.errors import ClaimError, NoOrgError, ProvisionerError
from provisioner.ledger.base import UNFINISHED, Claim, Ledger, Org, State
from provisioner.ledger.queue import matches


@dataclass(frozen=True)
class Refusal:
    """An error, and whether waiting can help."""

    error: ProvisionerError
    can_wait: bool = False


def not_claimable(ledger: Ledger, wanted: Claim, pools: Collection[str], now: datetime) -> Refusal:
    """Why the ledger has no org for the claim `wanted`; `pools` are those of pool.yaml."""
    if not wanted.username:
        return _none_available(ledger, wanted, pools, now)
    org = ledger.get(wanted.username)
    if org is None:
        return Refusal(unknown_username(ledger, wanted.username))
    return _named(org, wanted, now)


def unknown_username(ledger: Ledger, username: str) -> NoOrgError:
    """The ledger has no such org; the hint names the nearest usernames."""
    known = [org.username for org in ledger.orgs()]
    return NoOrgError(
        f"the ledger has no scratch org {username}",
        code="unknown_username",
        hint=did_you_mean(username.lower(), known) or "`provisioner status` lists all orgs",
    )


def not_yours(org: Org, owner: str) -> ClaimError:
    """`owner` has not claimed `org`; who has, and until when."""
    if org.state is State.CLAIMED:
        return ClaimError(
            f"{held(org)}, not by {owner}",
            hint="pass --owner if you claimed it under another name; --force overrides the owner",
        )
    if not org.owner or org.state in _NEVER_CLAIMED:
        return ClaimError(
            f"{org.username} is {_state_text(org.state)} and not claimed",
            code="not_claimed",
            hint=_unclaimed_hint(org),
        )
    is_own = org.owner.casefold() == owner.casefold()
    whose = "your claim has ended" if is_own else f"it was claimed by {org.owner}, not by {owner}"
    return ClaimError(
        f"{org.username} is {_state_text(org.state)}: {whose}",
        code="claim_lost",
        hint=_another(org),
    )


_NEVER_CLAIMED = UNFINISHED | {State.AVAILABLE, State.FAILED}
"""States in which an org has no claim, even if its row has an owner."""


def _unclaimed_hint(org: Org) -> str:
    if org.state is State.AVAILABLE:
        return (
            f"claim it: provisioner claim {org.username}; "
            f"or delete it: provisioner release {org.username} --force"
        )
    if org.state in UNFINISHED:
        return "it is being built; `provisioner status` shows its state"
    if org.state is State.DELETED:
        return _another(org)
    return f"{deleted_by(org)} will delete it"


def deleted_by(org: Org) -> str:
    """The command that deletes an org that is marked for deletion."""
    return "`provisioner reap --kept`" if org.kept else "the next build or reap"


def expired(org: Org, at: datetime) -> ClaimError:
    """A claimed org expired `at` a time in the past; its lease cannot be extended."""
    return ClaimError(
        f"{org.username} expired at {_minute(at)}", code="claim_lost", hint=_another(org)
    )


def held(org: Org) -> str:
    """The owner of a claimed org, the purpose, and the end of the lease."""
    purpose = f" for {org.purpose}" if org.purpose else ""
    until = org.lease_until or org.expires_at
    return f"{org.username} is claimed by {org.owner}{purpose}" + (
        f" until {_minute(until)}" if until else ""
    )


def _named(org: Org, wanted: Claim, now: datetime) -> Refusal:
    if wanted.pool and wanted.pool != org.pool:
        message = f"{org.username} is in the pool {org.pool}, not in {wanted.pool}"
        return Refusal(NoOrgError(message, code="unknown_username", hint="omit --pool"))
    if org.state is State.CLAIMED:
        is_own = wanted.owner.casefold() == org.owner.casefold()
        hint = (
            f"you have already claimed it; log in: provisioner login {org.username}"
            if is_own
            else _another(org)
        )
        return Refusal(ClaimError(held(org), code="claimed", hint=hint))
    if org.state in UNFINISHED:
        message = f"{org.username} is not available yet (state: {_state_text(org.state)})"
        return Refusal(NoOrgError(message, hint="pass --wait 10m to wait for it"), can_wait=True)
    if org.state is not State.AVAILABLE or _is_expired(org, now):
        state = State.EXPIRED if org.state is State.AVAILABLE else org.state
        message = f"{org.username} is {_state_text(state)}" + (
            f": {org.error}" if org.error else ""
        )
        return Refusal(NoOrgError(message, code="org_gone", hint=_another(org)))
    if matches(org, wanted, now):
        message = f"{org.username} is available, but earlier waiting claims are served first"
        return Refusal(NoOrgError(message, hint="pass --wait 10m to join the queue"), can_wait=True)
    return Refusal(_too_short(org.username, [org], wanted, now))


def _none_available(
    ledger: Ledger, wanted: Claim, pools: Collection[str], now: datetime
) -> Refusal:
    orgs = ledger.orgs(pool=wanted.pool)
    if wanted.pool and wanted.pool not in pools and not orgs:
        known = {*pools, *ledger.pools()}
        if known and wanted.pool not in known:
            return Refusal(unknown_pool(wanted.pool, known))
    where = f"in the pool {wanted.pool}" if wanted.pool else "in any pool"
    available = [org for org in orgs if org.state is State.AVAILABLE and not _is_expired(org, now)]
    matching = [org for org in available if matches(org, wanted, now)]
    if available and not matching:
        return Refusal(_too_short(f"no scratch org {where}", available, wanted, now), can_wait=True)
    waiting = _waiting_before(ledger, wanted)
    if matching and not waiting:
        error = NoOrgError("a scratch org has just become available", hint="repeat the claim")
        return Refusal(error, can_wait=True)
    counts = Counter(_counted_as(org, now) for org in orgs)
    counted = ", ".join(
        f"{counts[name]} {name}"
        for name in ("available", "building", "claimed", "failed", "expired")
        if counts[name]
    )
    queue = f"; {waiting} waiting before you" if waiting else ""
    expected = next_available(orgs, now, after=waiting)
    error = NoOrgError(
        f"no scratch org is available {where}: {counted or 'there are no orgs'}{queue}"
        + (f"; the next is expected {estimate_text(expected, now)}" if expected else ""),
        hint=f"create orgs: {_build(wanted)}; or pass --wait 10m to wait for one",
    )
    return Refusal(error, can_wait=True)


def _counted_as(org: Org, now: datetime) -> str:
    if org.state in UNFINISHED:
        return "building"
    is_expired = org.state is State.AVAILABLE and _is_expired(org, now)
    return State.EXPIRED.value if is_expired else org.state.value


def _is_expired(org: Org, now: datetime) -> bool:
    return org.expires_at is not None and org.expires_at <= now


def _waiting_before(ledger: Ledger, wanted: Claim) -> int:
    """The number of claims that wait for an org of this pool, or of any, and came earlier."""
    ahead = takewhile(lambda waiter: waiter.id != wanted.waiter, ledger.waiters())
    pools = {"", wanted.pool}
    return sum(not wanted.pool or waiter.claim.pool in pools for waiter in ahead)


def _too_short(subject: str, orgs: list[Org], wanted: Claim, now: datetime) -> NoOrgError:
    """Orgs are available, but all expire earlier than the claim allows."""
    longest = max(org.expires_at or now for org in orgs)
    asked = format_duration((wanted.usable_until or now) - now)
    left = format_duration(_rounded_down(longest - now))
    if wanted.username:
        message = f"{subject} expires in less than {asked}, at {_minute(longest)}"
    else:
        message = (
            f"{subject} has {asked} left before it expires: {len(orgs)} available, the last "
            f"expires at {_minute(longest)}"
        )
    return NoOrgError(
        message,
        hint=f"pass --min-life {left} or less, or create new orgs: {_build(wanted)}",
    )


def _rounded_down(duration: timedelta) -> timedelta:
    """To whole hours, or if it is shorter than an hour, to whole minutes."""
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    return duration - duration % (hour if duration >= hour else minute)


def _another(org: Org) -> str:
    return f"claim another org: provisioner claim --pool {org.pool}"


def _build(wanted: Claim) -> str:
    return f"provisioner build {wanted.pool}".rstrip()


def _state_text(state: State) -> str:
    return state.value.replace("_", " ")


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
