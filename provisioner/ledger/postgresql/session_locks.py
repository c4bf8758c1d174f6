"""The advisory locks of builders: of the ledger, shared or not, and of each pool.

The lock of the ledger has two numbers, as in earlier versions. That of a pool has one number of 64
bits, so that no two pools have the same one. They are the locks of one schema, which is a ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from provisioner.ledger.sql.schema import Execute

LOCK_OF_BUILDERS = 1_347_571_026  # the first of the two numbers, and the seed of the pools' hashes

_LEDGER = f"({LOCK_OF_BUILDERS}, hashtext(current_schema()))"
_NUMBER = "hashtextextended(current_schema() || ' ' || {pool}, " + f"{LOCK_OF_BUILDERS})"
_ALONE = f"SELECT pg_try_advisory_lock{_LEDGER} AS held"
_SHARED = f"SELECT pg_try_advisory_lock_shared{_LEDGER} AS held"
_POOL = f"SELECT pg_try_advisory_lock({_NUMBER.format(pool=':pool')}) AS held"
_GIVE_BACK = "SELECT pg_advisory_unlock_all()"
_COUNT = (
    "SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND pid = pg_backend_pid()"
)

# In pg_locks, a lock of two numbers has them in classid and objid, one of 64 bits has its halves
# there, and objsubid is the difference (postgresql.org/docs/current/view-pg-locks.html).
_HELD = (
    "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {lock})"
)
_OF_LEDGER = (
    "objsubid = 2 AND mode = 'ExclusiveLock' "
    f"AND classid::bigint = {LOCK_OF_BUILDERS} "
    "AND objid::bigint = hashtext(current_schema())::bigint & 4294967295"
)
_OF_POOL = (
    "objsubid = 1 AND classid::bigint = ({number} >> 32) & 4294967295 "
    "AND objid::bigint = {number} & 4294967295"
).format(number=_NUMBER.format(pool="pool"))
_UNLOCKED = (
    "SELECT pool FROM unnest(CAST(:pools AS text[])) AS pool "  # noqa: S608 - constants
    f"WHERE NOT {_HELD.format(lock=_OF_POOL)} AND NOT {_HELD.format(lock=_OF_LEDGER)}"
)


def take(execute: Execute, pools: Collection[str] | None) -> str | None:
    """Take the locks of `pools`, or that of the whole ledger, for the session of `execute`.

    Takes none if another session holds one, and returns that pool, "" for the ledger.
    """
    if not execute(_ALONE if pools is None else _SHARED, {})[0]["held"]:
        return ""
    for pool in sorted(pools or ()):  # of several that try at once, one gets them all
        if not execute(_POOL, {"pool": pool})[0]["held"]:
            give_back(execute)
            return pool
    return None


def give_back(execute: Execute) -> None:
    """Release all locks of the session."""
    execute(_GIVE_BACK, {})


def count(execute: Execute) -> int:
    """How many locks the session holds."""
    return int(execute(_COUNT, {})[0]["locks"])


def unlocked(execute: Execute, pools: Iterable[str]) -> set[str]:
    """Those of `pools` that no session holds now; none while one has the whole ledger."""
    return {row["pool"] for row in execute(_UNLOCKED, {"pools": [*pools]})}
