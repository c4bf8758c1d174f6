"""The error for a pool name that does not exist, with the nearest names."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.errors import UsageError


def unknown_pool(pool: str, known: Iterable[str]) -> UsageError:
    """`pool` is not among `known`: the pools of pool.yaml and, for a claim, of the ledger."""
    names = sorted(set(known))
    pools = f"the pools are: {', '.join(names)}" if names else "pool.yaml names no pool"
    hint = did_you_mean(pool, names) or pools
    return UsageError(f"there is no pool {pool!r}", code="unknown_pool", hint=hint)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean a or b?`, or "" when no known name is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(near)}?" if near else ""
