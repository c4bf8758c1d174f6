"""The fingerprint of an org: a hash of all that its content depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.model import Definition, PoolFile, StepEntry
    from provisioner.plan import Fingerprints


def fingerprints(config: PoolFile, pools: Iterable[str]) -> Fingerprints:
    """The fingerprint of each definition of each pool, as it would be built now.

    Reads the source, data and scripts that the steps name. Raises what the steps raise for
    an input that cannot be read.
    """
    found = {}
    for name in pools:
        pool = config.pools[name]
        digests = [_step_digest(config, entry) for entry in pool.steps]
        for definition in pool.definitions:
            chosen = [
                digest
                for entry, digest in zip(pool.steps, digests, strict=True)
                if entry.runs_in(definition.name)
            ]
            found[name, definition.name] = _fingerprint(definition, b"".join(chosen))
    return found


def _fingerprint(definition: Definition, steps: bytes) -> str:
    content = json.dumps(definition.content, sort_keys=True).encode()
    whole = content + b"\0" + hashlib.sha256(steps).digest()
    return hashlib.sha256(whole).hexdigest()[:16]


def _step_digest(config: PoolFile, entry: StepEntry) -> bytes:
    """The kind and the digest of each input, one after the other."""
    parts = [hashlib.sha256(part).digest() for part in entry.step.inputs(config.directory)]
    return b"".join([entry.kind.encode() + b"\0", *parts])
