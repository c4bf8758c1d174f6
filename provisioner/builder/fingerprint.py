"""The fingerprint of an org: a hash of all that its content depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.model import Definition, Pool, PoolFile
    from provisioner.plan import Fingerprints


def fingerprints(config: PoolFile, pools: Iterable[str]) -> Fingerprints:
    """The fingerprint of each definition of each pool, as it would be built now.

    Reads the source, data and scripts that the steps name. Raises what the steps raise for
    an input that cannot be read.
    """
    found = {}
    for name in pools:
        pool = config.pools[name]
        steps = _steps_digest(config, pool)
        for definition in pool.definitions:
            found[name, definition.name] = _fingerprint(definition, steps)
    return found


def _fingerprint(definition: Definition, steps: bytes) -> str:
    content = json.dumps(definition.content, sort_keys=True).encode()
    return hashlib.sha256(content + b"\0" + steps).hexdigest()[:16]


def _steps_digest(config: PoolFile, pool: Pool) -> bytes:
    digest = hashlib.sha256()
    for entry in pool.steps:
        digest.update(entry.kind.encode() + b"\0")
        for part in entry.step.inputs(config.directory):
            digest.update(hashlib.sha256(part).digest())
    return digest.digest()
