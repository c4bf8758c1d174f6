"""Faults as data: which requests (or operations) fail, and how.

A fault is `{"when": criteria, "then": behaviour or list of them, "times": n}`.

Criteria, all of which must match: `route` (a route's name), `method`, `path` (a regular
expression that is searched in it), `org` ("hub", "scratch" or an org id), `nth` (the n-th request
that matches the rest, or a list of such numbers), `every` (each n-th), `probability` (by the
world's seed), `operation` ("signup": an operation that fails on the platform itself rather than in
transport; a resource asks with `Faults.operation`), `subject` (a regular expression on the subject:
of a sign-up the requested username, or the org's name; of a JWT login its username).

Behaviours: `{"do": "answer", "status": 503, "error": CODE, "message": TEXT}` (or `"body"`; 420
alone answers with the page of an org that is in maintenance),
`{"do": "reset"}` (TCP RST), `{"do": "close"}` (FIN), `{"do": "delay", "seconds": s}`,
`{"do": "hang"}`, `{"do": "hold"}` (until released over the control plane),
`{"do": "expire_session"}`, `{"do": "pass"}` and, for operations, `{"do": "error", "error": CODE,
"message": TEXT}`. `"at": "after"` lets the platform act first. A list is a sequence: one entry
for each matching request ("fail twice, then work"); `times` repeats it (0: without end).
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.emulator.fault_rules import problems

Behaviour = Mapping[str, Any]


class FaultError(ValueError):
    """An invalid fault; the text says what is wrong with it, a line for each problem."""


@dataclass
class Fault:
    """One fault, and how often it was applied."""

    id: str
    when: dict[str, Any]
    then: list[dict[str, Any]]
    times: int = 1  # repetitions of `then`; 0: without end
    matched: int = 0  # requests that matched all but nth, every and probability
    applied: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the control plane shows it."""
        return {
            "id": self.id,
            "when": self.when,
            "then": self.then,
            "times": self.times,
            "matched": self.matched,
            "applied": self.applied,
        }


@dataclass
class Faults:
    """The faults of a world, in the order in which they were added; the first match is applied."""

    seed: int = 0
    routes: frozenset[str] = frozenset()  # the names that faults may use; empty: any
    _faults: dict[str, Fault] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(f"faults {self.seed}")  # noqa: S311 - a simulation

    def add(self, spec: Mapping[str, Any]) -> str:
        """Add a fault; returns its id. Raises FaultError when it is invalid."""
        found = list(problems(spec, self.routes))
        if found:
            raise FaultError("\n".join(one.message for one in found))
        fault = _read(spec)
        with self._lock:
            self._number += 1
            fault.id = str(spec.get("id") or f"fault-{self._number}")
            self._faults[fault.id] = fault
        return fault.id

    def remove(self, fault_id: str) -> bool:
        """Delete a fault; whether there was one."""
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Delete all faults."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """All faults."""
        with self._lock:
            return list(self._faults.values())

    def __bool__(self) -> bool:
        return bool(self._faults)

    def request(
        self, *, route: str, method: str, path: str, org: str, subject: str = ""
    ) -> Behaviour | None:
        """The behaviour to apply to a request, or None; `org` is "hub", an org id or ""."""
        facts = {"route": route, "method": method, "path": path, "org": org, "subject": subject}
        return self._next(facts) if self._faults else None

    def operation(self, operation: str, *, org: str, subject: str = "") -> Behaviour | None:
        """The error with which an operation of the platform must end, or None."""
        facts = {"operation": operation, "org": org, "subject": subject}
        return self._next(facts) if self._faults else None

    def _next(self, facts: Mapping[str, str]) -> Behaviour | None:
        with self._lock:
            for fault in self._faults.values():
                if not _matches(fault.when, facts):
                    continue
                fault.matched += 1
                if not self._is_due(fault):
                    continue
                behaviour = fault.then[fault.applied % len(fault.then)]
                fault.applied += 1
                return None if behaviour["do"] == "pass" else behaviour
        return None

    def _is_due(self, fault: Fault) -> bool:
        if fault.times and fault.applied >= fault.times * len(fault.then):
            return False
        nth, every = fault.when.get("nth"), fault.when.get("every")
        if nth is not None and fault.matched not in (nth if isinstance(nth, list) else [nth]):
            return False
        if every is not None and fault.matched % every:
            return False
        probability = fault.when.get("probability")
        return probability is None or self._random.random() < probability


def _read(spec: Mapping[str, Any]) -> Fault:
    """A valid fault."""
    then = spec["then"]
    behaviours = [then] if isinstance(then, Mapping) else then
    when = dict(spec.get("when") or {})
    return Fault("", when, [dict(one) for one in behaviours], spec.get("times", 1))


def _matches(when: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    if ("operation" in facts) != ("operation" in when):
        return False
    if any(facts.get(key) != when[key] for key in ("route", "operation") if key in when):
        return False
    if "method" in when and facts.get("method") != when["method"].upper():
        return False
    if any(not re.search(when[k], facts.get(k, "")) for k in ("path", "subject") if k in when):
        return False
    return "org" not in when or _is_org(when["org"], facts.get("org", ""))


def _is_org(wanted: str, label: str) -> bool:
    if wanted == "scratch":
        return label not in ("", "hub")
    return label == wanted or (len(label) == 18 and label[:15] == wanted[:15])
