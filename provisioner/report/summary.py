"""The summary of a run, as the ledger keeps it, read into typed values.

Another version, or another program, may have written it: a value of another type counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.builder.causes import Cause, causes_in
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.ledger.base import Run

UNFINISHED = (
    "no end is recorded: the run is still in progress, or it was killed or lost the ledger; the "
    "next build resumes its orgs"
)


@dataclass(frozen=True)
class PoolCount:
    """A pool at the end of a run."""

    name: str
    size: int
    available: int


@dataclass(frozen=True)
class Summary:
    """What is recorded of a run at its end."""

    is_finished: bool
    exit_code: int | None = None
    error: str = ""  # that stopped the run as a whole
    wanted: int = 0
    built: int = 0
    failed: int = 0
    left: int = 0  # orgs left to the next build
    seconds: float | None = None
    limit: str = ""  # the Dev Hub limit that kept orgs from being built
    stopped_because: str = ""  # why the circuit breaker stopped sign-ups
    causes: tuple[Cause, ...] = ()
    pools: tuple[PoolCount, ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()  # username and reason
    api_calls: Mapping[str, int] = field(default_factory=dict)
    allowance: Mapping[str, int] = field(default_factory=dict)
    """Sign-ups that the Dev Hub had left for the run when it began: `daily`, `active`."""
    contents: Mapping[str, Any] = field(default_factory=dict)  # by fingerprint
    retry: str = ""  # the org that the run continued; "" for a build

    @property
    def is_of_interest(self) -> bool:
        """Whether the run is a build that had something to build, or has not ended."""
        return not self.is_idle and not self.retry

    @property
    def is_idle(self) -> bool:
        """Whether the run found nothing to build, so that an earlier run is of more interest."""
        done_nothing = not (self.wanted or self.built or self.failed or self.left)
        return self.is_finished and self.exit_code == 0 and not self.error and done_nothing

    def verdict(self) -> str:
        """`exit code 6: 48 of 50 built, 2 failed, all by one cause; …`."""
        if not self.is_finished:
            return UNFINISHED
        start = f"exit code {self.exit_code}"
        if self.error:
            return f"{start}: {self.error}"
        parts = [f"{self.built} of {self.wanted} built", f"{self.failed} failed{self._causes()}"]
        if self.left:
            parts.append(f"{self.left} left to the next build")
        why = f"; {self.stopped_because}" if self.stopped_because else ""
        limit = f"; stopped by the {self.limit.replace('_', ' ')} of the Dev Hub"
        return f"{start}: {', '.join(parts)}{why}{limit if self.limit else ''}"

    def _causes(self) -> str:
        if self.failed < 2 or not self.causes:
            return ""
        many = len(self.causes)
        return ", all by one cause" if many == 1 else f" by {quantity(many, 'cause')}"


def read_summary(run: Run) -> Summary:
    """The summary of a run; with `is_finished` false while no end is recorded."""
    summary = run.summary
    error = text(summary, "error")
    return Summary(
        is_finished=run.finished_at is not None,
        exit_code=_count_or_none(summary, "exit_code"),
        error=error,
        wanted=count(summary, "wanted"),
        built=count(summary, "built"),
        failed=count(summary, "failed"),
        left=count(summary, "left"),
        seconds=_seconds(run),
        limit=text(summary, "limit"),
        stopped_because=text(summary, "stopped_because"),
        causes=causes_in(summary),
        pools=tuple(
            PoolCount(text(pool, "name"), count(pool, "size"), count(pool, "available"))
            for pool in mappings(summary, "pools")
        ),
        deleted=tuple(
            (text(item, "username"), text(item, "reason")) for item in mappings(summary, "deleted")
        ),
        api_calls=_counts(summary, "api_calls"),
        allowance=_counts(summary, "allowance"),
        contents=mapping(summary, "contents"),
        retry=text(summary, "retry"),
    )


def count(values: Mapping[str, Any], key: str) -> int:
    """A whole number; 0 for anything else."""
    return _count_or_none(values, key) or 0


def text(values: Mapping[str, Any], key: str) -> str:
    """A text; "" for anything else."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A mapping with texts as keys; empty for anything else."""
    value = values.get(key)
    found = value if isinstance(value, Mapping) else {}
    return {str(name): each for name, each in found.items()}


def mappings(values: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The mappings in a list; empty for anything else."""
    value = values.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def texts(values: Mapping[str, Any], key: str) -> list[str]:
    """The texts in a list; empty for anything else."""
    value = values.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _count_or_none(values: Mapping[str, Any], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _counts(values: Mapping[str, Any], key: str) -> dict[str, int]:
    found = mapping(values, key)
    return {name: count(found, name) for name, value in found.items() if isinstance(value, int)}


def _seconds(run: Run) -> float | None:
    value = run.summary.get("seconds")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
