"""Shared code of the trials of clients: an emulator, steps, the table of results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")

CACHE = Path(os.environ.get("CLIENTS_HOME") or Path.home() / ".cache" / "provisioner-clients")
"""Where clients are installed: outside the repository, so that later trials can use them."""


@dataclass
class Trial:
    """Steps one after the other; each is noted as done or failed, with the reason."""

    rows: list[tuple[str, bool, str]] = field(default_factory=list)  # name, is done, note

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        """Run a step; its result. A failure is recorded, and the trial continues."""
        answer, reason = _attempt(act)
        self._note(name, not reason, reason)
        return answer

    def each(self, name: str, items: Sequence[Item], act: Callable[[Item], Any]) -> list[Any]:
        """Run a step for each item, all at once; the results of those that were done.

        The row says for how many it was done, and why not for the first of the others.
        """
        with ThreadPoolExecutor(max_workers=max(1, len(items))) as threads:
            ended = list(threads.map(lambda item: _attempt(lambda: act(item)), items))
        reasons = [reason for _, reason in ended if reason]
        count = f"{len(items) - len(reasons)} of {len(items)}"
        self._note(name, bool(items) and not reasons, ": ".join([count, *reasons[:1]]))
        return [answer for answer, reason in ended if not reason]

    def _note(self, name: str, is_done: bool, note: str) -> None:
        self.rows.append((name, is_done, note))
        print(f"{'ok    ' if is_done else 'FAILED'} {name}", file=sys.stderr, flush=True)
        if note:
            print(f"       {note[:2000]}", file=sys.stderr, flush=True)

    def conclude(self) -> int:
        """Print the table; 0 when all is done, else 1."""
        width = max(len(name) for name, _, _ in self.rows)
        for name, is_done, note in self.rows:
            line = note.strip().splitlines()[0][:100] if note.strip() else ""
            print(f"{name.ljust(width)}  {'ok' if is_done else 'failed'}  {line}".rstrip())
        done = sum(is_done for _, is_done, _ in self.rows)
        print(f"{done} of {len(self.rows)} ok")
        return 0 if done == len(self.rows) else 1


def _attempt(act: Callable[[], Any]) -> tuple[Any, str]:
    """What a call returns, and why it failed; "" if it did not."""
    try:
        return act(), ""
    except Exception as error:  # noqa: BLE001 - whatever a client raises is its verdict
        return None, f"{type(error).__name__}: {error}"


def must(condition: bool, text: str) -> None:
    """Fail the step unless the condition holds."""
    if not condition:
        raise AssertionError(text)


def virtual_environment(client: str, *more: str) -> Path:
    """The `bin` folder of a virtual environment with a client from PyPI, made if need be."""
    folder = CACHE / client.replace("==", "-")
    if not (folder / "installed").exists():
        print(f"installing {client} into {folder}", file=sys.stderr)
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
        if made.returncode:  # Debian's Python may come without ensurepip
            command = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)]
            subprocess.run(command, check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
        subprocess.run([*pip, "install", "--quiet", client, *more], check=True)
        (folder / "installed").touch()
    return folder / "bin"


def provisioner(arguments: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    """Run `provisioner` in a folder, `environ` added to ours; what it prints on stdout."""
    ended = subprocess.run(
        [sys.executable, "-m", "provisioner", *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    must(ended.returncode == 0, f"provisioner {arguments[0]}: {ended.stderr}")
    return ended.stdout


@contextmanager
def emulator(folder: Path, options: Sequence[str]) -> Iterator[dict[str, str]]:
    """An emulator in a process of its own; what it says of itself."""
    command = [sys.executable, "-m", "provisioner", "emulator", "--keys", str(folder), *options]
    with (folder / "emulator.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit((folder / "emulator.log").read_text())
        yield json.loads(line)
    finally:
        process.terminate()
        process.communicate()
        output = (folder / "emulator.log").read_text()
        if output:
            print(f"output of the emulator:\n{output}", file=sys.stderr)
