"""The inputs of orgs as one short text in the record of a build.

The record of a run has 131,072 characters on a Dev Hub, and a project has thousands of files. Where
the text would be longer than LONGEST, it has folders in place of the files in them.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.builder.org_inputs import OrgInputs, StepInputs

if TYPE_CHECKING:
    from provisioner.ledger.base import Run

KEY = "inputs"
"""In the summary of a run."""
LONGEST = 40_000  # characters; about 2,800 files
_LARGEST = 8_000_000  # characters of JSON that a text of another program may stand for


def packed(inputs: Mapping[str, OrgInputs], longest: int = LONGEST) -> str:
    """The text for inputs by fingerprint; "" for none, or where not even the steps fit.

    It has at most `longest` characters, and no more than LONGEST.
    """
    if not inputs:
        return ""
    depth = max((len(name.split("/")) for s in _steps(inputs) for name in s.names), default=1)
    while len(text := _text(inputs, depth)) > min(longest, LONGEST):
        if depth == 0:
            return ""
        depth -= 1
    return text


def recorded_inputs(runs: Iterable[Run]) -> dict[str, OrgInputs]:
    """The inputs by fingerprint in the records of runs, the newest first."""
    found: dict[str, OrgInputs] = {}
    for run in runs:
        found = {**unpacked(run.summary.get(KEY)), **found}
    return found


def unpacked(text: object) -> dict[str, OrgInputs]:
    """The inputs in a text that `packed` has made; none in any other."""
    try:
        unzipped = zlib.decompressobj().decompress(
            b64decode(str(text or ""), validate=True), _LARGEST
        )
        document = json.loads(unzipped)
        steps = [_step(one) for one in document["steps"]]
        return {
            fingerprint: OrgInputs(_names(definition), tuple(steps[number] for number in numbers))
            for fingerprint, (definition, numbers) in document["orgs"].items()
        }
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        zlib.error,
        RecursionError,
    ):
        return {}


def _text(inputs: Mapping[str, OrgInputs], depth: int) -> str:
    steps: dict[str, int] = {}
    written: list[Any] = []
    orgs = {}
    for fingerprint, org in inputs.items():
        numbers = []
        for step in org.steps:
            entry = [step.kind, step.title, step.digest, depth, dict(step.folded(depth).names)]
            key = json.dumps(entry, sort_keys=True)
            if key not in steps:
                steps[key] = len(written)
                written.append(entry)
            numbers.append(steps[key])
        orgs[fingerprint] = [dict(org.definition), numbers]
    document = json.dumps({"orgs": orgs, "steps": written}, separators=(",", ":"))
    return b64encode(zlib.compress(document.encode(), 9)).decode()


def _steps(inputs: Mapping[str, OrgInputs]) -> Iterable[StepInputs]:
    return (step for org in inputs.values() for step in org.steps)


def _step(entry: Any) -> StepInputs:
    kind, title, digest, depth, names = entry
    if type(depth) is not int or depth < 0:
        raise ValueError("depth")
    return StepInputs(str(kind), str(title), str(digest), _names(names), depth=depth)


def _names(document: Any) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in document.items()}
