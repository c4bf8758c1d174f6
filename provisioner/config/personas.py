"""Checks the personas of a pool: each is created by one step, and before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.config.checks import nearest
from provisioner.declare.options import Finding

if TYPE_CHECKING:
    from provisioner.steps.base import Step

MOST = 20
"""Personas of an org: their names are in its ownership tag, which has 2,000 characters."""


def persona_findings(steps: Sequence[Step]) -> Iterator[Finding]:
    """The problems of the personas of all steps, in their order.

    A step with `personas` creates them, one with `users` needs them.
    """
    known: dict[str, str] = {}
    for number, step in enumerate(steps):
        created: tuple[str, ...] = getattr(step, "personas", ())
        used: tuple[str, ...] = getattr(step, "users", ())
        where = f"steps.{number}"
        for name in created:
            if name.lower() in known:
                message = f"an earlier step creates the persona {name}, too; rename one of them"
                yield Finding(where, message)
        for name in used:
            if name not in known.values():
                yield Finding(where, _unknown(name, list(known.values())))
        known |= {name.lower(): name for name in created}
    if len(known) > MOST:
        yield Finding("steps", f"{len(known)} personas; write at most {MOST}")


def _unknown(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    advice = f"did you mean {near}?" if near else f"they create {', '.join(known) or 'none'}"
    return f"no earlier step create_users creates the persona {name}; {advice}"
