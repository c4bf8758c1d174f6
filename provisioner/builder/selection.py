"""Which pools a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile


def select_pools(config: PoolFile, names: Sequence[str] | None) -> list[str]:
    """The pools that were named, in order and each once; all pools when none was.

    Raises UsageError for a name that is not in pool.yaml, or when it holds no pool at all.
    """
    from provisioner.config.unknown_pool import unknown_pool

    for name in names or ():
        if name not in config.pools:
            raise unknown_pool(name, set(config.pools))
    if not config.pools:
        raise UsageError(
            f"{config.path} has no pools", code="no_pools", hint="add a pool under `pools:`"
        )
    return list(dict.fromkeys(names or config.pools))
