"""An emulator as a process, and builds of a pool of the sample on it, for benchmarks."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PYTHON = sys.executable
SQLITE = "sqlite:///.provisioner/ledger.db"
PACKAGE = "      - install_package: { version: 04t000000000001AAA }\n"


@dataclass(frozen=True)
class Build:
    """What a build has cost."""

    orgs: int
    seconds: float  # of the process, from its start to its end
    cpu: float
    emulator_cpu: float
    memory: float  # MB, at most
    hub_requests: float  # per org
    org_requests: float

    @property
    def requests(self) -> float:
        """All requests per org."""
        return self.hub_requests + self.org_requests


class Emulated:
    """A running emulator; it ends with the `with` block."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        limits = ("--limits", "active=4000,daily=8000")
        self._process = subprocess.Popen(
            [PYTHON, "-m", "provisioner", "emulator", *limits, *arguments],
            stdout=subprocess.PIPE,
            cwd=folder,
            text=True,
        )
        self._ready = json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def control(self, path: str, body: object = None) -> Any:
        """Send a request to the control plane: POST with a body, GET without."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._ready['url']}/_emulator/{path}"
        with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
            return json.loads(answer.read())

    def write_project(
        self, folder: Path, orgs: int, slots: int, program: Path, ledger: str = ""
    ) -> None:
        """The sample that `init` writes and a package, with a pool of this size."""
        pool = folder / "pool.yaml"
        if not pool.exists():
            subprocess.run(
                [PYTHON, "-m", "provisioner", "init", "--quiet"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(program)},
                check=True,
                stdout=subprocess.DEVNULL,
            )
            (folder / "template.yaml").write_text(pool.read_text())
        text = (folder / "template.yaml").read_text()
        for old, new in (
            ("https://login.salesforce.com", self._ready["url"]),
            ("  login_url: ", "  login_app: replicated\n  login_url: "),
            ("size: 3", f"canary: false\n    size: {orgs}"),
            ("concurrent_signups: 3", f"concurrent_signups: {slots}"),
            ("    steps:\n", f"    steps:\n{PACKAGE}"),
        ):
            assert text.count(old) == 1, f"the sample has another form: {old}"
            text = text.replace(old, new)
        pool.write_text(text.replace(SQLITE, ledger or SQLITE))

    def start(
        self, folder: Path, program: Path, *arguments: str, stderr: int | None = None
    ) -> subprocess.Popen:
        """A build, as cron starts it; its standard output is a pipe."""
        return subprocess.Popen(
            [PYTHON, "-m", "provisioner", "build", "--json", "--quiet", *arguments],
            cwd=folder,
            env={**os.environ, **variables(self._ready), "PYTHONPATH": str(program)},
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def build(self, folder: Path, program: Path, *arguments: str) -> Build:
        """Build all orgs that are missing; all must succeed."""
        before, started = self._cpu(), time.monotonic()
        process = self.start(folder, program, *arguments)
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        document = json.loads(out)
        if process.returncode:
            sys.exit(f"the build ended with {process.returncode}: {document.get('error')}")
        return Build(
            orgs=document["built"],
            seconds=seconds,
            cpu=used.ru_utime + used.ru_stime,
            emulator_cpu=self._cpu() - before,
            memory=used.ru_maxrss / 1024,
            hub_requests=document["api_calls"]["hub"] / document["built"],
            org_requests=document["api_calls"]["org"] / document["built"],
        )

    def _cpu(self) -> float:
        """CPU seconds of the emulator so far."""
        return cpu_of(self._process.pid)


def cpu_of(process: int) -> float:
    """CPU seconds of a process so far, user and system (Linux)."""
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def variables(ready: dict) -> dict[str, str]:
    """The variables that pool.yaml reads."""
    return {
        "SF_HUB_USERNAME": ready["hub_username"],
        "SF_CONSUMER_KEY": ready["consumer_key"],
        "SF_PRIVATE_KEY": ready["private_key"],
    }
