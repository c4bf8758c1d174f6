"""A ledger with the records of three runs: a good night, a bad one, and one with nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.builder.causes import causes
from provisioner.builder.step_notes import failure_note
from provisioner.ledger.base import Ledger, Org, Run, State

START = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
STEPS = ["sign-up", "deploy_source", "verification"]
BAD = (
    "deploy_source: deploy 0Af0p00 Failed: 1 component failed\n"
    "force-app/main/default/classes/X.cls:3:9: Invalid type: Y\n"
    "hint: deploy the package of Y first"
)
WARNING = "deploy_source:\nwarning: X is deprecated"


def name(pool: str, number: int) -> str:
    return f"{pool}-{number:03}@acme.example"


def add_org(ledger: Ledger, run: Run, username: str, error: str = "", note: str = WARNING) -> Org:
    """An org of a run: available, or failed with `error`; `note` is that of its first step."""
    pool = username.partition("-")[0]
    org = Org(username, pool, builder_id=run.id, run=run.id, created_at=run.started_at)
    ledger.add(org)
    changes: dict[str, Any] = {"org_id": f"00D{username[-16:-13]:0>12}AAA"}
    row = ledger.move(org, State.SIGNING_UP, **changes)
    assert row is not None
    row = ledger.move(row, State.BUILDING, fingerprint="f1", definition="config/a.json")
    assert row is not None
    row = ledger.change(row, note=note, step=1)
    assert row is not None
    if error:
        row = ledger.move(row, State.FAILED, note=error, error=error, kept=True)
    else:
        expires = run.started_at + timedelta(days=700)
        row = ledger.move(row, State.AVAILABLE, note="verified", expires_at=expires)
    assert row is not None
    return row


def record(
    ledger: Ledger, run: Run, orgs: Sequence[Org], *, seconds: float = 60.0, **more: Any
) -> Run:
    """Write the end of a run; each step of each org took `seconds`."""
    failed = [org for org in orgs if org.state is State.FAILED]
    built = len(orgs) - len(failed)
    pools = list(dict.fromkeys(org.pool for org in orgs))
    summary: dict[str, Any] = {
        "wanted": len(orgs),
        "built": built,
        "failed": len(failed),
        "exit_code": 6 if failed else 0,
        "seconds": 4 * seconds,
        "api_calls": {"hub": 12, "org": 340},
        "pools": [
            {
                "name": pool,
                "size": sum(org.pool == pool for org in orgs),
                "available": sum(org.pool == pool for org in orgs if org not in failed),
            }
            for pool in pools
        ],
        "causes": [
            cause.document()
            for cause in causes(failed, {("sample", "deploy_source"): "pool.yaml:31"})
        ],
        "durations": {pool: {step: [seconds] * 6 for step in STEPS} for pool in pools},
        "timeline": {
            "steps": STEPS,
            "orgs": {
                org.username: [
                    [index, round(index * seconds, 1), round((index + 1) * seconds, 1)]
                    for index in range(2 if org in failed else 3)
                ]
                for org in orgs
            },
            "left_out": 0,
        },
        **more,
    }
    ended = Run(
        run.id, run.host, run.pid, run.started_at, run.started_at + timedelta(minutes=34), summary
    )
    ledger.finish_run(ended)
    return ended


def new_run(number: int) -> Run:
    return Run(f"2026112{number}-020000-abcde{number}", "ci1", 7, START + timedelta(days=number))


def three_nights(ledger: Ledger, *, orgs: int = 3) -> tuple[Run, Run, Run]:
    """The runs, the oldest first; in the second one, two thirds of the orgs failed by one cause."""
    good, bad, idle = new_run(1), new_run(2), new_run(3)
    good = record(ledger, good, [add_org(ledger, good, name("old", n)) for n in range(orgs)])
    made = [
        add_org(
            ledger,
            bad,
            name("sample", n),
            BAD if n % 3 else "",
            note=failure_note("run_apex", "line 7: no") if n == 0 else WARNING,
        )
        for n in range(orgs)
    ]
    good = record(
        ledger, good, made, seconds=60.0, causes=[], failed=0, built=orgs, exit_code=0
    )  # the same pool, for the comparison of times
    bad = record(ledger, bad, made, seconds=90.0)
    idle = record(ledger, idle, [])
    return good, bad, idle
