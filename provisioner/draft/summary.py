"""What `init` says about a draft."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.draft.model import Draft
from provisioner.plain_text import quantity


def summary(draft: Draft) -> str:
    """How much there is, in a sentence."""
    steps = [step for pool in draft.pools for step in pool.steps]
    on = sum(step.is_on for step in steps)
    off = len(steps) - on
    off += sum(not each.is_on for pool in draft.pools for each in pool.definitions)
    text = f"{quantity(len(draft.pools), 'pool')}, {quantity(on, 'step')}"
    if off:
        text += f"; {quantity(off, 'guess') if off == 1 else f'{off} guesses'} behind a #"
    return text


def left_out_lines(draft: Draft) -> Iterator[str]:
    """A line for each thing that pool.yaml does not have: `FILE:LINE: what, and why`."""
    if draft.left_out:
        yield "Not in pool.yaml:"
        for note in draft.left_out:
            yield f"  {note}"
        yield ""
