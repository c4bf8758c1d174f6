"""One test file of a plugin, run by mocha against an emulator of its own."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trial import emulator

REPORTER = Path(__file__).parent / "plugin_tests_reporter.cjs"
MOCHA = ("--timeout", "600000", "--slow", "4500", "--exit")


@dataclass
class Outcome:
    """What became of the tests of a file. A test that a failed hook prevented has failed."""

    passed: int = 0
    pending: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """Title of a test → the reason."""

    @property
    def tests(self) -> int:
        """All tests of the file."""
        return self.passed + self.pending + len(self.failures)


def run_file(
    folder: Path,
    file: Path,
    logs: Path,
    environment: Mapping[str, str],
    *,
    minutes: float,
    options: Sequence[str],
) -> Outcome:
    """Run a file of the plugin in `folder`.

    `logs` gets the output, the results and the requests; `options` are passed to the emulator.
    """
    results = logs / "results.jsonl"
    results.unlink(missing_ok=True)
    with emulator(logs, ["--tls", *options]) as running:
        variables = {
            **os.environ,
            **environment,
            **_testkit(running),
            "PLUGIN_TESTS_RESULTS": str(results),
            "TS_NODE_TRANSPILE_ONLY": "true",  # types are checked by the plugin's own build
        }
        command = ["mocha", "--reporter", str(REPORTER), *MOCHA, str(file)]
        ended = _run(["npx", *command], folder, variables, logs / "output.log", minutes * 60)
        _write_requests(_control(running, "log"), logs / "requests.log")
    return _outcome(results, "" if ended else f"not done after {minutes} minutes")


def _testkit(running: Mapping[str, str]) -> dict[str, str]:
    """How @salesforce/cli-plugins-testkit logs in to the Dev Hub: by JWT, or by an SFDX URL."""
    app, user = running["consumer_key"], running["hub_username"]
    url = running["url"].replace("127.0.0.1", "localhost")
    token = _control(running, f"users/{user}/refresh-token", {"consumer_key": app})["refresh_token"]
    return {
        "NODE_EXTRA_CA_CERTS": running["ca"],
        "TESTKIT_JWT_KEY": Path(running["private_key"]).read_text(),
        "TESTKIT_JWT_CLIENT_ID": app,
        "TESTKIT_HUB_USERNAME": user,
        "TESTKIT_HUB_INSTANCE": url,
        "TESTKIT_AUTH_URL": f"force://{app}::{token}@{url.partition('//')[2]}",
    }


def _control(running: Mapping[str, str], path: str, body: object = None) -> Any:
    """A request to the emulator's control plane: GET, or POST with a body."""
    trusted = ssl.create_default_context(cafile=running["ca"])
    data = json.dumps(body).encode() if body is not None else None
    url = f"{running['url']}/_emulator/{path}"
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, context=trusted) as answer:
        return json.load(answer)


def _run(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], log: Path, seconds: float
) -> bool:
    """Whether the command came to an end; otherwise it is killed, with its children."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    end = time.monotonic() + seconds
    try:
        process.wait(end - time.monotonic())
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return True


def _write_requests(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    lines = [f"{one['status']} {one['org']} {one['method']} {one['path']}\n" for one in entries]
    path.write_text("".join(lines))


def _outcome(results: Path, reason: str) -> Outcome:
    lines = results.read_text().splitlines() if results.exists() else []
    events = [json.loads(line) for line in lines]
    titles = [one["title"] for one in events if one["event"] == "planned"]
    if not titles:
        return Outcome(failures={"the file": reason or "it could not be loaded: see output.log"})
    by_event = {
        name: {one["title"]: one["message"] for one in events if one["event"] == name}
        for name in ("passed", "pending", "failed")
    }
    hooks = [text for title, text in by_event["failed"].items() if title not in titles]
    outcome = Outcome()
    for title in titles:
        if title in by_event["failed"]:
            outcome.failures[title] = by_event["failed"][title]
        elif title in by_event["passed"]:
            outcome.passed += 1
        elif title in by_event["pending"]:
            outcome.pending += 1
        else:
            outcome.failures[title] = "; ".join(hooks) or reason or "it was not run"
    return outcome
