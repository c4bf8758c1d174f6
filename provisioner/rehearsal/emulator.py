"""Starts a private emulator, and gives the settings that replace those of the real Dev Hub."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provisioner import children
from provisioner.config.rehearsed import LoginApp, Rehearsed
from provisioner.errors import ProvisionerError, UsageError
from provisioner.input_file import SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.json_locations import locations

EMULATOR_NEEDS = ("werkzeug", "defusedxml", "jwt")
"""The packages of the extra `emulator`, by the names under which they are imported."""


@dataclass(frozen=True)
class RunningEmulator:
    """The addresses and keys that the emulator prints when it is ready."""

    url: str
    consumer_key: str
    hub_username: str
    private_key: Path
    ca: Path | None = None  # the certificate of its authority, with --tls

    def link_namespaces(self, prefixes: Iterable[str]) -> None:
        """Link these namespaces: a rehearsal assumes that the real Dev Hub has linked them."""
        self._control("namespaces", {"prefixes": sorted(set(prefixes))})

    def assume(self, texts: Iterable[str]) -> None:
        """Add these components (`permission-set:NAME` …) to every org. Raises UsageError."""
        try:
            self._control("assumptions", {"assume": list(texts)})
        except urllib.error.HTTPError as error:
            problem = json.load(error).get("error", "")
            raise UsageError(problem, hint="see `provisioner rehearse --help`") from None

    def add_packages(self, path: Path) -> None:
        """Add the packages of a file, with their contents, to all others. Raises UsageError."""
        text, packages = _read_packages(path)
        try:
            self._control("packages", {**packages, "*": {}})
        except urllib.error.HTTPError as error:
            refusal = json.load(error)
            wanted = tuple(refusal.get("path", ()))
            found = locations(text, [wanted]).get(wanted)
            where = f"{path}:{found[0]}:{found[1]}" if found else str(path)
            raise UsageError(
                f"{where}: {refusal.get('error', '')}",
                code="packages_file",
                hint="docs/emulator.md describes the format of the file",
            ) from None

    def change_latencies(self, seconds: Mapping[str, float]) -> None:
        """Set how long operations take, by name, in seconds at normal speed."""
        if seconds:
            self._control("latencies", seconds)

    def notes(self) -> list[str]:
        """Warnings about what the emulator does not know of the orgs that it has created."""
        return [str(note) for note in self._control("notes")]

    def _control(self, name: str, body: Mapping[str, object] | None = None) -> Any:
        """A request to the control plane of our own emulator."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", data)  # noqa: S310
        without_proxy = urllib.request.ProxyHandler({})
        with urllib.request.build_opener(without_proxy).open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def rehearsed(self, folder: Path, login_app: LoginApp, speed: float) -> Rehearsed:
        """What takes the place of the Dev Hub and the ledger of pool.yaml; the rest is its own."""
        return Rehearsed(
            folder=folder,
            url=self.url,
            hub_username=self.hub_username,
            consumer_key=self.consumer_key,
            private_key=self.private_key.name,
            login_app=login_app,
            speed=speed,
        )


def require_emulator() -> None:
    """Raises UsageError when the extra `emulator` is not installed."""
    missing = [name for name in EMULATOR_NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the emulator needs {' and '.join(missing)}, which are not in the base installation",
            code="emulator_missing",
            hint="pip install 'provisioner[emulator]'",
        )


@contextmanager
def emulator(folder: Path, options: Sequence[str]) -> Iterator[RunningEmulator]:
    """An emulator in a separate process, with its keys in `folder`; it stops with the block.

    Raises UsageError when the extra `emulator` is not installed or an option is wrong.
    """
    require_emulator()
    command = [sys.executable, "-m", "provisioner", "emulator", "--json", "--port", "0"]
    command += ["--keys", str(folder), *options]
    process = children.start(command, children.environment(os.environ), cwd=folder)
    try:
        assert process.stdout is not None
        announcement = process.stdout.readline()
        if "url" not in announcement:
            raise _start_error(announcement + process.stdout.read(), process.wait())
        started = json.loads(announcement)
        yield RunningEmulator(
            url=started["url"],
            consumer_key=started["consumer_key"],
            hub_username=started["hub_username"],
            private_key=folder / started["private_key"],
            ca=folder / started["ca"] if "ca" in started else None,
        )
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _start_error(output: str, exit_code: int) -> ProvisionerError:
    """The error of an emulator that did not start, from the JSON that it printed."""
    try:
        error = json.loads(output)["error"]
    except (ValueError, TypeError, KeyError):
        message = f"the emulator did not start (exit code {exit_code})"
        return ProvisionerError(message, hint="see its messages above")
    kind = UsageError if exit_code == UsageError.exit_code else ProvisionerError
    hint = error["hint"].replace("provisioner emulator --help", "provisioner rehearse --help")
    return kind(error["message"], code=error["code"], hint=hint)


def _read_packages(path: Path) -> tuple[str, Mapping[str, Any]]:
    """The text of a packages file, and its content. Raises UsageError."""
    try:
        text = read_input(path, SETTINGS).decode("utf-8-sig")
        packages = parse_json(text)
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    except JsonProblem as error:
        position = f"{path}:{error.line}:{error.column}"
        problem = f"{position}: the file is not JSON: {error.message}"
    except UnicodeDecodeError:
        problem = f"{path}: the file is not UTF-8 text; save it as UTF-8"
    else:
        if isinstance(packages, dict):
            return text, packages
        problem = f"{path} must be an object with a key for each package version (04t…)"
    raise UsageError(problem, code="packages_file")
