"""The result of a build as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.ledger.document import org_document
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.result import BuildResult
    from provisioner.builder.step_notes import StepWarning
    from provisioner.ledger.base import Org


def build_document(result: BuildResult) -> dict[str, Any]:
    """The counts, the orgs, deletions, warnings and requests; `error` if there is one."""
    error = result.error()
    document = {
        "run": result.run,
        "wanted": result.wanted,
        "built": len(result.built),
        "failed": len(result.failed),
        "deleted": [
            {"username": r.org.username, "pool": r.org.pool, "reason": r.reason}
            for r in result.deleted
        ],
        "orgs": [org_document(org) for org in (*result.built, *result.failed)],
        "warnings": [
            {
                "pool": warning.pool,
                "step": warning.step,
                "message": warning.message,
                "orgs": list(warning.orgs),
                "step_failed": warning.is_failure,
            }
            for warning in result.warnings
        ],
        "api_calls": dict(result.api_calls),
        "seconds": round(result.seconds, 3),
    }
    if error is not None:
        document["error"] = {"code": error.code, "message": error.message, "hint": error.hint}
    return document


def build_text(result: BuildResult) -> list[str]:
    """A line for each pool and each failure or deletion with its reason, then the cost."""
    lines = [
        f"{pool.name}: {pool.available} of {pool.size} available"
        + (f" ({pool.not_more_because})" if pool.not_more_because else "")
        for pool in result.pools
    ]
    lines += _failures(result)
    lines += [
        f"left to the next build: {org.username}: {org.error or 'its sign-up is unconfirmed'}"
        for org in result.unconfirmed
    ]
    failed = {org.username for org in result.failed}
    lines += [
        f"deleted: {r.org.username}: {r.reason}"
        for r in result.deleted
        if r.org.username not in failed
    ]
    lines += map(_warning, result.warnings)
    calls = result.api_calls
    lines.append(
        f"run {result.run}: {len(result.built)} built, {len(result.failed)} failed in "
        f"{result.seconds:.0f} s; {calls.get('hub', 0)} Dev Hub and {calls.get('org', 0)} scratch "
        "org requests"
    )
    return lines


def _failures(result: BuildResult) -> Iterator[str]:
    """A line for each failed org; orgs with the same cause share one, and their names follow."""
    failed = {org.username: org for org in result.failed}
    for cause in result.causes:
        orgs = [failed[username] for username in cause.orgs if username in failed]
        first = orgs[0]
        if len(orgs) == 1:
            yield f"failed: {first.username}{_kept(first)}: {first.error}"
            continue
        where = f" ({cause.location})" if cause.location else ""
        yield f"failed: {quantity(len(orgs), 'org')}{where}: {first.error}"
        yield from (f"    {org.username}{_kept(org)}" for org in orgs)


def _kept(org: Org) -> str:
    return " (kept)" if org.kept else ""


def _warning(warning: StepWarning) -> str:
    """`warning: sample: deploy_source: the text (3 orgs)`."""
    where = "".join(f"{part}: " for part in (warning.pool, warning.step) if part)
    orgs = f" ({quantity(len(warning.orgs), 'org')})" if warning.orgs else ""
    failed = "failed, and the org continued: " if warning.is_failure else ""
    return f"warning: {where}{failed}{warning.message}{orgs}"
