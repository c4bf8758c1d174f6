"""`provisioner serve` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import httpx

from .served import TOKEN

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Process:
    """A running server, and what it writes to stderr."""

    popen: subprocess.Popen[str]
    url: str = ""
    lines: list[str] = field(default_factory=list)

    def client(self, token: str = TOKEN, **more: Any) -> httpx.Client:
        """A client that sends a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **more)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(60)

    @property
    def text(self) -> str:
        """All that was written to stderr."""
        return "".join(self.lines)


def with_token_file(folder: Path) -> None:
    """Write the token file of the tests."""
    path = folder / ".provisioner" / "server-token"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(TOKEN)
    path.chmod(0o600)


@contextmanager
def process(
    folder: Path, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """`provisioner serve` over the pool.yaml of a folder, on a free port."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "serve", "--port", "0", *options],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
    )
    server, found = Process(popen), Queue[str]()

    def read() -> None:
        assert popen.stderr is not None
        with popen.stderr as lines:
            for line in lines:
                server.lines.append(line)
                if match := re.search(r"(https?://[^ ]+:\d+)\.?$", line.strip()):
                    found.put(match[1])
        found.put("")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    server.url = found.get(timeout=60)
    assert server.url, server.text
    try:
        yield server
    finally:
        if popen.poll() is None:
            popen.kill()
        popen.wait(20)
        reader.join(20)
