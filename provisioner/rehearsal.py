"""A private emulator for one rehearsal, and settings that stand in for the real Dev Hub's."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from provisioner import children
from provisioner.config.hub import DevHub
from provisioner.errors import ProvisionerError, UsageError

STAND_IN = "stand-in-of-the-rehearsal"

EMULATOR_NEEDS = ("werkzeug", "defusedxml")
"""The packages of the extra `emulator`, as they are imported."""


@dataclass(frozen=True)
class RunningEmulator:
    """What the emulator says of itself when it is ready."""

    url: str
    consumer_key: str
    hub_username: str
    private_key: Path
    ca: Path | None = None  # the certificate of its authority, with --tls

    def link_namespaces(self, prefixes: Iterable[str]) -> None:
        """Let sign-ups name these: a rehearsal assumes that the real Dev Hub knows them."""
        body = json.dumps({"prefixes": sorted(set(prefixes))}).encode()
        address = f"{self.url}/_emulator/namespaces"
        request = urllib.request.Request(address, body, method="POST")  # noqa: S310 - our emulator
        without_proxy = urllib.request.ProxyHandler({})
        urllib.request.build_opener(without_proxy).open(request, timeout=30).close()

    def dev_hub(self) -> DevHub:
        """The settings by which a build finds it; they take the place of pool.yaml's."""
        return DevHub(
            username=self.hub_username,
            consumer_key=self.consumer_key,
            private_key=self.private_key,
            login_url=self.url,
        )


def require_emulator() -> None:
    """Raises UsageError when the extra `emulator` is not installed."""
    missing = [name for name in EMULATOR_NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the emulator needs {' and '.join(missing)}, not part of the base installation",
            code="emulator_missing",
            hint="pip install 'provisioner[emulator]'",
        )


@contextmanager
def emulator(folder: Path, options: Sequence[str]) -> Iterator[RunningEmulator]:
    """An emulator in a process of its own, with its keys in `folder`; it ends with the block.

    Raises UsageError when what the emulator needs is not installed.
    """
    require_emulator()
    command = [sys.executable, "-m", "provisioner", "emulator", "--port", "0", *options]
    process = children.start(command, children.environment(os.environ), cwd=folder)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise ProvisionerError("the emulator did not start; see its message above")
        said = json.loads(line)
        yield RunningEmulator(
            url=said["url"],
            consumer_key=said["consumer_key"],
            hub_username=said["hub_username"],
            private_key=folder / said["private_key"],
            ca=folder / said["ca"] if "ca" in said else None,
        )
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class StandIns(Mapping[str, str]):
    """The environment, with a stand-in for every variable that is not set.

    A rehearsal needs no secret: the emulator takes any installation key.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> str:
        if name in self._environ:
            return self._environ[name]
        self.used.add(name)
        return STAND_IN

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
