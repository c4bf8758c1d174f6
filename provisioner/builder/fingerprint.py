"""The fingerprint of an org: a hash of all that its content depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.org_inputs import OrgInputs, org_inputs, step_inputs

if TYPE_CHECKING:
    from provisioner.config.model import Definition, PoolFile, StepEntry
    from provisioner.plan import Fingerprints


@dataclass(frozen=True)
class Contents:
    """What orgs would be built from now."""

    fingerprints: Fingerprints
    inputs: Mapping[str, OrgInputs]  # by fingerprint


def read_contents(config: PoolFile, pools: Iterable[str]) -> Contents:
    """The fingerprint and the named inputs of each definition of each pool.

    Reads the source, data and scripts that the steps name. Raises what the steps raise for
    an input that cannot be read.
    """
    prints, inputs = {}, {}
    for name in pools:
        pool = config.pools[name]
        digests = [step_digest(config, entry) for entry in pool.steps]
        steps = [
            step_inputs(entry, index, config.directory, digest)
            for index, (entry, digest) in enumerate(zip(pool.steps, digests, strict=True))
        ]
        for definition in pool.definitions:
            chosen = [
                number
                for number, entry in enumerate(pool.steps)
                if entry.runs_in(definition.name) and not is_marker(entry)
            ]
            found = _fingerprint(definition, b"".join(digests[number] for number in chosen))
            prints[name, definition.name] = found
            inputs[found] = org_inputs(definition, [steps[number] for number in chosen])
    return Contents(prints, inputs)


def fingerprints(config: PoolFile, pools: Iterable[str]) -> Fingerprints:
    """The fingerprint of each definition of each pool, as it would be built now."""
    return read_contents(config, pools).fingerprints


def _fingerprint(definition: Definition, steps: bytes) -> str:
    content = json.dumps(definition.content, sort_keys=True).encode()
    whole = content + b"\0" + hashlib.sha256(steps).digest()
    return hashlib.sha256(whole).hexdigest()[:16]


def is_marker(entry: StepEntry) -> bool:
    """Whether an entry under `steps` is a marker, which changes nothing in an org."""
    return bool(getattr(entry.step, "is_marker", False))


def step_digest(config: PoolFile, entry: StepEntry) -> bytes:
    """The kind and the digest of each input, one after the other."""
    parts = [hashlib.sha256(part).digest() for part in entry.step.inputs(config.directory)]
    return b"".join([entry.kind.encode() + b"\0", *parts])
