"""Forks many `provisioner claim` processes at once and tells how each of them ended.

    storm_claimers.py FOLDER < JSON

The input is `{"lines": [{"arguments": […], "death": ""}, …]}`. `death` kills that process
with SIGKILL: `before` the commit, `after` it, or at a random number of seconds. The output is a
list of `{"code", "out", "err"}`. Everything is imported before the forks, so that hundreds of
processes meet at the ledger at once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Fork, let go, wait, tell."""
    folder = Path(sys.argv[1])
    lines = json.load(sys.stdin)["lines"]
    _import_all(folder)
    start_pipe, opener = os.pipe()
    pids = [_fork(folder, number, line, start_pipe, opener) for number, line in enumerate(lines)]
    os.close(opener)  # lets all of them go
    killer = threading.Thread(target=_kill, args=(pids, lines))
    killer.start()
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    killer.join()
    json.dump([_output(folder, number, code) for number, code in enumerate(ends)], sys.stdout)


def _import_all(folder: Path) -> None:
    """Run a claim that gets nothing, so that a fork finds all modules loaded."""
    from provisioner.cli.main import run

    nothing = os.open(os.devnull, os.O_WRONLY)
    kept = [os.dup(1), os.dup(2)]
    for stream in (1, 2):
        os.dup2(nothing, stream)
    run(["--config", str(folder / "pool.yaml"), "claim", "nobody@acme.example", "--owner", "x"])
    for stream, old in zip((1, 2), kept, strict=True):
        os.dup2(old, stream)
        os.close(old)
    os.close(nothing)


def _fork(folder: Path, number: int, line: dict[str, Any], start_pipe: int, opener: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.close(opener)
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(folder / f"{number}.{name}", os.O_WRONLY | os.O_CREAT, 0o600), stream)
        random.seed(os.getpid())  # each process has a jitter of its own
        _prepare_death(line["death"])
        os.read(start_pipe, 1)
        from provisioner.cli.main import run

        code = run(["--config", str(folder / "pool.yaml"), "claim", *line["arguments"]])
    finally:
        os._exit(code)


def _prepare_death(death: str) -> None:
    """SIGKILL in the transaction, after its last statement, or when the ledger has answered.

    On a Dev Hub a transaction is one request: `before` is then just before it is answered.
    """
    from provisioner.ledger.devhub import writes as devhub_writes
    from provisioner.ledger.devhub.ledger import DevhubLedger
    from provisioner.ledger.sql.ledger import SqlLedger

    if death == "before":
        _make_fatal(SqlLedger, "_add_event")
        _make_fatal(devhub_writes, "send")
    elif death == "after":
        _make_fatal(SqlLedger, "claim")
        _make_fatal(DevhubLedger, "claim")


def _make_fatal(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def fatal(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, fatal)


def _kill(pids: list[int], lines: list[dict[str, Any]]) -> None:
    deaths = [
        (float(line["death"]), pid)
        for pid, line in zip(pids, lines, strict=True)
        if _is_time(line["death"])
    ]
    started = time.monotonic()
    for after, pid in sorted(deaths):
        time.sleep(max(0.0, started + after - time.monotonic()))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _is_time(death: str) -> bool:
    return death.replace(".", "", 1).isdigit()


def _output(folder: Path, number: int, code: int) -> dict[str, Any]:
    texts = {}
    for name in ("out", "err"):
        path = folder / f"{number}.{name}"
        texts[name] = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
    return {"code": code, **texts}


if __name__ == "__main__":
    main()
